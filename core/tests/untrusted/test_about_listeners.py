"""Who hears of whose listeners."""

from contextvars import ContextVar
from dataclasses import replace

import pytest

from pulp_events import Author, DeliveryQuery, InvalidEvent, TransientFailure, hookimpl
from pulp_events.events.trace_context import Traced
from pulp_events.outbox.states import State
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


def of_whom(bus, subjects, tested):
    return [subjects[bus.events.get(each.event_id).event.payload["listener_id"]] for each in tested]


def test_what_was_told_is_filled_in_for_whom_it_was_for(bus, net, clock, subjects):
    for _ in range(3):
        bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    for _ in range(3):
        look(bus, clock)
    bus.emit(
        "listener.failing", {"listener_id": "0" * 24, "author": "bob"}, scope="a"
    )  # nobody knows of whose it tells
    late = bus.listeners.by(AUTHORS["bob a"]).create("net", {"note": "late"}, ["listener.*"])
    admin = bus.listeners.create("net", {"note": "late admin"}, ["listener.failing"])
    found = bus.backtest(late)
    assert of_whom(bus, subjects, found.tested) == ["bob a"] and found.other_scopes == 0
    assert [*bus.backfill(late.id, since=bus.events.list()[-1].time)][-1].added == 1
    assert len(bus.backtest(admin).tested) == 4


PENDING = DeliveryQuery(state=State.PENDING)


def held_up(bus, scope="a", author=None, **more):
    """A listener for events about events whose deliveries wait."""
    makes = bus.listeners if author is None else bus.listeners.by(author)
    watch = makes.create("net", {"note": "watch"}, ["listener.*"], scope=scope, **more)
    bus.listeners.mute(watch.id, 3600)
    return watch


def given_to_alice(bus, watch, **more):
    """What arrives once it is alice's: of the events that waited for it."""
    bus.listeners.entrust(watch.id, Author("alice"))
    if more:
        bus.listeners.update(watch.id, **more)
    seen = bus.deliveries.by(Author("alice", scope="a")).list()
    bus.listeners.unmute(watch.id)
    bus.deliver_due()
    return seen


def test_what_tells_of_a_trusted_author_s_listener_is_not_for_an_untrusted_one_of_the_same_name(bus, net, clock):
    trusted = Author("alice", trusted=True)
    watch = held_up(bus, author=trusted)
    look(bus, clock)
    for author in (trusted, None, Author("bob", scope="a"), Author("alice", scope="a")):
        clock.advance(1)
        makes = bus.listeners if author is None else bus.listeners.by(author)
        scope = {} if author and not author.trusted else {"scope": "a"}
        made = makes.create("net", {"note": "down"}, ["repo.sync.*"], description=str(author), **scope)
    look(bus, clock)
    assert bus.deliveries.count(DeliveryQuery(listener_id=watch.id)) == 4
    [seen] = given_to_alice(bus, watch)
    assert told(net) == [("watch", "listener.changed", made.id)]
    assert net.sent[-1][2].event_id == seen.event_id
    withheld = bus.deliveries.list(DeliveryQuery(state=State.DEAD))
    assert len(withheld) == 3 and all(each.detail.startswith("withheld: ") for each in withheld)
    assert bus.deliveries.by(Author("alice", scope="a")).count(DeliveryQuery()) == 1


def test_what_was_emitted_by_hand_is_not_for_whom_its_payload_names(bus, net, clock):
    watch = held_up(bus, scope=None)
    for event_id in (None, "by-hand"):
        payload = {"listener_id": "0" * 24, "author": "alice", "scope": "a"}
        bus.emit("listener.failing", payload, scope="a", id=event_id)
    assert bus.deliveries.count(PENDING) == 2
    assert given_to_alice(bus, watch, scope="a") == []
    assert told(net) == [] and bus.deliveries.count(DeliveryQuery(state=State.DEAD)) == 2


def test_no_scope_that_can_be_emitted_with_makes_an_event_look_like_one_of_the_system(bus):
    for scope in ("a\nalice", "\nalice", "a\n"):
        with pytest.raises(InvalidEvent):
            bus.emit("listener.failing", {"listener_id": "0" * 24}, scope=scope)


