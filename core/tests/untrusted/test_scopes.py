"""A listener with a scope gets only events that are emitted with it; one of an untrusted author without, only such."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pulp_events import Author, DeliveryNotFound, EventConflict, EventQuery, EventsError, InvalidConfig, InvalidEvent
from pulp_events.bus.backfilling import Backfill
from pulp_events.bus.scopes import stored_for
from pulp_events.outbox.rate import Rate
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.clock import FakeClock

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def heard(bus, net):
    """Names of the listeners that get an event."""
    names = {
        "administrator's": bus.listeners.create("net", {}, ["*"]),
        "administrator's of a": bus.listeners.create("net", {}, ["*"], scope="a"),
        "alice's": bus.listeners.create("net", {}, ["*"], author=Author("alice")),
        "alice's of a": bus.listeners.create("net", {}, ["*"], author=Author("alice", scope="a")),
        "bob's of b": bus.listeners.create("net", {}, ["*"], author=Author("bob", scope="b")),
        "trusted": bus.listeners.create("net", {}, ["*"], author=Author("root", trusted=True)),
    }
    by_id = {listener.id: name for name, listener in names.items()}

    def hear(emit):
        net.sent.clear()
        emit()
        return sorted({by_id[delivery.listener_id] for _, _, delivery in net.sent})

    hear.names = names
    return hear


ALL = {
    None: ["administrator's", "alice's", "trusted"],
    "a": ["administrator's", "administrator's of a", "alice's of a", "trusted"],
    "b": ["administrator's", "bob's of b", "trusted"],
    "c": ["administrator's", "trusted"],
}


@pytest.mark.parametrize("scope", ALL)
def test_who_gets_an_event(bus, heard, scope):
    def operate():
        with bus.operation("repo.sync", scope=scope):
            pass

    for emit in (
        lambda: bus.emit("repo.sync.start", scope=scope),
        lambda: bus.emit_many([("repo.sync.start", {})], scope=scope),
        operate,
    ):
        for _ in range(2):  # the second time from what is kept worked out
            assert heard(emit) == ALL[scope]
    told = {each.listener.id: each for each in bus.explain("repo.sync.start", scope=scope)}
    assert sorted(name for name, one in heard.names.items() if told[one.id].gets == "yes") == ALL[scope]
    assert all(each.cause == "scope" for each in told.values() if each.gets == "no")


async def _emit(bus, scope):
    await bus.emit_async("repo.sync.start", scope=scope)


def test_emit_async_too(bus, heard):
    import asyncio

    assert heard(lambda: asyncio.run(_emit(bus, "a"))) == ALL["a"]


@pytest.mark.parametrize("scope", ["", " ", " a", "a ", "a\u3000", "a\nb", "x" * 201, 5, ["a"], "\u2800a", "a\u3164"])
def test_what_is_no_scope_is_refused(bus, scope):
    with pytest.raises(InvalidEvent, match="scope"):
        bus.emit("repo.sync.start", scope=scope)
    with pytest.raises(InvalidConfig, match="scope"):
        bus.listeners.create("net", {}, ["*"], scope=scope)
    with pytest.raises(InvalidConfig, match="scope"):
        Author("alice", scope=scope)


@pytest.fixture
def past(bus, net):
    """A stored event of each scope, and one that tells of the listeners of all; by scope its id."""
    first = bus.listeners.create("net", {}, ["*"])
    found = {scope: bus.emit("repo.sync.start", scope=scope).id for scope in ALL}
    bus.emit("listener.disabled", {"listener_id": "0" * 24}, scope="a")
    bus.listeners.delete(first.id)
    net.sent.clear()
    return found


def forget_scopes(bus):
    """As an earlier release has stored the events."""
    bus.outbox._writer.run(lambda connection: connection.execute("UPDATE pulp_event SET scope = NULL"))


def test_what_a_filter_says_of_an_event_of_unknown_scope_is_not_told(bus):
    by_filter = {
        user: bus.listeners.by(Author("alice", scope="a")).create(
            "net", {}, ["*"], filter=f"payload.repo_id == '{user}'"
        )
        for user in ("bob", "eve")
    }
    bus.listeners.create("net", {}, ["*"])  # for which it is stored
    event = bus.emit("repo.sync.start", {"repo_id": "bob"}, scope="b")
    forget_scopes(bus)
    told = {each.listener_id: (each.gets, each.reason) for each in bus.explain_event(event.id)}
    assert told[by_filter["bob"].id] == told[by_filter["eve"].id]


def only(past, name):
    """Ids of the events that this listener gets."""
    return {event_id for scope, event_id in past.items() if name in ALL[scope]}


def test_a_backfill_and_a_backtest_take_the_events_that_emit_would_have_given(bus, past, heard, net):
    everything = len(past) + 1
    for name, listener in heard.names.items():
        for_all = name in ("administrator's", "trusted")
        tested = bus.backtest(listener.id, previews=True)
        assert tested.looked_at == (everything if for_all else len(only(past, name))), name
        assert (tested.messages, len(tested.previews)) == (tested.looked_at,) * 2
        for dry_run in (True, False):
            *_, done = bus.backfill(listener.id, since=BEGIN, dry_run=dry_run)
            assert (done.added, done.there, done.unknown, done.expired) == (tested.looked_at, 0, 0, 0)
        got = {each.event_id for each in bus.deliveries.list(DeliveryQuery(listener_id=listener.id))}
        assert got >= only(past, name) and len(got) == tested.looked_at
        assert {each.event_id for each in tested.tested} == got
        again = bus.backtest(listener.id)
        assert again.counts.keys() == {"both"} and again.looked_at == tested.looked_at


def test_nothing_is_told_of_events_of_other_scopes_that_were_erased(bus, past, heard):
    bus.events.erase(all_events=True)
    for name, listener in heard.names.items():
        if name not in ("administrator's", "trusted"):
            tested = bus.backtest(listener.id)
            assert (tested.erased, tested.looked_at) == (len(only(past, name)),) * 2


def test_a_draft_is_tested_with_the_scope_that_the_listener_would_have(bus, past):
    mine = bus.listeners.by(Author("alice", scope="a"))
    kept = mine.create("net", {}, ["*"])
    for draft in (mine.draft("net", {}, ["*"]), mine.draft_update(kept.id, event_types=["repo.#"])):
        tested = bus.backtest(draft, previews=True)
        assert [each.event_id for each in tested.tested] == [past["a"]] and tested.looked_at == 1
    other = bus.backtest(bus.listeners.draft_update(kept.id, scope="b"))
    assert [each.event_id for each in other.tested] == [past["b"]]


def test_an_event_whose_scope_was_not_stored_is_for_nobody_who_gets_only_some(bus, past, heard):
    forget_scopes(bus)
    for name, listener in heard.names.items():
        tested = bus.backtest(listener.id, previews=True)
        *_, done = bus.backfill(listener.id, since=BEGIN)
        count = len(past) + 1 if name in ("administrator's", "trusted") else 0
        assert (tested.looked_at, len(tested.tested), len(tested.previews), done.added, done.there) == (
            count, count, count, count, 0,
        )  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
def test_a_store_that_finds_events_of_any_scope_gives_nobody_more(bus, past, heard, monkeypatch, known):
    if not known:
        forget_scopes(bus)
    find = bus.outbox.events
    for name, listener in heard.names.items():
        asked_for = {each.id for each in find(stored_for(listener), 99)}
        with monkeypatch.context() as patch:
            patch.setattr(
                type(bus.outbox),
                "events",
                lambda outbox, query, *rest, **more: find(
                    replace(query, scope=None, without_scope=False), *rest, **more
                ),
            )
            tested = bus.backtest(listener.id)
            *_, done = bus.backfill(listener.id, since=BEGIN, dry_run=True)
        got = {each.event_id for each in tested.tested}
        assert (tested.looked_at, done.added) == (len(got),) * 2
        if name in ("administrator's", "trusted"):
            assert got == asked_for and len(got) == len(past) + 1
        else:
            assert got == (only(past, name) if known else set())
            assert got == {each for each in asked_for if each in past.values()}, "and the store is not asked for more"


def test_what_was_delivered_of_such_events_is_counted_apart(bus, heard):
    for scope in ALL:
        bus.emit("repo.sync.start", scope=scope)
    forget_scopes(bus)
    for name, listener in heard.names.items():
        if name in ("administrator's", "trusted"):
            assert bus.backtest(listener.id).scope_unknown == 0
            continue
        tested = bus.backtest(listener.id)
        assert (tested.scope_unknown, tested.looked_at, tested.tested) == (1, 0, [])


def test_why_a_stored_event_went_or_did_not_go_to_those_with_a_scope(bus, heard):
    for scope in ALL:
        event = bus.emit("repo.sync.start", scope=scope)
        told = {each.listener_id: each for each in bus.explain_event(event.id)}
        assert sorted(name for name, one in heard.names.items() if told[one.id].gets == "yes") == ALL[scope]
        others = [told[one.id] for name, one in heard.names.items() if name not in ALL[scope]]
        assert {(each.gets, each.cause) for each in others} == {("no", "scope")}
        has = "the event has no scope" if scope is None else f"the event has the scope {scope}"
        assert all(each.reason.startswith(has) for each in others)


def test_why_is_not_known_where_the_scope_was_not_stored(bus, heard):
    event = bus.emit("repo.sync.start", scope="a")
    forget_scopes(bus)
    told = {each.listener_id: each for each in bus.explain_event(event.id)}
    got = {name: told[listener.id].gets for name, listener in heard.names.items()}
    assert got == {"administrator's": "yes", "administrator's of a": "yes", "alice's of a": "yes", "trusted": "yes",
                   "alice's": "unknown", "bob's of b": "unknown"}  # fmt: skip
    assert "an earlier release stored it" in told[heard.names["alice's"].id].reason
    about_all = bus.emit("listener.disabled", {"listener_id": "0" * 24})
    forget_scopes(bus)
    told = {each.listener_id: each for each in bus.explain_event(about_all.id)}
    assert (told[heard.names["alice's"].id].gets, told[heard.names["alice's"].id].cause) == ("no", "scope")


def test_a_listener_that_gets_a_scope_in_the_midst_of_a_backfill_gets_only_that_from_then_on(bus, past):
    late = bus.listeners.create("net", {}, ["*"], enabled=False)
    clock = FakeClock()

    def sleep(seconds):
        bus.listeners.update(late.id, scope="b")  # while the second event waits for its time
        clock.advance(seconds)

    steps = Backfill(
        bus.outbox, lambda: bus.listeners.get(late.id), bus.listeners.window, BEGIN, datetime.now(UTC), Rate(1, 10.0),
        monotonic=clock.monotonic, sleep=sleep,
    ).run()  # fmt: skip
    assert [*steps][-1].added == 2
    got = [each.event_id for each in bus.deliveries.list(DeliveryQuery(listener_id=late.id))]
    assert got == [past["b"], past[None]]


def test_the_same_id_with_another_scope_is_refused(bus, heard, net):
    for first, second, shown in (("a", "b", 'was "a" and is "b" now'), (None, "b", 'was null and is "b" now')):
        event = heard(lambda scope=first: bus.emit("repo.sync.start", {"x": 1}, id=f"of-{scope}", scope=scope))
        assert event == ALL[first]
        with pytest.raises(EventConflict, match=f"'of-{first}' was emitted at .* with another scope: it {shown}"):
            bus.emit("repo.sync.start", {"x": 1}, id=f"of-{first}", scope=second)
        assert heard(lambda scope=first: bus.emit("repo.sync.start", {"x": 1}, id=f"of-{scope}", scope=scope)) == []
    forget_scopes(bus)
    assert bus.emit("repo.sync.start", {"x": 1}, id="of-a", scope="b").id == "of-a"


def test_events_are_found_by_their_scope(bus, past):
    def found(**asked):
        return [each.id for each in bus.events.list(EventQuery(["repo.#"], **asked))]

    assert found(scope="a") == [past["a"]] and found(without_scope=True) == [past[None]] and found(scope="x") == []
    assert {each.scope for each in bus.events.each(EventQuery(ids=[*past.values()]))} == set(ALL)
    for bad in ({"scope": ""}, {"scope": 5}, {"scope": "a", "without_scope": True}):
        with pytest.raises(EventsError, match="scope"):
            EventQuery(**bad)
    assert bus.events.erase(EventQuery(scope="a")).erased.events == 2
    assert bus.events.erasures()[0].asked == "scope a"
    assert bus.events.get(past["a"]).erased and not bus.events.get(past["b"]).erased
    forget_scopes(bus)
    assert found(scope="b") == found(without_scope=True) == []


@pytest.mark.parametrize("scope", ALL)
def test_who_is_not_for_all_is_told_of_no_listener_that_was_disabled(bus, heard, scope):
    """It would be told of listeners of others: what they are called, and how they fail."""
    expected = ["administrator's", "trusted"]
    assert heard(lambda: bus.emit("listener.disabled", {"listener_id": "0" * 24}, scope=scope)) == expected
    told = {each.listener.id: each for each in bus.explain("listener.disabled", scope=scope)}
    assert sorted(name for name, one in heard.names.items() if told[one.id].gets == "yes") == expected


@pytest.mark.parametrize("scope", ["a", None])
@pytest.mark.parametrize("known", [True, False])
def test_a_new_author_sees_and_repeats_nothing_of_other_scopes_from_before(open_bus, net, eventually, scope, known):
    bus = open_bus(deliver="background")
    alice = Author("alice", scope=scope)
    listener = bus.listeners.create("net", {}, ["*"])
    ids = {each: bus.emit("repo.sync.start", scope=each).id for each in ALL}
    bus.emit("listener.disabled", {"listener_id": "0" * 24}, scope=scope)
    settled = lambda: bus.deliveries.stats().pending == 0  # noqa: E731
    eventually(settled)
    bus.listeners.update(listener.id, scope=scope)
    bus.listeners.entrust(listener.id, alice)
    if not known:
        forget_scopes(bus)
    every = {each.event_id: each.id for each in bus.deliveries.list()}
    hers = bus.deliveries.by(alice)
    expected = {ids[scope]} if known else set()
    assert {each.event_id for each in hers.list()} == expected and hers.count(DeliveryQuery()) == len(expected)
    assert {each.event_id for each in hers.list(DeliveryQuery(listener_id=listener.id))} == expected
    for query in (DeliveryQuery(scope="b"), DeliveryQuery(event_type="listener.disabled")):
        assert hers.list(query) == [] and hers.count(query) == 0
    assert {each.event_id for each in hers.list(DeliveryQuery(scope=scope, without_scope=scope is None))} == expected
    for event_id, delivery_id in every.items():
        if event_id in expected:
            assert hers.get(delivery_id).id == delivery_id and hers.attempts(delivery_id)
        else:
            with pytest.raises(DeliveryNotFound):
                hers.get(delivery_id)
            with pytest.raises(DeliveryNotFound):
                hers.attempts(delivery_id)
    net.sent.clear()
    delivered = DeliveryQuery(state=State.DELIVERED)
    assert hers.count_retried(delivered) == sum(hers.retry(delivered)) == len(expected)
    eventually(settled)
    assert {delivery.event_id for _, _, delivery in net.sent} == expected
    tested = bus.backtest(listener.id)
    assert {each.event_id for each in tested.tested} == expected
    assert (tested.other_scopes, tested.scope_unknown) == ((4, 0) if known else (1, 4))

    # An administrator sees them all; what he repeats is not sent, and says why.
    net.sent.clear()
    assert len(bus.deliveries.list()) == len(every) + len(expected)
    for event_id, delivery_id in every.items():
        if event_id not in expected:
            assert sum(bus.deliveries.retry(DeliveryQuery(ids=[delivery_id], state=State.DELIVERED))) == 1
    eventually(settled)
    dead = bus.deliveries.list(DeliveryQuery(state=State.DEAD))
    assert net.sent == [] and len(dead) == len(every) - len(expected)
    assert {each.detail.split(":")[0] for each in dead} == {"withheld"}
    assert {each.event_id for each in hers.list()} == expected


def test_she_discards_nothing_of_other_scopes(bus, net):
    listener = bus.listeners.create("net", {}, ["*"])
    bus.listeners.mute(listener.id, 3600)
    for scope in ALL:
        bus.emit("repo.sync.start", scope=scope)
    bus.listeners.update(listener.id, scope="a")
    bus.listeners.entrust(listener.id, Author("alice"))
    hers = bus.deliveries.by(Author("alice", scope="a"))
    assert hers.count_discarded(DeliveryQuery()) == sum(hers.discard(DeliveryQuery(), "not wanted")) == 1
    assert bus.deliveries.stats().pending == 3 and [each.scope for each in hers.list()] == ["a"]
    others = bus.deliveries.by(Author("bob", scope="a", others=True))
    assert [each.scope for each in others.list()] == ["a"]


def test_an_erasure_says_which_events_of_unknown_scope_it_leaves(bus, past):
    bus.outbox._writer.run(
        lambda connection: connection.execute("UPDATE pulp_event SET scope = NULL WHERE id <> ?", (past["a"],))
    )
    for dry_run in (True, False):
        found = bus.events.erase(EventQuery(["repo.#"], scope="a"), dry_run=dry_run)
        assert (found.erased.events, found.scope_unknown) == (1, 3)
        assert "3 events that fit otherwise" in found.remarks[-1]
    some = EventQuery(["repo.#"], without_scope=True)
    assert bus.events.erase(some, where="event_type == 'repo.sync.start'").scope_unknown == 3
    assert bus.events.erase(some, where="event_type == 'other'").scope_unknown == 0
    assert bus.events.erase(some, where="length(payload.nothing) == `1`").scope_unknown == 3  # which nobody knows
    assert bus.events.erase(EventQuery(["repo.#"])).scope_unknown == 0
    assert bus.events.erase(EventQuery(["repo.#"], scope="a")).scope_unknown == 0, "erased, it is not asked about"
