"""What a pending delivery waits for is told by any process, from the records and the outbox."""

import threading

import pytest

from pulp_events import SettingsError, TransientFailure
from pulp_events.bus.wait_cause import WaitCause
from pulp_events.outbox.presence import Beat, Kind
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.standing import Hold, HoldCause


@pytest.fixture
def bus(open_bus, clock):
    return open_bus("inline", clock, retry_schedule="10m, 10m", jitter=0)


@pytest.fixture
def onlooker(open_bus, clock):
    """Another process."""
    return open_bus("external", clock, retry_schedule="10m, 10m", jitter=0)


@pytest.fixture
def told(onlooker, clock):
    """`told()`: of the oldest pending delivery, or of all: (cause, reason, seconds until then)."""

    def tell(every=False):
        found = onlooker.deliveries.list(DeliveryQuery(state="pending"), limit=99)[::-1]
        answers = onlooker.deliveries.waiting_for(found)
        assert list(answers) == [each.id for each in found]
        seen = [
            (each.cause, each.reason, None if each.until is None else round(each.until.timestamp() - clock.time()))
            for each in answers.values()
        ]
        return seen if every else seen[0]

    return tell


def test_for_a_worker_where_nothing_stands_in_its_way(onlooker, told):
    onlooker.listeners.create("scripted", {"name": "up"}, ["*"])
    onlooker.emit("repo.sync.start")
    assert told() == (WaitCause.WORKER, "due; no process that delivers is running", None)


def test_for_a_worker_that_is_there(onlooker, told, open_bus, clock, scripted):
    worker = open_bus("background", clock, notifiers=False)
    worker.outbox.beat(Beat("a" * 16, "host", 7, Kind.WORKER, True, 1.0, "1", "3", notifier_types=["scripted"]))
    onlooker.listeners.create("scripted", {"name": "up"}, ["*"])
    onlooker.emit("repo.sync.start")
    assert told() == (WaitCause.WORKER, "due; no worker has taken it yet", None)
    [delivery] = worker.deliveries.list()
    answer = worker.deliveries.waiting_for([delivery])[delivery.id]
    assert answer.cause is WaitCause.WORKER, "another process has the notifier"


def test_for_its_retry(bus, told, scripted, clock):
    scripted.behaviour["down"] = scripted.refuse
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    bus.emit("repo.sync.start")
    assert told() == (WaitCause.RETRY, "attempt 1 of 3 failed", 600)
    clock.advance(600)
    bus.deliver_due()
    assert told() == (WaitCause.RETRY, "attempt 2 of 3 failed", 600)


def test_the_steps_are_those_of_the_listeners_own_schedule_and_of_the_attempts_that_count(bus, told, scripted, clock):
    scripted.behaviour["down"] = scripted.refuse
    bus.listeners.create("scripted", {"name": "down"}, ["*"], retry_schedule=[60.0])
    bus.emit("repo.sync.start")
    clock.advance(61)
    bus.deliver_due()
    assert sum(bus.deliveries.retry(DeliveryQuery(state="dead"))) == 1
    bus.deliver_due()
    assert told() == (WaitCause.RETRY, "attempt 1 of 2 failed", 60)


def test_for_the_circuit_that_another_process_opened(bus, told, scripted, clock):
    scripted.behaviour["down"] = scripted.refuse
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    for _ in range(5):
        bus.emit("repo.sync.start")
    bus.emit("repo.sync.start")
    *failed, new = told(every=True)
    assert {each[0] for each in failed} == {WaitCause.RETRY}, "which is later"
    assert new == (WaitCause.CIRCUIT, "the endpoint failed several times in a row", 5)
    clock.advance(6)
    assert told(every=True)[-1][0] is WaitCause.CIRCUIT, "a probe may be under way"
    del scripted.behaviour["down"]
    bus.deliver_due()
    bus.emit("repo.sync.start")
    assert {each[0] for each in told(every=True)} == {WaitCause.RETRY}


def test_for_the_pause_that_a_receiver_asked_for(bus, told, scripted):
    def ask(delivery, channel):
        raise TransientFailure("429", retry_after=900)

    scripted.behaviour["busy"] = ask
    bus.listeners.create("scripted", {"name": "busy"}, ["*"])
    bus.emit("repo.sync.start")
    bus.emit("repo.sync.start")
    first, second = told(every=True)
    assert first == second, "its own answer asked for it"
    assert second == (WaitCause.PAUSE, "the receiver asked for a pause", 900)


