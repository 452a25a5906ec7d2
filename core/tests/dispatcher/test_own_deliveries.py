"""`deliver="emitted"`: a bus delivers its own events, and nothing that was pending before or that others emit."""

import threading

import pytest

from pulp_events import Channel, PermanentFailure, TransientFailure
from pulp_events.dispatcher.own_deliveries import MOST_NAMED, OwnDeliveries
from pulp_events.dispatcher.routes import Routes
from pulp_events.outbox.records import ClaimRequest, NewDelivery, NewEvent
from pulp_events.testing.outbox_contract import LISTENER, OTHER, result


@pytest.fixture
def before(open_bus):
    """Emits what nobody delivers."""
    return open_bus("external")


def states(bus, *events):
    return {(one.state, one.attempts) for event in events for one in bus.outbox.of_event(getattr(event, "id", event))}


def test_what_was_pending_for_the_same_listener_is_left_alone(open_bus, before, scripted):
    before.listeners.create("scripted", {"name": "a"}, ["*"])
    old = before.emit_many([("repo.sync.finish", {})] * 200)
    bus = open_bus("emitted")
    event = bus.emit("repo.sync.start")
    late = before.emit("repo.publish.start")
    assert [one.state for one in bus.wait(event, 30)] == ["delivered"]
    bus.close()
    assert scripted.sent("a") == [event.id]
    assert states(before, *old, late) == {("pending", 0)}


def test_more_events_than_a_claim_names_are_all_delivered(open_bus, before, scripted, eventually):
    before.listeners.create("scripted", {"name": "a"}, ["*"])
    old = before.emit_many([("repo.sync.finish", {})] * 10)
    bus = open_bus("emitted")
    events = bus.emit_many([("repo.sync.start", {})] * (2 * MOST_NAMED + 10))
    eventually(lambda: bus.deliveries.stats().delivered == len(events), 30)
    assert states(before, *old) == {("pending", 0)}


def test_many_that_fail_keep_no_later_one_from_its_first_attempt(open_bus, before, scripted, eventually):
    before.listeners.create("scripted", {"name": "a", "to": ["good", "bad"]}, ["*"])

    def fail_some(delivery, channel):
        if delivery.target == "bad":
            raise TransientFailure("no")

    scripted.behaviour["a"] = fail_some
    bus = open_bus("emitted", retry_schedule="1h")
    events = bus.emit_many([("repo.sync.start", {})] * (MOST_NAMED + 50))
    eventually(lambda: bus.deliveries.stats().delivered == len(events), 30)


def test_in_order_own_events_are_made_in_order_and_the_older_ones_of_others_come_first(
    open_bus, before, scripted, eventually
):
    before.listeners.create("scripted", {"name": "a"}, ["*"], lanes=1)
    bus = open_bus("emitted", retry_schedule="50ms")
    fails = threading.Event()
    fails.set()

    def fail_once(delivery, channel):
        if fails.is_set():
            fails.clear()
            raise TransientFailure("once")

    scripted.behaviour["a"] = fail_once
    own = bus.emit_many([("repo.sync.start", {"number": number}) for number in range(3)])
    eventually(lambda: bus.deliveries.stats().delivered == 3)
    assert scripted.sent("a") == [own[0].id, *(event.id for event in own)]

    old = before.emit("repo.sync.finish")
    after = bus.emit("repo.sync.start")
    assert [one.attempts for one in bus.wait(after, 0.3)] == [0]
    assert states(before, old) == {("pending", 0)}
    [listener] = bus.listeners.list()
    [claimed] = before.outbox.claim([ClaimRequest(listener.id, 1, ordered=True)], 60, "worker").deliveries
    before.outbox.record([result(claimed, "succeed")])
    assert [one.state for one in bus.wait(after, 30)] == ["delivered"], "as soon as the older one is made"
    assert scripted.sent("a")[-1] == after.id


def test_an_own_event_of_a_disabled_listener_is_made_when_it_is_enabled(open_bus, before, scripted):
    listener = before.listeners.create("scripted", {"name": "a"}, ["*"], enabled=False)
    old = before.emit("repo.sync.finish")
    bus = open_bus("emitted")
    event = bus.emit("repo.sync.start")
    assert [one.state for one in bus.wait(event, 0.2)] == ["pending"]
    before.listeners.enable(listener.id)
    assert [one.state for one in bus.wait(event, 30)] == ["delivered"]
    assert scripted.sent("a") == [event.id] and states(before, old) == {("pending", 0)}


def test_what_it_announces_itself_is_its_own_event(open_bus, before, scripted, eventually):
    before.listeners.create("scripted", {"name": "gone"}, ["repo.sync.start"])
    before.listeners.create("scripted", {"name": "told"}, ["listener.disabled"])

    def disable(delivery, channel):
        raise PermanentFailure("410 gone", disable_listener=True)

    scripted.behaviour["gone"] = disable
    bus = open_bus("emitted")
    bus.emit("repo.sync.start")
    eventually(lambda: scripted.sent("told"))


