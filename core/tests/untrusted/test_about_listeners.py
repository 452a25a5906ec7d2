"""Who hears of whose listeners."""

import pytest

from pulp_events import Author, TransientFailure
from pulp_events.testing.clock import FakeClock

AUTHORS = {
    "alice a": Author("alice", scope="a"),
    "bob a": Author("bob", scope="a"),
    "alice b": Author("alice", scope="b"),
    "alice": Author("alice"),
    "admin": None,
}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(open_bus, clock):
    return open_bus(clock)


def look(bus, clock):
    clock.advance(10.1)
    bus.deliver_due()


def told(net):
    """Who got what about whom: name of the listener, event type, id of the listener that it is about."""
    return sorted(
        (config["note"], delivery.event_type, delivery.event.payload["listener_id"])
        for config, _, delivery in net.sent
        if not config["note"].startswith("down")
    )


@pytest.fixture
def subjects(bus, net):
    """A listener of each that fails, by its id, and one of each that is told."""
    found = {}
    for name, author in AUTHORS.items():
        makes = bus.listeners if author is None else bus.listeners.by(author)
        found[makes.create("net", {"note": f"down {name}"}, ["repo.sync.*"]).id] = name
        makes.create("net", {"note": name}, ["listener.failing"])
    scoped = bus.listeners.create("net", {"note": "admin of a"}, ["listener.failing"], scope="a")
    assert scoped.author is None
    made = net.open_within

    def open_within(config, settings, networks):
        channel = made(config, settings, networks)
        if config["note"].startswith("down"):
            channel.send = refuse
        return channel

    def refuse(delivery):
        raise TransientFailure("503")

    net.open_within = open_within
    net.open = lambda config, settings: open_within(config, settings, None)
    return found


def test_who_is_not_trusted_hears_only_of_own_listeners_and_scope(bus, net, clock, subjects):
    for scope in ("a", "b", None):
        for _ in range(3):
            bus.emit("repo.sync.start", {"repo_id": "r"}, scope=scope)
    for _ in range(3):
        look(bus, clock)
    heard = {}
    for name, _, subject in told(net):
        heard.setdefault(name, []).append(subjects[subject])
    assert {name: sorted(each) for name, each in heard.items()} == {
        "alice a": ["alice a"],
        "bob a": ["bob a"],
        "alice b": ["alice b"],
        "alice": ["alice"],
        "admin": sorted(AUTHORS),
        "admin of a": ["alice a", "bob a"],
    }


def test_one_that_an_application_emits_tells_nobody_who_is_not_trusted(bus, net, subjects):
    for scope in ("a", "b", None):
        bus.emit("listener.failing", {"listener_id": "0" * 24}, scope=scope)
    assert {name for name, _, _ in told(net)} == {"admin"}


def test_what_was_told_is_filled_in_for_administrators_alone(bus, net, clock, subjects):
    for _ in range(3):
        bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    for _ in range(3):
        look(bus, clock)
    late = bus.listeners.by(AUTHORS["bob a"]).create("net", {"note": "late"}, ["listener.*"])
    admin = bus.listeners.create("net", {"note": "late admin"}, ["listener.failing"])
    assert list(bus.backtest(late).tested) == []
    assert len(list(bus.backtest(admin).tested)) >= 2