def test_for_its_listener_to_be_enabled_or_no_longer_muted(onlooker, told):
    listener = onlooker.listeners.create("scripted", {"name": "up"}, ["*"])
    onlooker.emit("repo.sync.start")
    onlooker.listeners.mute(listener.id, 3600)
    assert told() == (WaitCause.MUTE, "the listener is muted", 3600)
    onlooker.listeners.mute(listener.id, 3600, reason="the room is painted")
    assert told() == (WaitCause.MUTE, "the listener is muted: the room is painted", 3600)
    onlooker.listeners.disable(listener.id, "the room moved")
    assert told() == (WaitCause.DISABLED, "the listener is disabled (the room moved)", None)


def test_for_what_comes_last_of_several(bus, told, scripted):
    scripted.behaviour["down"] = scripted.refuse
    listener = bus.listeners.create("scripted", {"name": "down"}, ["*"])
    bus.emit("repo.sync.start")
    bus.listeners.mute(listener.id, 60)
    assert told()[0] is WaitCause.RETRY
    bus.listeners.mute(listener.id, 3600)
    assert told()[0] is WaitCause.MUTE


def test_for_an_older_one_where_the_order_is_kept(bus, onlooker, told, scripted, clock):
    scripted.behaviour["down"] = scripted.refuse
    bus.listeners.create("scripted", {"name": "down"}, ["*"], lanes=1)
    for _ in range(3):
        bus.emit("repo.sync.start")
    first = onlooker.deliveries.list(limit=9)[-1]
    assert told(every=True) == [
        (WaitCause.RETRY, "attempt 1 of 3 failed", 600),
        *[(WaitCause.ORDER, "an older delivery comes first", 600)] * 2,
    ]
    found = onlooker.deliveries.list(limit=9)
    assert [each.behind for each in onlooker.deliveries.waiting_for(found).values()] == [first.id, first.id, None]
    clock.advance(601)
    assert [each[0] for each in told(every=True)] == [WaitCause.WORKER, WaitCause.ORDER, WaitCause.ORDER]


def test_for_what_ends_last_of_the_listeners_reasons_and_of_the_older_ones(bus, told, scripted):
    scripted.behaviour["down"] = scripted.refuse
    listener = bus.listeners.create("scripted", {"name": "down"}, ["*"], lanes=1)
    bus.emit("repo.sync.start")
    bus.emit("repo.sync.start")
    bus.listeners.mute(listener.id, 60)
    assert told(every=True) == [
        (WaitCause.RETRY, "attempt 1 of 3 failed", 600),
        (WaitCause.ORDER, "an older delivery comes first", 600),
    ]
    bus.listeners.mute(listener.id, 3600)
    assert {each[0] for each in told(every=True)} == {WaitCause.MUTE}


def test_for_its_place_in_the_line_of_a_rate_from_the_end_of_what_holds_all_of_them_up(bus, told, clock):
    listener = bus.listeners.create("scripted", {"name": "up"}, ["*"], rate="2/h")
    for _ in range(4):
        bus.emit("repo.sync.start")
    bus.listeners.mute(listener.id, 10)
    assert [(each[0], each[2]) for each in told(every=True)] == [(WaitCause.RATE, 1800 * n) for n in (1, 2, 3)]
    bus.listeners.mute(listener.id, 7200)
    assert [(each[0], each[2]) for each in told(every=True)] == [
        (WaitCause.MUTE, 7200),
        (WaitCause.RATE, 9000),
        (WaitCause.RATE, 10800),
    ]


def test_for_the_rate_of_the_older_one_and_then_its_own_where_the_order_is_kept(bus, told, scripted):
    scripted.behaviour["up"] = scripted.refuse
    bus.listeners.create("scripted", {"name": "up"}, ["*"], rate="1/h", lanes=1)
    for _ in range(3):
        bus.emit("repo.sync.start")
    assert [(each[0], each[2]) for each in told(every=True)] == [
        (WaitCause.RATE, 3600),
        (WaitCause.RATE, 7200),
        (WaitCause.RATE, 10800),
    ]


def test_for_its_turn_where_there_is_a_rate(bus, told):
    bus.listeners.create("scripted", {"name": "up"}, ["*"], rate="1/m")
    for _ in range(3):
        bus.emit("repo.sync.start")
    assert told(every=True) == [(WaitCause.RATE, "the listener's rate is 1/m", wait) for wait in (60, 120)]


def test_for_the_result_of_its_attempt(open_bus, told, scripted, eventually):
    began = threading.Event()

    def hang(delivery, channel):
        began.set()
        scripted.released.wait(60)

    scripted.behaviour["slow"] = hang
    bus = open_bus("background")
    bus.listeners.create("scripted", {"name": "slow"}, ["*"])
    bus.emit("repo.sync.start")
    assert began.wait(30)
    delivery = bus.deliveries.list()[0]
    answer = bus.deliveries.waiting_for([delivery])[delivery.id]
    assert (answer.cause, answer.reason) == (WaitCause.ATTEMPT, "attempt 1 is under way")


