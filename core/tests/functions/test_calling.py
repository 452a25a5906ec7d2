"""How functions are called, and what comes of what they do."""

import asyncio
import functools
import threading
import time

import pytest

from pulp_events import BusClosed, Delivery, DeliveryQuery, Event, PermanentFailure, StoreError, TransientFailure
from pulp_events.dispatcher import timekeeper


def states(bus, event, timeout=0):
    return [found.state for found in bus.wait(event, timeout)]


def test_it_gets_the_event_as_it_was_emitted_and_the_delivery_if_it_asks(open_bus):
    bus, got = open_bus(), {}
    bus.on("repo.sync.*", name="one")(lambda event: got.update(one=event))
    bus.on("repo.sync.*", name="two")(lambda event, delivery: got.update(two=(event, delivery)))
    bus.on("repo.sync.*", name="own default")(lambda event, own=7: got.update(own=own))
    emitted = bus.emit("repo.sync.start", {"repo_id": "pulp2"}, {"state": "running"})
    assert states(bus, emitted) == ["delivered"] * 3
    event, delivery = got["two"]
    assert isinstance(event, Event) and isinstance(delivery, Delivery)
    assert got["one"] == event == emitted
    assert (delivery.event_id, delivery.target, delivery.attempts, got["own"]) == (emitted.id, "two", 1, 7)


@pytest.mark.parametrize("deliver", ["inline", "background"])
def test_coroutine_functions_are_awaited_whoever_delivers(open_bus, deliver):
    bus, got = open_bus(deliver=deliver), []

    @bus.on("repo.sync.*", name="direct")
    async def direct(event):
        await asyncio.sleep(0)
        got.append("direct")

    bus.on("repo.sync.*", name="partial")(functools.partial(direct))
    bus.on("repo.sync.*", name="returned")(lambda event: direct(event))
    for number in (1, 2):  # what is known of the kind of each listener after its first
        assert states(bus, bus.emit("repo.sync.start"), 10) == ["delivered"] * 3
        assert got == ["direct"] * 3 * number


def test_many_coroutines_wait_at_once_and_a_blocking_function_is_in_none_of_their_loops(open_bus):
    bus, inside, most, threads = open_bus(deliver="background"), set(), [0], set()
    everybody = threading.Event()

    @bus.on("repo.sync.*", name="waits", lanes=64)
    async def waits(event):
        inside.add(event.id)
        most[0] = max(most[0], len(inside))
        for _ in range(500):
            if everybody.is_set():
                break
            await asyncio.sleep(0.01)
        inside.discard(event.id)

    @bus.on("repo.publish.*", name="blocks")
    def blocks(event):
        threads.add(threading.current_thread().name)
        assert everybody.wait(10)

    first = bus.emit("repo.sync.start")  # so that it is known to be a coroutine function
    while not inside:
        time.sleep(0.005)
    events = [first, *bus.emit_many([("repo.sync.start", {})] * 20), bus.emit("repo.publish.start")]
    deadline = time.monotonic() + 20
    while (most[0] < 10 or not threads) and time.monotonic() < deadline:
        time.sleep(0.005)
    everybody.set()
    assert all(states(bus, event, 20) == ["delivered"] for event in events)
    assert most[0] >= 10 and threads == {"pulp-events-delivering"}


@pytest.mark.parametrize("returned", [None, False, 0, "text", [1]])
def test_what_it_returns_says_nothing(open_bus, returned):
    bus = open_bus()
    bus.on("*", name="n")(lambda event: returned)
    assert states(bus, bus.emit("repo.sync.start")) == ["delivered"]


