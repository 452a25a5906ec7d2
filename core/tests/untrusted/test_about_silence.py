"""No listener of an untrusted author keeps from an administrator what becomes of listeners."""

import json

import pytest

from pulp_events import Author, PermanentFailure
from pulp_events.about import changes
from pulp_events.about.told import NOTE
from pulp_events.testing.clock import FakeClock

ALICE = Author("alice", scope="a")
ALL = ["listener.*", "delivery.*", "outbox.#"]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(open_bus, clock, net):
    def refuse(delivery):
        raise PermanentFailure("404")

    made = net.open

    def open_one(config, settings):
        channel = made(config, settings)
        if config["note"] == "down":
            channel.send = refuse
        return channel

    net.open = open_one
    return open_bus(clock, more="[about]\nbacklog = 1\n")


def look(bus, clock, seconds=10.1):
    clock.advance(seconds)
    bus.deliver_due()


def watch(makes, note, event_types=ALL, **more):
    return makes.create("net", {"note": note}, event_types, **more)


def told(net, note):
    return [delivery.event for config, _, delivery in net.sent if config["note"] == note]


@pytest.mark.parametrize("hers", [None, {}, {"filter": "payload.name == 'none such'"}], ids=str)
def test_one_that_fails_already_is_told_to_the_first_who_may_hear_of_it(bus, net, clock, hers):
    down = watch(bus.listeners, "down", ["repo.sync.*"])
    if hers is not None:
        watch(bus.listeners.by(ALICE), "hers", **hers)
    for _ in range(4):
        bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
        look(bus, clock)
    watch(bus.listeners, "admin")
    look(bus, clock)
    bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    for _ in range(3):
        look(bus, clock)
    said = [
        (each.event_type, each.payload["listener_id"])
        for each in told(net, "admin")
        if "changed" not in each.event_type
    ]
    assert sorted(said) == [("delivery.dead", down.id), ("listener.failing", down.id)]
    assert told(net, "hers") == []


def test_one_whose_filter_keeps_it_out_does_not_count_as_told(bus, net, clock):
    mine = bus.listeners.by(ALICE)
    down = watch(mine, "down", ["repo.sync.*"])
    net.open_within = lambda config, settings, networks: net.open(config, settings)
    watch(mine, "hers", filter="payload.name == 'none such'")
    for _ in range(4):
        bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
        look(bus, clock)
    watch(bus.listeners, "admin", ["listener.failing"])
    for _ in range(3):
        look(bus, clock)
    assert [each.payload["listener_id"] for each in told(net, "admin")] == [down.id]


def test_a_backlog_is_told_to_the_first_who_may_hear_of_it(bus, net, clock):
    waits = watch(bus.listeners, "waits", ["repo.sync.*"])
    bus.listeners.mute(waits.id, 3600)
    watch(bus.listeners.by(ALICE), "hers", ["outbox.#"])
    bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    look(bus, clock)
    watch(bus.listeners, "admin", ["outbox.#"])
    look(bus, clock)
    assert [each.payload["status"] for each in told(net, "admin")] == ["exceeded"] and told(net, "hers") == []


@pytest.mark.parametrize("hers", [False, True])
def test_what_was_changed_before_the_first_look_is_told_whoever_listens_later(bus, net, clock, hers):
    watch(bus.listeners, "admin", ["listener.changed"])
    clock.advance(1)
    changed = watch(bus.listeners, "changed", ["repo.sync.*"])
    clock.advance(1)
    if hers:
        watch(bus.listeners.by(ALICE), "hers", ["listener.changed"])
    look(bus, clock)
    assert changed.id in [each.payload["listener_id"] for each in told(net, "admin")]


def test_of_a_change_by_an_administrator_its_author_learns_neither_account_nor_program(bus, net, clock):
    mine = bus.listeners.by(ALICE)
    watch(mine, "hers", ["listener.changed"])
    watch(bus.listeners, "admin", ["listener.changed"])
    look(bus, clock)
    clock.advance(1)
    own = watch(mine, "own", ["repo.sync.*"])
    look(bus, clock)
    bus.listeners.update(own.id, description="by the administrator")
    look(bus, clock)
    bus.listeners.by(Author("manager", scope="a", others=True)).update(own.id, description="by the manager")
    look(bus, clock)
    seen = ["alice (untrusted)", "an administrator", "manager (untrusted)"]
    assert [each.payload["by"] for each in told(net, "hers")] == seen
    assert [each.by for each in reversed(mine.history(own.id))] == seen
    assert bus.listeners.history(own.id)[1].by not in seen


def test_who_changes_a_listener_over_and_over_does_not_make_the_note_long(bus, net, clock, monkeypatch):
    monkeypatch.setattr(changes, "MOST_RECENT", 20)
    admin = watch(bus.listeners, "admin", ["listener.changed"])
    look(bus, clock)
    mine = bus.listeners.by(ALICE)
    own = watch(mine, "own", ["repo.sync.*"])
    for number in range(60):
        clock.advance(0.01)
        mine.update(own.id, description=str(number))
        if number % 13 == 0:
            look(bus, clock)
    look(bus, clock)
    look(bus, clock)
    assert sum(each.payload["count"] for each in told(net, "admin")) == 61
    noted = json.loads(bus.outbox.notes(NOTE)[NOTE])["changed"]
    assert len(noted["recent"]) <= 20 and admin.id not in noted


def test_nor_does_he_learn_it_of_a_mute(bus, net, clock):
    own = watch(bus.listeners.by(ALICE), "own", ["repo.sync.*"])
    bus.listeners.mute(own.id, 60)
    assert bus.listeners.get(own.id).muted_by == "an administrator"
    bus.listeners.by(ALICE).mute(own.id, 120)
    assert bus.listeners.get(own.id).muted_by == "alice (untrusted)"


def test_nor_of_a_mute_of_all_or_from_before_it_was_his(bus, net, clock):
    given = watch(bus.listeners, "given", ["repo.sync.*"])
    bus.listeners.mute_all(60)
    by_whom = bus.listeners.get(given.id).muted_by
    own = watch(bus.listeners.by(ALICE), "own", ["repo.sync.*"])
    bus.listeners.update(given.id, scope="a")
    bus.listeners.entrust(given.id, ALICE)
    mine = bus.listeners.by(ALICE).list()
    assert {each.id: each.muted_by for each in mine} == dict.fromkeys((given.id, own.id), "an administrator")
    assert by_whom != "an administrator"