def test_an_author_sees_retries_and_discards_what_tells_of_his_own_listeners(bus, net, clock, subjects):
    for _ in range(3):
        bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    for _ in range(3):
        look(bus, clock)
    own = DeliveryQuery(event_type="listener.failing")
    for name in ("alice a", "bob a"):
        deliveries = bus.deliveries.by(AUTHORS[name])
        [one] = deliveries.list(own)
        assert subjects[one.event.payload["listener_id"]] == name
        assert deliveries.get(one.id).id == one.id
        assert sum(deliveries.retry(replace(own, state=State.DELIVERED))) == 1
    both = bus.deliveries.by(Author("manager", scope="a", others=True))
    assert both.count(own) == 4
    assert bus.deliveries.by(AUTHORS["alice b"]).count(own) == 0


def test_explain_says_that_it_went_to_whom_it_was_for(bus, clock, subjects):
    for _ in range(3):
        bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a")
    for _ in range(3):
        look(bus, clock)
    [one] = bus.deliveries.by(AUTHORS["alice a"]).list(DeliveryQuery(event_type="listener.failing"))
    said = {each.listener_id: each for each in bus.explain_event(one.event_id) if each.listener_id not in subjects}
    its = said[one.listener_id]
    assert (its.gets, [each.id for each in its.deliveries]) == ("yes", [one.id])
    others = {each.reason for each in said.values() if each.gets == "no"}
    assert "listener.failing tells of a listener, and this one hears only of those with the same scope and author" in (
        others
    )
    assert not any("backfill" in each.reason for each in said.values())


STATE = "vendor=customer-7,other=1"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
USER = ContextVar("user", default=None)


class AddsTheUser:
    """A plugin that adds the user, and the trace, of the request in which an event is emitted."""

    @hookimpl
    def pulp_before_emit(self, event):
        if USER.get() is None:
            return None
        return replace(event, payload={**event.payload, "user": USER.get()})

    @hookimpl
    def pulp_trace_context(self, event):
        return None if USER.get() is None else Traced({"traceparent": PARENT, "tracestate": STATE})


def test_what_is_told_within_the_request_of_somebody_else_has_nothing_of_that_request(open_bus, net, clock):
    bus = open_bus(clock, plugin=AddsTheUser())
    alice = bus.listeners.by(AUTHORS["alice a"])
    alice.create("net", {"note": "watch"}, ["listener.*"])
    bus.listeners.create("net", {"note": "of b"}, ["repo.sync.*"], scope="b")
    look(bus, clock)
    clock.advance(1)
    alice.create("net", {"note": "made"}, ["repo.sync.*"])
    clock.advance(10.1)
    request = USER.set("bob of b")
    try:
        event = bus.emit("repo.sync.start", {"repo_id": "r"}, scope="b")
    finally:
        USER.reset(request)
    assert event.payload["user"] == "bob of b" and event.trace_id
    assert {config["note"] for config, _, _ in net.sent} == {"of b", "watch"}
    [said] = [delivery for config, _, delivery in net.sent if config["note"] == "watch"]
    assert "user" not in said.event.payload and not said.trace_context


def test_a_tracestate_is_not_for_untrusted_authors(bus, net):
    bus.listeners.create("net", {"note": "admin"}, ["repo.sync.*"])
    mine = bus.listeners.by(AUTHORS["alice a"]).create("net", {"note": "hers"}, ["repo.sync.*"])
    given = {"traceparent": PARENT, "tracestate": STATE}
    bus.emit("repo.sync.start", {"repo_id": "r"}, scope="a", trace_context=given)
    sent = {config["note"]: delivery for config, _, delivery in net.sent}
    assert sent["admin"].trace_context == given
    assert sent["hers"].trace_context == sent["hers"].event.trace_context == {"traceparent": PARENT}
    [seen] = bus.deliveries.by(AUTHORS["alice a"]).list()
    assert seen.listener_id == mine.id and seen.trace_context == {"traceparent": PARENT}
    assert bus.deliveries.by(AUTHORS["alice a"]).get(seen.id).trace_context == {"traceparent": PARENT}
    [seen] = bus.deliveries.by(AUTHORS["alice a"]).look().found
    assert seen.trace_context == {"traceparent": PARENT}
    assert bus.deliveries.get(seen.id).trace_context == given