@pytest.mark.parametrize(
    ("error", "outcome", "state"),
    [
        (TransientFailure("later"), "transient", "pending"),
        (PermanentFailure("never"), "permanent", "dead"),
        (KeyError("repo_id"), "error", "pending"),
        (StoreError("the application's own"), "error", "pending"),
        (SystemExit(1), "error", "pending"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_what_it_raises_decides_as_with_any_notifier(open_bus, clock, error, outcome, state, is_async, caplog):
    bus = open_bus(clock=clock)

    def fail(event):
        raise error

    async def fail_awaited(event):
        raise error

    bus.on("*", name="n")(fail_awaited if is_async else fail)
    event = bus.emit("repo.sync.start")
    [delivery] = bus.wait(event, 0)
    [attempt] = bus.deliveries.attempts(delivery.id)
    assert (attempt.outcome, delivery.state) == (outcome, state)
    if outcome == "error":
        assert "Traceback" in caplog.text or any(record.exc_info for record in caplog.records)


def test_it_is_called_again_by_its_schedule_dead_after_it_and_again_when_it_is_retried(open_bus, clock):
    bus, calls, works = open_bus(clock=clock), [], []

    @bus.on("repo.sync.*", name="n", retry_schedule=[10, 100])
    def fail(event, delivery):
        calls.append(delivery.id)
        if not works:
            raise RuntimeError("it does not work yet")

    event = bus.emit("repo.sync.start")
    for wait in (15, 150):
        assert states(bus, event) == ["pending"]
        clock.advance(wait)
        bus.deliver_due()
    [delivery] = bus.wait(event, 0)
    assert (delivery.state, len(calls), set(calls)) == ("dead", 3, {delivery.id})
    assert [each.outcome for each in bus.deliveries.attempts(delivery.id)] == ["error"] * 3
    works.append(True)
    assert list(bus.deliveries.retry(DeliveryQuery(ids=[delivery.id]))) == [1]
    bus.deliver_due()
    assert states(bus, event) == ["delivered"]


def test_a_call_that_takes_too_long_has_timed_out_and_delays_no_other(open_bus, eventually, monkeypatch):
    monkeypatch.setattr(timekeeper, "GRACE", 60.0)
    bus, released, done = open_bus(deliver="background"), threading.Event(), []
    bus.on("repo.sync.*", name="hangs", timeout=0.2)(lambda event: released.wait(30))
    bus.on("repo.sync.*", name="works")(lambda event: done.append(event.id))

    @bus.on("repo.publish.*", name="awaits", timeout=0.2)
    async def awaits(event):
        await asyncio.sleep(30)

    event, other = bus.emit("repo.sync.start"), bus.emit("repo.publish.start")
    eventually(lambda: done)

    def attempts(of):
        return [each for found in bus.wait(of, 0) for each in bus.deliveries.attempts(found.id)]

    eventually(lambda: {each.outcome for each in attempts(event)} == {"delivered", "timeout"})
    eventually(lambda: [each.outcome for each in attempts(other)] == ["timeout"])
    [text] = [each.detail for each in attempts(event) if each.outcome == "timeout"]
    assert text == "no answer within 0.2 s; the attempt was abandoned"
    released.set()


@pytest.mark.parametrize("deliver", ["inline", "background"])
def test_it_may_emit_also_what_it_is_called_for_itself(open_bus, deliver):
    bus, got = open_bus(deliver=deliver), []

    @bus.on("repo.sync.*", name="n", lanes=1)
    def again(event):
        got.append(event.payload["left"])
        if event.payload["left"]:
            bus.emit("repo.sync.start", {"left": event.payload["left"] - 1})

    @bus.on("repo.publish.*", name="async")
    async def awaited(event):
        await bus.emit_async("repo.sync.start", {"left": 0})

    bus.emit("repo.sync.start", {"left": 3})
    bus.emit("repo.publish.start")
    if deliver == "background":
        assert bus.dispatcher.drain(10)
    assert sorted(got) == [0, 0, 1, 2, 3]


@pytest.mark.parametrize("deliver", ["inline", "background"])
def test_a_coroutine_function_may_emit_what_another_one_is_called_for(open_bus, deliver):
    bus, got = open_bus(deliver=deliver), []

    @bus.on("repo.sync.*", name="first", timeout=10)
    async def first(event):
        bus.emit("repo.publish.start")  # in the thread of the event loop
        got.append("first")

    @bus.on("repo.publish.*", name="second")
    async def second(event):
        got.append("second")

    assert states(bus, bus.emit("repo.sync.start"), 20) == ["delivered"]
    if deliver == "background":
        assert bus.dispatcher.drain(10)
    assert got == ["first", "second"]


@pytest.mark.parametrize("is_async", [False, True])
def test_what_is_delivered_while_the_bus_closes_may_emit(open_bus, is_async):
    bus, inside, go = open_bus(deliver="background"), threading.Event(), threading.Event()

    def emits(event):
        inside.set()
        go.wait(10)
        bus.emit("repo.publish.start")

    async def emits_awaited(event):
        inside.set()
        while not go.is_set():
            await asyncio.sleep(0.005)
        await bus.emit_async("repo.publish.start")

    bus.on("repo.sync.*", name="n")(emits_awaited if is_async else emits)

    @bus.on("repo.publish.*", name="follows")
    def follows(event):
        pass

    event = bus.emit("repo.sync.start")
    assert inside.wait(10)
    closing = threading.Thread(target=bus.close, kwargs={"grace": 10.0})
    closing.start()
    while not bus._closed:
        time.sleep(0.001)
    with pytest.raises(BusClosed):
        bus.emit("repo.sync.start")  # nobody else may
    go.set()
    closing.join()
    again = open_bus(deliver="external")
    assert states(again, event) == ["delivered"]
    assert [found.state for found in again.deliveries.list()] == ["delivered"] * 2


def test_a_test_event_calls_it_and_without_the_function_the_answer_is_where_it_can_be_tested(open_bus):
    from pulp_events import UnknownNotifierType

    bus, got = open_bus(), []
    bus.on("*", name="n")(lambda event: got.append(event.payload["test"]))
    [listener] = bus.listeners.list()
    [trial] = bus.test_listener(listener.id)
    assert (trial.outcome, trial.target, got) == ("delivered", "n", [True])
    other = open_bus()
    for name in ("m", "o"):
        with pytest.raises(
            UnknownNotifierType, match=r"only in a process that has function n; call bus\.test_listener"
        ):
            other.test_listener(listener.id)
        other.on("*", name=name)(lambda event: None)  # which has functions, but not this one


def test_a_filter_and_a_mute_hold_for_functions_too(open_bus):
    bus, got = open_bus(), []
    bus.on("repo.sync.*", name="n", filter="payload.n > `1`")(lambda event: got.append(event.payload["n"]))
    for n in (1, 2):
        bus.emit("repo.sync.start", {"n": n})
    [listener] = bus.listeners.list()
    bus.listeners.mute(listener.id, 3600)
    bus.emit("repo.sync.start", {"n": 3})
    assert got == [2]
    bus.listeners.unmute(listener.id)
    bus.deliver_due()
    assert got == [2, 3]
