"""What a notifier returns or sets is checked once; a mistake is that delivery's failure, with a clear text."""

import math

import pytest
from marshmallow import ValidationError

from pulp_events import Channel, PermanentFailure, TransientFailure
from pulp_events.errors import PluginError


def one_attempt(bus, scripted, eventually):
    """The listener's only delivery fails once, with a text; another listener's goes on."""
    healthy = bus.listeners.create("scripted", {"name": "healthy"}, ["*"])
    faulty = bus.listeners.create("scripted", {"name": "faulty"}, ["*"])
    event = bus.emit("repo.sync.start")
    eventually(lambda: all(bus.deliveries.attempts(f"{event.id}.{n}") for n in (0, 1)))
    found = {one.listener_id: one for one in bus.deliveries.list()}
    assert found[healthy.id].state == "delivered"
    [attempt] = bus.deliveries.attempts(found[faulty.id].id)
    assert (found[faulty.id].state, found[faulty.id].attempts) == ("pending", 1)
    assert attempt.outcome == "error"
    return attempt.detail


def sets(attribute, value):
    return lambda delivery, channel: setattr(channel, attribute, value)


def raises(error):
    def fail(delivery, channel):
        raise error

    return fail


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (sets("detail", b"200 OK"), "detail is b'200 OK'; it must be text"),
        (sets("detail", None), "detail is None; it must be text"),
        (raises(TransientFailure("busy", retry_after="120")), "retry_after of TransientFailure is '120'"),
        (raises(TransientFailure("busy", retry_after=math.nan)), "retry_after of TransientFailure is nan"),
        (raises(TransientFailure("busy", retry_after=-5)), "retry_after of TransientFailure is -5"),
        (lambda delivery, channel: "200 OK", "the notifier returned '200 OK'"),
    ],
)
def test_what_a_send_says_of_itself(open_bus, scripted, eventually, behaviour, says):
    scripted.behaviour["faulty"] = behaviour
    assert says in one_attempt(open_bus(retry_schedule="1h"), scripted, eventually)


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("batch_size", "5", "batch_size is '5'; it must be a whole number of at least 1"),
        ("batch_size", 0, "batch_size is 0"),
        ("batch_size", True, "batch_size is True"),
        ("batch_size", None, "batch_size is None"),
        ("in_flight", -1, "in_flight is -1; it must be a whole number of at least 0"),
        ("in_flight", "many", "in_flight is 'many'"),
    ],
)
def test_what_a_channel_sets(open_bus, scripted, eventually, monkeypatch, attribute, value, says):
    opened = type(scripted).open

    def open_channel(self, config, settings):
        channel = opened(self, config, settings)
        if config["name"] == "faulty":
            setattr(channel, attribute, value)
        return channel

    monkeypatch.setattr(type(scripted), "open", open_channel)
    assert says in one_attempt(open_bus(retry_schedule="1h"), scripted, eventually)


@pytest.mark.parametrize("value", [math.nan, math.inf, -5, 0, "60", None, True])
def test_what_limit_returns(open_bus, scripted, eventually, monkeypatch, value):
    monkeypatch.setattr(
        type(scripted), "limit", lambda self, config, settings: value if config["name"] == "faulty" else 30.0
    )
    said = one_attempt(open_bus(retry_schedule="1h"), scripted, eventually)
    assert f"what limit() returned is {value!r}; it must be a number of seconds above 0" in said


class Outcomes(Channel):
    batch_size = 5

    def __init__(self, found):
        self.found = found

    def send_batch(self, deliveries):
        return self.found(deliveries) if callable(self.found) else self.found


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "send_batch() returned None; it must yield (delivery, failure or None)"),
        (7, "send_batch() returned 7"),
        (["done"], "send_batch() yielded 'done'"),
        ([("an id", None)], "send_batch() yielded ('an id', None)"),
        (lambda deliveries: [(deliveries[0], "failed")], "send_batch() yielded 'failed' for a delivery"),
        (lambda deliveries: [(deliveries[0], ValueError("x"))], "send_batch() yielded ValueError('x')"),
        ([], "send_batch() said nothing about this delivery"),
    ],
)
def test_what_send_batch_yields(open_bus, scripted, eventually, monkeypatch, found, says):
    opened = type(scripted).open
    monkeypatch.setattr(
        type(scripted),
        "open",
        lambda self, config, settings: (
            Outcomes(found) if config["name"] == "faulty" else opened(self, config, settings)
        ),
    )
    assert says in one_attempt(open_bus(retry_schedule="1h"), scripted, eventually)


