"""A listener's own `timeout`: what its notifier sees of it, and what becomes of a notifier that has no such setting."""

from __future__ import annotations

import pytest
from marshmallow import Schema, fields, validate

from pulp_events import Channel, InvalidConfig, Notifier
from pulp_events.dispatcher import timekeeper
from pulp_events.fields import Duration


class RoomConfig(Schema):
    room = fields.String(metadata={"help": "room"})


class RoomSettings(Schema):
    timeout = Duration(load_default=20.0, minimum=1.0, validate=validate.Range(max=100.0), metadata={"help": "limit"})
    colour = fields.String(load_default="red", metadata={"help": "colour"})


class RoomChannel(Channel):
    def __init__(self, notifier, settings):
        self.notifier, self.settings = notifier, settings

    def send(self, delivery):
        self.notifier.sent.append(self.settings["timeout"])


class Room(Notifier):
    """Takes its time limit as any notifier: from its section."""

    type_id = "room"
    config_schema = RoomConfig
    settings_section = "room"
    settings_schema = RoomSettings

    def __init__(self):
        self.opened, self.limits, self.warned, self.sent = [], [], [], []

    def open(self, config, settings):
        self.opened.append(dict(settings))
        return RoomChannel(self, settings)

    def limit(self, config, settings):
        self.limits.append(settings["timeout"])
        return settings["timeout"] + 1.0

    def warnings(self, config, settings):
        self.warned.append(settings["timeout"])
        return []


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def bus(pulp_events_make_bus, room):
    return pulp_events_make_bus(room, deliver="inline")


def test_a_notifier_sees_it_where_it_sees_its_setting(bus, room):
    own = bus.listeners.create("room", {}, ["*"], timeout=5)
    bus.listeners.warnings(own)
    bus.listeners.create("room", {}, ["repo.sync.start"])
    bus.emit("repo.sync.start")
    assert sorted(room.limits) == sorted(room.sent) == [5.0, 20.0] and room.warned == [5.0]
    assert [each for each in room.opened if each["timeout"] == 5.0] == [{"timeout": 5.0, "colour": "red"}]
    assert [each.outcome for each in bus.test_listener(own.id)] == ["delivered"] and room.sent[-1] == 5.0


def test_a_channel_that_is_open_is_not_used_after_it_changed(bus, room):
    listener = bus.listeners.create("room", {}, ["*"], timeout=5)
    for change in ({}, {"timeout": 7.5}, {"lanes": 1}, {"timeout": None}):
        bus.listeners.update(listener.id, **change)
        bus.emit("repo.sync.start")
    assert room.sent == [5.0, 7.5, 7.5, 20.0] and len(room.opened) == 3


@pytest.mark.parametrize(
    ("timeout", "why"),
    [
        (0.5, r"\[room\] refuses: Must be at least 1s"),
        (200, r"\[room\] refuses: Must be less than or equal to 100"),
        (0, "give seconds from 0.1 to 86400"),
        (1e9, "give seconds from 0.1 to 86400"),
        (True, "give seconds"),
        ("5s", "give seconds"),
        (float("nan"), "give seconds"),
    ],
)
def test_one_that_the_notifier_would_refuse_in_its_section_is_refused(bus, timeout, why):
    made = bus.listeners.create("room", {}, ["*"])
    for give in (
        lambda: bus.listeners.create("room", {}, ["*"], timeout=timeout),
        lambda: bus.listeners.update(made.id, timeout=timeout),
        lambda: bus.listeners.check(["*"], notifier_type_id="room", timeout=timeout),
    ):
        with pytest.raises(InvalidConfig, match=rf"^timeout is .*{why}"):
            give()
    assert bus.listeners.list() == [made]


def test_without_such_a_setting_it_ends_an_attempt_that_hangs(open_bus, scripted, eventually, monkeypatch):
    monkeypatch.setattr(timekeeper, "GRACE", 60.0)  # which is for notifiers that know the limit
    bus = open_bus()
    scripted.behaviour["hangs"] = lambda delivery, channel: scripted.released.wait(60) and None
    bus.listeners.create("scripted", {"name": "hangs"}, ["*"], timeout=0.2)
    event = bus.emit("repo.sync.start")
    [delivery] = bus.outbox.of_event(event.id)
    eventually(lambda: bus.deliveries.attempts(delivery.id))
    [attempt] = bus.deliveries.attempts(delivery.id)
    assert (attempt.outcome, scripted.released.is_set()) == ("timeout", False)
    assert attempt.detail == "no answer within 0.2 s; the attempt was abandoned"
    assert type(scripted).time_limit == 30.0, "which would still be running"
