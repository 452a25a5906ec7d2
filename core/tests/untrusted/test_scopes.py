"""A listener with a scope gets only events that are emitted with it; one of an untrusted author without, only such."""

from datetime import UTC, datetime

import pytest

from pulp_events import Author, InvalidConfig, InvalidEvent, NotAllowed

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


@pytest.mark.parametrize("scope", ["", " ", "a\nb", "x" * 201, 5, ["a"]])
def test_what_is_no_scope_is_refused(bus, scope):
    with pytest.raises(InvalidEvent, match="scope"):
        bus.emit("repo.sync.start", scope=scope)
    with pytest.raises(InvalidConfig, match="scope"):
        bus.listeners.create("net", {}, ["*"], scope=scope)
    with pytest.raises(InvalidConfig, match="scope"):
        Author("alice", scope=scope)


def test_stored_events_which_do_not_tell_their_scope_are_for_nobody_with_one(bus, heard):
    for scope in (None, "a", "b"):
        bus.emit("repo.sync.start", scope=scope)
    for name, listener in heard.names.items():
        if name in ("administrator's", "trusted"):
            bus.backtest(listener.id)
            list(bus.backfill(listener.id, since=BEGIN))
            continue
        for ask in (
            lambda listener=listener: bus.backtest(listener.id, previews=True),
            lambda listener=listener: bus.backtest(listener, previews=True),
            lambda listener=listener: list(bus.backfill(listener.id, since=BEGIN)),
        ):
            with pytest.raises(NotAllowed, match="not stored which scope"):
                ask()


def test_why_a_stored_event_went_to_nobody_with_a_scope_is_not_known(bus, heard):
    event = bus.emit("repo.sync.start", scope="a")
    told = {each.listener_id: each for each in bus.explain_event(event.id)}
    got = {name: told[listener.id].gets for name, listener in heard.names.items()}
    assert got == {"administrator's": "yes", "administrator's of a": "yes", "alice's of a": "yes", "trusted": "yes",
                   "alice's": "unknown", "bob's of b": "unknown"}  # fmt: skip


def test_a_listener_that_gets_a_scope_in_the_midst_of_a_backfill_gets_nothing_more(bus):
    listener = bus.listeners.create("net", {}, ["*"], enabled=False)
    for _ in range(3):
        bus.emit("repo.sync.start", scope="b")
    late = bus.listeners.create("net", {}, ["*"], enabled=False)
    steps = bus.backfill(late.id, since=BEGIN, rate="1/h")
    bus.listeners.update(late.id, scope="a")
    with pytest.raises(NotAllowed):
        list(steps)
    assert listener.scope is None


@pytest.mark.parametrize("scope", ALL)
def test_who_is_not_for_all_is_told_of_no_listener_that_was_disabled(bus, heard, scope):
    """It would be told of listeners of others: what they are called, and how they fail."""
    expected = ["administrator's", "trusted"]
    assert heard(lambda: bus.emit("listener.disabled", {"listener_id": "0" * 24}, scope=scope)) == expected
    told = {each.listener.id: each for each in bus.explain("listener.disabled", scope=scope)}
    assert sorted(name for name, one in heard.names.items() if told[one.id].gets == "yes") == expected