def test_what_open_returns(open_bus, scripted, eventually, monkeypatch):
    opened = type(scripted).open
    monkeypatch.setattr(
        type(scripted),
        "open",
        lambda self, config, settings: object() if config["name"] == "faulty" else opened(self, config, settings),
    )
    assert "open() returned object; it must return a Channel" in one_attempt(
        open_bus(retry_schedule="1h"), scripted, eventually
    )


@pytest.mark.parametrize("method", ["targets", "prepare"])
def test_what_is_asked_for_when_a_listener_is_made_is_refused_there(open_bus, scripted, monkeypatch, method):
    monkeypatch.setattr(type(scripted), method, lambda self, config: None)
    bus = open_bus("inline")
    with pytest.raises(PluginError, match=rf"notifier type 'scripted', {method}\(\): it must return a .*, not None"):
        bus.listeners.create("scripted", {"name": "a"}, ["*"])
    assert bus.listeners.list() == []


def test_a_validation_error_of_a_later_version_of_the_plugin_is_the_deliverys_failure(
    open_bus, scripted, eventually, monkeypatch
):
    """The record was valid when it was stored; the plugin that is installed now wants more."""
    bus = open_bus(retry_schedule="1h")
    field = type(scripted).config_schema._declared_fields["name"]

    def refuse(value):
        if value == "faulty":
            raise ValidationError("give it another name")

    healthy = bus.listeners.create("scripted", {"name": "healthy"}, ["*"])
    faulty = bus.listeners.create("scripted", {"name": "faulty"}, ["*"])
    monkeypatch.setattr(field, "validators", [refuse])
    event = bus.emit("repo.sync.start")
    eventually(lambda: all(bus.deliveries.attempts(f"{event.id}.{n}") for n in (0, 1)))
    states = {one.listener_id: (one.state, one.detail) for one in bus.deliveries.list()}
    assert states[healthy.id][0] == "delivered"
    assert states[faulty.id][0] == "pending" and "give it another name" in states[faulty.id][1]


class Wordless(TransientFailure):
    def __str__(self):
        raise AttributeError("no text")


class Undecided:
    def __bool__(self):
        raise ValueError("neither")


def read_only(attribute):
    """Makes the attribute of this channel one that cannot be set, as a property without a setter."""

    def act(delivery, channel):
        def refuse(self, value):
            raise AttributeError(f"can't set {attribute}")

        kind = type(channel)
        channel.__class__ = type("ReadOnly", (kind,), {attribute: property(lambda self: "", refuse)})
        raise ZeroDivisionError("and a bug")

    return act


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (raises(PermanentFailure("410", disable_listener="no")), "disable_listener of PermanentFailure is 'no'"),
        (raises(TransientFailure("401", credentials=Undecided())), "credentials of TransientFailure is <"),
        (raises(type("Odd", (RuntimeError,), {"__str__": Wordless.__str__})()), "Odd: (its text cannot be shown"),
        (read_only("broken"), "ZeroDivisionError: and a bug"),
        (read_only("detail"), "ZeroDivisionError: and a bug"),
        (sets("broken", Undecided()), None),
    ],
)
def test_objects_that_are_odd_in_themselves_end_no_turn(open_bus, scripted, eventually, behaviour, says):
    scripted.behaviour["faulty"] = behaviour
    bus = open_bus(retry_schedule="1h")
    if says is not None:
        assert says in one_attempt(bus, scripted, eventually)
    else:
        bus.listeners.create("scripted", {"name": "faulty"}, ["*"])
        bus.emit("repo.sync.start")
    # the next event is attempted as well, over another channel where this one cannot be trusted
    event = bus.emit("repo.sync.start")
    eventually(lambda: all(bus.deliveries.attempts(one.id) for one in bus.wait(event, 0)))


def test_a_failure_without_words_is_still_that_failure(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    scripted.behaviour["a"] = raises(Wordless("never shown"))
    event = bus.emit("repo.sync.start")
    [attempt] = bus.deliveries.attempts(f"{event.id}.0")
    assert attempt.outcome == "transient" and "its text cannot be shown: AttributeError" in attempt.detail
