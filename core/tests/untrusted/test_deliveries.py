"""Whose deliveries an untrusted author sees, retries and discards: those to his own listeners."""

import pytest

from pulp_events import Author, DeliveryNotFound, DeliveryQuery, ListenerNotFound, NotAllowed

ALICE, BOB = Author("alice"), Author("bob")
CLOSED = {"url": "http://127.0.0.1:1/"}


@pytest.fixture
def listeners(bus):
    return {
        "admin": bus.listeners.create("net", CLOSED, ["*"]),
        "alice": bus.listeners.create("net", CLOSED, ["*"], author=ALICE),
        "bob": bus.listeners.create("net", CLOSED, ["*"], author=BOB),
    }


def test_only_deliveries_of_his_own_listeners_are_there(bus, listeners):
    event = bus.emit("repo.sync.start")
    all_of_them = {each.listener_id: each for each in bus.outbox.of_event(event.id)}
    acting = bus.deliveries.by(ALICE)
    mine = all_of_them[listeners["alice"].id]
    assert [each.id for each in acting.list()] == [each.id for each in acting.look().found] == [mine.id]
    assert acting.get(mine.id).id == mine.id
    assert acting.count(DeliveryQuery()) == 1 and [*acting.health()] == [listeners["alice"].id]
    assert acting.health([each.id for each in listeners.values()]).keys() == {listeners["alice"].id}
    assert len(acting.attempts(mine.id)) == 1
    for name in ("admin", "bob"):
        other = all_of_them[listeners[name].id]
        for ask in (lambda other=other: acting.get(other.id), lambda other=other: acting.attempts(other.id)):
            with pytest.raises(DeliveryNotFound):
                ask()
        for query in (
            DeliveryQuery(listener_id=other.listener_id),
            DeliveryQuery(ids=[other.id]),
            DeliveryQuery(listener_ids=[other.listener_id]),
        ):
            assert acting.list(query) == [] and acting.count(query) == 0
            assert list(acting.retry(query)) == [] and acting.count_retried(query) == 0
            assert list(acting.discard(query, "away with it")) == [] and acting.count_discarded(query) == 0
    assert sum(acting.discard(DeliveryQuery(), "enough")) == 1
    states = {each.listener_id: each.state for each in bus.outbox.of_event(event.id)}
    assert states == {listeners["admin"].id: "pending", listeners["alice"].id: "dead", listeners["bob"].id: "pending"}
    assert sum(acting.retry(DeliveryQuery())) == 1
    assert bus.deliveries.by(Author("root", trusted=True)).count(DeliveryQuery()) == 3


def test_what_concerns_all_is_not_for_him(bus, listeners):
    acting = bus.deliveries.by(ALICE)
    for ask in (lambda: acting.stats(), lambda: list(acting.purge(DeliveryQuery())), lambda: acting.by(BOB)):
        with pytest.raises(NotAllowed):
            ask()


def test_he_tests_only_his_own_listeners(bus, listeners, net):
    assert len(bus.test_listener(listeners["alice"].id, author=ALICE)) == 1
    for name in ("admin", "bob"):
        with pytest.raises(ListenerNotFound):
            bus.test_listener(listeners[name].id, author=ALICE)
    assert len(net.sent) == 1
