"""What waits when a listener's scope changes is judged by the new one at its attempt, and is dead with a reason."""

from collections import deque

import pytest

from pulp_events import Channel
from pulp_events.dispatcher.still_wanted import NO_KNOWN_SCOPE, WRONG_SCOPE
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State


class Singly(Channel):
    def __init__(self, notifier, config):
        self.notifier = notifier

    def send(self, delivery):
        self.notifier.got.append(delivery.event_id)


class Awaited(Singly):
    async def send(self, delivery):
        self.notifier.got.append(delivery.event_id)


class Batches(Singly):
    batch_size = 10

    def send_batch(self, deliveries):
        for delivery in deliveries:
            self.notifier.got.append(delivery.event_id)
            yield delivery, None


class Pipe(Singly):
    in_flight = 4

    def __init__(self, notifier, config):
        super().__init__(notifier, config)
        self.waiting = deque()

    def submit(self, deliveries):
        self.waiting.extend(deliveries)

    def settled(self, timeout):
        while self.waiting:
            delivery = self.waiting.popleft()
            self.notifier.got.append(delivery.event_id)
            yield delivery, None


KINDS = {"singly": Singly, "in order": Singly, "awaited": Awaited, "batches": Batches, "pipeline": Pipe,
         "windows": Batches}  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request, scripted, monkeypatch):
    scripted.got = []
    monkeypatch.setattr(type(scripted), "open", lambda self, config, settings: KINDS[request.param](self, config))
    if request.param == "windows":
        monkeypatch.setattr(type(scripted), "window", lambda self, config: 1.0)
    return request.param


def details(bus):
    return {one.event_id: (one.state, one.detail) for one in bus.deliveries.list()}


@pytest.mark.sample(2)
def test_what_is_of_another_scope_by_now_is_dead_with_a_reason_and_the_rest_goes_out(
    open_bus, kind, scripted, eventually
):
    lanes = 1 if kind == "in order" else None
    with open_bus("external") as bus:
        listener = bus.listeners.create("scripted", {"name": "x"}, ["*"], lanes=lanes)
        scopes = ["a", "b", None] * 4
        ids = [bus.emit("repo.sync.start", scope=scope).id for scope in scopes]
        bus.listeners.update(listener.id, scope="b")
    bus = open_bus()
    eventually(lambda: bus.deliveries.stats().pending == 0)
    of_b = [id for id, scope in zip(ids, scopes, strict=True) if scope == "b"]
    assert sorted(scripted.got) == sorted(of_b)
    assert lanes is None or scripted.got == of_b
    assert details(bus) == {id: ("delivered", "") if id in of_b else ("dead", WRONG_SCOPE) for id in ids}
    dead = bus.deliveries.list(DeliveryQuery(state=State.DEAD))
    assert all(one.attempts == 0 and not bus.deliveries.attempts(one.id) for one in dead)
    assert not bus.deliveries.health()[listener.id].failures

    # An administrator's retry is judged in the same way, also of what was delivered before.
    assert sum(bus.deliveries.retry(DeliveryQuery())) == 8
    eventually(lambda: bus.deliveries.stats().pending == 0)
    assert bus.deliveries.stats().dead == 8 and sorted(scripted.got) == sorted(of_b)
    bus.listeners.update(listener.id, scope="a")
    assert sum(bus.deliveries.retry(DeliveryQuery(state=State.DELIVERED))) == 4
    eventually(lambda: bus.deliveries.stats().dead == 12)
    # The scope may be what it was: what is dead stays so until somebody retries it.
    assert sum(bus.deliveries.retry(DeliveryQuery(event_id=ids[0]))) == 1
    eventually(lambda: scripted.got[4:] == [ids[0]])
    assert bus.deliveries.stats().dead == 11


def test_one_of_unknown_scope_is_only_for_who_hears_all(open_bus, kind, scripted, eventually):
    with open_bus("external") as bus:
        some = bus.listeners.create("scripted", {"name": "some"}, ["*"], scope="a")
        every = bus.listeners.create("scripted", {"name": "every"}, ["*"])
        ids = [bus.emit("repo.sync.start", scope="a").id for _ in range(3)]
        bus.outbox._writer.run(lambda connection: connection.execute("UPDATE pulp_event SET scope = NULL"))
    bus = open_bus()
    eventually(lambda: bus.deliveries.stats().pending == 0)
    assert sorted(scripted.got) == sorted(ids)
    found = {(one.listener_id, one.state, one.detail) for one in bus.deliveries.list()}
    assert found == {(every.id, "delivered", ""), (some.id, "dead", NO_KNOWN_SCOPE)}


def test_a_scope_that_changes_while_a_retry_waits_holds_at_the_retry(open_bus, scripted, eventually):
    scripted.behaviour["x"] = scripted.refuse
    bus = open_bus(retry_schedule="1h")
    listener = bus.listeners.create("scripted", {"name": "x"}, ["*"], scope="a")
    event = bus.emit("repo.sync.start", scope="a")
    eventually(lambda: bus.deliveries.attempts(f"{event.id}.0"))
    bus.listeners.update(listener.id, scope="b")
    sum(bus.deliveries.retry(DeliveryQuery(state=State.PENDING)))
    eventually(lambda: bus.deliveries.stats().dead == 1)
    [one] = bus.deliveries.list()
    assert (one.detail, one.attempts, len(scripted.calls)) == (WRONG_SCOPE, 1, 1)


def test_a_scope_that_another_process_gives_costs_no_event_that_has_it(open_bus, scripted, eventually):
    """The record in use may be a moment old: what it does not hear is not dead unless the store says so, too."""
    bus = open_bus()
    listener = bus.listeners.create("scripted", {"name": "x"}, ["*"], scope="a")
    other = open_bus("external")
    for turn in range(6):
        scope = "ab"[turn % 2]
        other.listeners.update(listener.id, scope=scope)
        id = other.emit("repo.sync.start", scope=scope).id
        eventually(lambda id=id: scripted.sent("x")[-1:] == [id])
    assert bus.deliveries.stats().dead == 0


def test_many_that_are_of_another_scope_take_few_looks_at_the_records(open_bus, scripted, eventually, monkeypatch):
    from pulp_events.listeners.index import ListenerIndex

    with open_bus("external") as bus:
        listener = bus.listeners.create("scripted", {"name": "x"}, ["*"])
        bus.emit_many([("repo.sync.start", {"n": n}) for n in range(600)], scope="a")
        bus.listeners.update(listener.id, scope="b")
        last = bus.emit("repo.sync.start", scope="b").id
    looks = []
    read_now = ListenerIndex.read_now
    monkeypatch.setattr(ListenerIndex, "read_now", lambda self, id: looks.append(id) or read_now(self, id))
    bus = open_bus()
    eventually(lambda: bus.deliveries.stats().pending == 0)
    assert scripted.sent("x") == [last] and bus.deliveries.stats().dead == 600
    assert len(looks) <= 300, "one for each claim, not for each delivery"