def test_what_is_due_is_what_is_its_own(open_bus, before, scripted, clock):
    before.listeners.create("scripted", {"name": "a"}, ["*"])
    old = before.emit("repo.sync.finish")
    bus = open_bus("emitted")
    event = bus.emit("repo.sync.start")
    bus.wait(event, 30)
    assert bus.deliver_due() == 0
    assert states(before, old) == {("pending", 0)}


class Together(Channel):
    def __init__(self, notifier):
        self.notifier = notifier

    def send_batch(self, deliveries):
        self.notifier.batches.append([one.event_id for one in deliveries])
        for one in deliveries:
            yield one, None


def test_the_window_of_an_own_event_leaves_whole_and_no_other(
    open_bus, before, scripted, clock, monkeypatch, eventually
):
    scripted.batches = []
    monkeypatch.setattr(type(scripted), "window", lambda self, config: 60.0)
    monkeypatch.setattr(type(scripted), "open", lambda self, config, settings: Together(self))
    clock.advance(60 - clock.time() % 60)
    before = open_bus("external", clock)
    before.listeners.create("scripted", {"name": "digest"}, ["*"])
    old = before.emit("repo.sync.finish")
    clock.advance(120)
    beside = before.emit("repo.sync.finish")
    bus = open_bus("emitted", clock)
    event = bus.emit("repo.sync.start")
    assert [one.state for one in bus.wait(event, 0.2)] == ["pending"]
    clock.advance(61)
    assert [one.state for one in bus.wait(event, 30)] == ["delivered"]
    assert scripted.batches == [[beside.id, event.id]]
    assert states(before, old) == {("pending", 0)}


def test_what_is_made_is_asked_for_no_more(open_bus, scripted, eventually, monkeypatch):
    bus = open_bus("emitted")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    claim, recorded, made, again = bus.outbox.claim, bus.dispatcher._recorder.on_recorded, set(), []

    def watched_claim(requests, lease, token):
        again.extend(made.intersection(one for request in requests for one in request.ids or ()))
        return claim(requests, lease, token)

    def watched(results):
        recorded(results)  # not before: another thread may claim while the result is being stored
        made.update(one.delivery.id for one in results)

    monkeypatch.setattr(bus.outbox, "claim", watched_claim)
    monkeypatch.setattr(bus.dispatcher._recorder, "on_recorded", watched)
    own = bus.dispatcher._scheduler._claimer.own
    for number in range(1, 4):
        bus.emit("repo.sync.start")
        eventually(lambda: len(made) == number and not own.listeners)  # noqa: B023
    assert again == []


def test_many_that_others_made_keep_no_later_one_from_being_made(open_bus, before, scripted, monkeypatch):
    """Others may take what is emitted here; it is found out when it is asked for, and then forgotten."""
    listener = before.listeners.create("scripted", {"name": "a"}, ["*"], enabled=False)
    bus = open_bus("emitted")
    events = bus.emit_many([("repo.sync.start", {})] * (MOST_NAMED + 1))
    claim = before.outbox.claim([ClaimRequest(listener.id, MOST_NAMED)], 60, "worker")
    before.outbox.record([result(one, "succeed") for one in claim.deliveries])
    assert len(claim.deliveries) == MOST_NAMED
    monkeypatch.setattr(Routes, "changed", lambda routes: False)  # so that it looks once
    before.listeners.enable(listener.id)
    assert [one.state for one in bus.wait(events[-1], 30)] == ["delivered"]
    assert scripted.sent("a") == [events[-1].id]


def new_event(number, *listeners, skip=None):
    deliveries = [NewDelivery(listener, skip=skip) for listener in listeners]
    return NewEvent(f"e{number}", "repo.sync.start", 0.0, "", b"{}", deliveries)


def test_own_deliveries_are_known_until_they_are_done():
    own = OwnDeliveries()
    own.add([new_event(1, LISTENER, OTHER), new_event(2, OTHER), new_event(3, LISTENER, skip="muted")])
    assert own.of(LISTENER) == ("e1.0",) and own.of(OTHER) == ("e1.1", "e2.0")
    own.later(OTHER, "e1.1")
    own.later(OTHER, "e9.0")
    assert own.of(OTHER) == ("e2.0", "e1.1")
    own.done(OTHER, ["e2.0", "e9.0"])
    own.done(LISTENER, ["e1.0"])
    own.done(LISTENER, ["e1.0"])
    assert own.listeners == [OTHER] and own.of(LISTENER) == ()
    own.add(new_event(number, LISTENER) for number in range(10, 10 + MOST_NAMED + 5))
    assert len(own.of(LISTENER)) == MOST_NAMED and own.of(LISTENER)[0] == "e10.0"