def test_for_nothing_but_its_end_where_it_expired(onlooker, told, clock):
    onlooker.listeners.create("scripted", {"name": "up"}, ["*"], expires=60.0)
    onlooker.emit("repo.sync.start")
    clock.advance(61)
    assert told()[0] is WaitCause.EXPIRED


def test_for_a_process_that_has_its_notifier(onlooker, open_bus, clock):
    onlooker.listeners.create("scripted", {"name": "up"}, ["*"])
    onlooker.emit("repo.sync.start")
    without = open_bus("external", clock, notifiers=False)
    [delivery] = without.deliveries.list()
    answer = without.deliveries.waiting_for([delivery])[delivery.id]
    assert (answer.cause, answer.reason) == (WaitCause.NOTIFIER, "notifier type scripted is not installed")


def test_which_notifiers_there_are_is_told_by_the_processes_at_work_whoever_asks(onlooker, open_bus, clock):
    onlooker.outbox.beat(Beat("a" * 16, "host", 7, Kind.WORKER, True, 1.0, "1", "3", notifier_types=["other"]))
    listener = onlooker.listeners.create("scripted", {"name": "up"}, ["*"])
    onlooker.emit("repo.sync.start")
    onlooker.listeners.mute(listener.id, 60)
    for asks in (onlooker, open_bus("external", clock, notifiers=False)):
        [delivery] = asks.deliveries.list()
        answer = asks.deliveries.waiting_for([delivery])[delivery.id]
        assert (answer.cause, answer.reason, answer.until, answer.at_once) == (
            WaitCause.NOTIFIER, "no worker has the notifier type scripted", None, False
        )  # fmt: skip


def test_a_hold_ends_with_the_process_that_is_known_to_be_gone(onlooker, told, clock):
    listener = onlooker.listeners.create("scripted", {"name": "up"}, ["*"])
    onlooker.emit("repo.sync.start")
    onlooker.outbox.beat(Beat("a" * 16, "host", 7, Kind.WORKER, True, 1.0, "1", "3", notifier_types=["scripted"]))
    onlooker.outbox.hold({listener.id: Hold(HoldCause.PAUSE, clock.time() + 900, "a" * 16)})
    assert told() == (WaitCause.PAUSE, "the receiver asked for a pause", 900)
    onlooker.outbox.leave("a" * 16)
    assert told() == (WaitCause.WORKER, "due; no process that delivers is running", None)
    onlooker.outbox.hold({listener.id: Hold(HoldCause.PAUSE, clock.time() + 900)})
    assert told()[0] is WaitCause.PAUSE, "of a process that gave no sign, nobody knows whether it is there"


def test_a_secret_that_could_not_be_read_is_no_pause_of_the_receivers(bus, told, scripted):
    def unreadable(delivery, channel):
        raise SettingsError("token: /run/token cannot be read")

    scripted.behaviour["up"] = unreadable
    bus.listeners.create("scripted", {"name": "up"}, ["*"])
    bus.emit("repo.sync.start")
    bus.emit("repo.sync.start")
    assert told(every=True)[-1] == (WaitCause.SECRET, "a secret could not be read where it is delivered", 600)


def test_a_finished_one_waits_for_nothing_and_one_without_listener_for_its_record(bus, onlooker, scripted):
    bus.listeners.create("scripted", {"name": "up"}, ["*"])
    bus.emit("repo.sync.start")
    assert onlooker.deliveries.waiting_for(onlooker.deliveries.list()) == {}
    listener = onlooker.listeners.create("scripted", {"name": "other"}, ["*"])
    onlooker.emit("repo.sync.start")
    found = onlooker.deliveries.list(DeliveryQuery(state="pending", listener_id=listener.id))
    (onlooker.data_dir / "listeners.json").unlink()
    answer = onlooker.deliveries.waiting_for(found)[found[0].id]
    assert answer.cause is WaitCause.LISTENER


def test_a_page_takes_a_few_questions_however_many_deliveries_it_has(onlooker, monkeypatch):
    for number in range(3):
        onlooker.listeners.create("scripted", {"name": str(number)}, ["*"])
    for _ in range(20):
        onlooker.emit("repo.sync.start")
    found = onlooker.deliveries.list(limit=99)
    asked = []
    ask = onlooker.outbox._reader.rows
    monkeypatch.setattr(onlooker.outbox._reader, "rows", lambda *a: asked.append(a) or ask(*a))
    assert len(onlooker.deliveries.waiting_for(found)) == 60
    assert len(asked) <= 2
