"""What hangs or fails beside a delivery (closing, storing, starting a thread, an observer) stops nobody else."""

import threading
import time

import pytest

from pulp_events import EventBus, hookimpl
from pulp_events.dispatcher import attempt, jobs, timekeeper
from pulp_events.dispatcher import dispatcher as dispatcher_module
from pulp_events.errors import EventsError, StoreCorrupt, StoreError
from pulp_events.outbox.records import DeliveryQuery


@pytest.fixture
def hanging_close(scripted, monkeypatch):
    """`close` of the listener named `hangs` does not return before the test's end."""
    channel_of = type(scripted).open

    def open_channel(self, config, settings):
        channel = channel_of(self, config, settings)
        if config["name"] == "hangs":
            channel.close = lambda: scripted.released.wait(60) and None
        return channel

    monkeypatch.setattr(type(scripted), "open", open_channel)


def test_a_close_that_hangs_keeps_nobody_else_and_loses_no_result(
    open_bus, scripted, eventually, hanging_close, monkeypatch
):
    monkeypatch.setattr(jobs.Job, "limit", 0.2)
    monkeypatch.setattr(timekeeper, "GRACE", 0.0)
    monkeypatch.setattr(timekeeper, "SUPERVISE", 0.05)
    bus = open_bus(concurrency=4)

    def breaks(delivery, channel):
        channel.broken = True

    scripted.behaviour["hangs"] = breaks
    broken = bus.listeners.create("scripted", {"name": "hangs"}, ["*"])
    healthy = bus.listeners.create("scripted", {"name": "healthy"}, ["*"])
    for _ in range(12):  # more than there are threads
        bus.emit("repo.sync.start")
    eventually(lambda: bus.deliveries.stats().by_listener[healthy.id]["delivered"] == 12)
    eventually(lambda: bus.deliveries.stats().by_listener[broken.id]["delivered"] == 12)
    assert not scripted.released.is_set()


def test_a_bus_closes_within_its_grace_though_channels_do_not(open_bus, scripted, hanging_close):
    bus = open_bus()
    for _ in range(3):
        bus.listeners.create("scripted", {"name": "hangs"}, ["*"])
    bus.wait(bus.emit("repo.sync.start"), 30)
    began = time.monotonic()
    bus.close(grace=1.0)
    assert time.monotonic() - began < 30
    assert not scripted.released.is_set()


def test_a_thread_that_cannot_be_started_is_tried_again(open_bus, scripted, eventually, monkeypatch, caplog):
    start, refused = threading.Thread.start, []

    def limited(self):
        if self.name == "pulp-events-delivering" and len(refused) < 20:
            refused.append(self)
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    bus = open_bus()
    for number in range(5):
        scripted.behaviour[f"n{number}"] = lambda delivery, channel: time.sleep(0.05)
        bus.listeners.create("scripted", {"name": f"n{number}"}, ["*"])
    event = bus.emit("repo.sync.start")
    assert {one.state for one in bus.wait(event, 30)} == {"delivered"}
    assert refused and caplog.text.count("cannot be started") == 1
    bus.close()


def test_a_bus_that_can_have_no_thread_says_so(open_bus, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(EventsError, match="the thread that makes deliveries cannot be started.*deliver='external'"):
        open_bus()


@pytest.fixture
def unwritable(monkeypatch):
    """Makes a bus's outbox refuse results while `unwritable.on` is set."""

    class Fault:
        on = threading.Event()

        def at(self, bus):
            record = bus.outbox.record

            def fail(results):
                if self.on.is_set():
                    raise StoreError("the disk is full")
                return record(results)

            monkeypatch.setattr(bus.outbox, "record", fail)

    return Fault()


def test_nothing_more_is_sent_while_results_cannot_be_stored(open_bus, scripted, eventually, unwritable, monkeypatch):
    monkeypatch.setattr("pulp_events.dispatcher.recorder.STORE_RETRY", 0.02)
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.wait(bus.emit("repo.sync.start"), 30)
    unwritable.at(bus)
    unwritable.on.set()
    bus.emit("repo.sync.start")
    eventually(lambda: bus.dispatcher._recorder.blocked)
    sent = len(scripted.calls)
    for _ in range(50):
        bus.emit("repo.sync.start")
    time.sleep(0.3)
    assert len(scripted.calls) == sent
    unwritable.on.clear()
    eventually(lambda: bus.deliveries.stats().delivered == 52)
    assert len(scripted.calls) == 52


def test_inline_emit_returns_while_results_cannot_be_stored(open_bus, scripted, unwritable, monkeypatch, caplog):
    monkeypatch.setattr(dispatcher_module, "STORE_PATIENCE", 0.1)
    bus = open_bus("inline")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    unwritable.at(bus)
    unwritable.on.set()
    event = bus.emit("repo.sync.start")
    assert [one.state for one in bus.wait(event, 0)] == ["pending"]
    assert "1 delivery will be attempted again when its lease ends" in caplog.text
    unwritable.on.clear()
    assert [one.state for one in bus.wait(bus.emit("repo.sync.start"), 0)] == ["delivered"]


class Observer:
    def __init__(self, act=lambda: None):
        self.act, self.seen = act, []

    @hookimpl
    def pulp_delivery_attempted(self, delivery, attempt):
        self.seen.append(delivery.id)
        self.act()


def test_an_observer_that_hangs_or_fails_silences_no_other(open_bus, scripted, eventually):
    hangs, fails, observes = Observer(lambda: scripted.released.wait(60)), Observer(lambda: 1 / 0), Observer()
    bus = open_bus("external")  # nothing but the plugins of it is used
    for name, observer in {"hangs": hangs, "fails": fails, "observes": observes}.items():
        bus.plugins.add(name, observer)
    bus = EventBus.open(bus.settings.path, data_dir=bus.data_dir, plugins=bus.plugins)
    try:
        bus.listeners.create("scripted", {"name": "a"}, ["*"])
        ids = [f"{bus.emit('repo.sync.start').id}.0" for _ in range(20)]
        eventually(lambda: sorted(observes.seen) == sorted(fails.seen) == sorted(ids))
        assert len(hangs.seen) == 1
        began = time.monotonic()
    finally:
        bus.close(grace=0.5)
    assert time.monotonic() - began < 30


def test_routes_and_channels_of_deleted_listeners_are_let_go(open_bus, scripted, eventually, monkeypatch):
    monkeypatch.setattr(timekeeper, "SUPERVISE", 0.05)
    monkeypatch.setattr(timekeeper, "FORGET", 0.0)
    bus = open_bus()
    with bus.listeners.together() as made:
        listeners = [made.create("scripted", {"name": f"n{number}"}, ["*"]) for number in range(30)]
    bus.wait(bus.emit("repo.sync.start"), 30)
    assert len(bus.dispatcher._routes.all()) == 30
    with bus.listeners.together() as gone:
        for listener in listeners:
            gone.delete(listener.id)
    eventually(lambda: not bus.dispatcher._routes.all())
    eventually(lambda: sum(scripted.closed.values()) == 30)


def test_a_listener_that_was_missing_once_is_waited_for_again_an_hour_later(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "other"}, ["repo.publish.start"])
    listener = bus.listeners.create("scripted", {"name": "a"}, ["*"], enabled=False)
    bus.emit("repo.sync.start")
    bus._store.remove(listener.id)
    bus.deliver_due()
    bus._store.add(listener)  # it was on its way
    clock.advance(3600)
    bus._store.remove(listener.id)
    clock.advance(1)
    bus.deliver_due()
    assert bus.deliveries.list()[0].state == "pending"
    clock.advance(61)
    bus.deliver_due()
    assert bus.deliveries.list()[0].state == "dead"


def test_deliveries_wait_for_a_record_that_somebody_broke(open_bus, clock, scripted, tmp_path):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "other"}, ["repo.publish.start"])
    bus.listeners.create("scripted", {"name": "a"}, ["*"], enabled=False, lanes=2)
    bus.emit("repo.sync.start")
    path = tmp_path / "data" / "listeners.json"
    right = path.read_text()
    assert '"lanes": 2' in right
    path.write_text(right.replace('"lanes": 2', '"lanes": "two"'))
    for _ in range(4):
        clock.advance(61)
        bus.deliver_due()
    assert bus.deliveries.list()[0].state == "pending"


def test_leases_of_two_dispatchers_with_the_same_process_number_are_told_apart(open_bus, scripted, monkeypatch):
    """As in two containers on one volume, which are both process 1."""
    tokens = []
    for _ in range(2):
        bus = open_bus("inline")
        claim = bus.outbox.claim
        monkeypatch.setattr(
            bus.outbox,
            "claim",
            lambda requests, lease, token, claim=claim: (tokens.append(token), claim(requests, lease, token))[1],
        )
        bus.listeners.create("scripted", {"name": "a"}, ["*"])
        bus.emit("repo.sync.start")
    assert len(tokens) == len(set(tokens)) >= 2


def test_a_bus_that_is_closed_in_the_middle_gives_back_what_it_has_not_begun(open_bus, scripted, eventually):
    bus = open_bus()
    # The later ones take so long that all of them would take a minute: there is a middle.
    scripted.behaviour["slow"] = lambda delivery, channel: time.sleep(0.05 if len(scripted.calls) <= 6 else 0.5)
    bus.listeners.create("scripted", {"name": "slow"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 500)
    eventually(lambda: len(scripted.calls) > 5)
    bus.close(grace=30, drain=False)
    after = open_bus("external")
    found = after.deliveries.list(DeliveryQuery(state="pending"), limit=500)
    assert found and all(one.attempts == 0 and one.lease is None for one in found)
    assert after.deliveries.stats().delivered + len(found) == 500


def test_what_was_taken_and_not_begun_when_the_grace_is_over_is_given_back_and_not_sent(
    open_bus, scripted, eventually, monkeypatch
):
    """A store that is slow to tell whether the listener still wants it, say."""
    looking, told = [], threading.Event()
    still_wanted = attempt.still_wanted

    def slowly(turn, part):
        looking.append(threading.current_thread())
        assert told.wait(60)
        return still_wanted(turn, part)

    monkeypatch.setattr(attempt, "still_wanted", slowly)
    bus = open_bus(lanes=1)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 3)
    [thread] = eventually(lambda: looking)
    bus.close(grace=0.1, drain=False)
    after = open_bus("external")
    assert [(one.state, one.attempts, one.lease) for one in after.deliveries.list()] == [("pending", 0, None)] * 3
    told.set()
    thread.join(30)
    assert not thread.is_alive() and scripted.calls == []


def test_a_command_that_emits_leaves_what_waits_for_others_alone(open_bus, scripted, eventually):
    before = open_bus("external")
    mine = before.listeners.create("scripted", {"name": "mine"}, ["repo.sync.start"])
    other = before.listeners.create("scripted", {"name": "other"}, ["repo.publish.start"])
    before.emit("repo.publish.start")
    bus = open_bus("emitted")
    event = bus.emit("repo.sync.start")
    assert [one.state for one in bus.wait(event, 30)] == ["delivered"]
    time.sleep(0.2)
    bus.close()
    assert {one.listener_id: one.attempts for one in before.deliveries.list()} == {mine.id: 1, other.id: 0}


@pytest.mark.slow
def test_an_outbox_that_can_never_be_read_ends_a_drain_and_is_complained_about_once(
    open_bus, scripted, eventually, monkeypatch, caplog
):
    bus = open_bus()

    def damaged():
        raise StoreCorrupt("outbox.sqlite is damaged")

    monkeypatch.setattr(bus.outbox, "changed", damaged)
    eventually(lambda: bus.dispatcher.failure)
    with pytest.raises(StoreCorrupt, match="is damaged"):
        monkeypatch.setattr(bus.dispatcher, "_has_work", lambda whose: True)
        bus.dispatcher.drain(5)
    time.sleep(1.2)
    assert caplog.text.count("the dispatcher retries in 1 s: outbox.sqlite is damaged") == 1


def test_closes_that_hang_use_up_no_threads_of_others(open_bus, scripted, eventually, hanging_close):
    before = set(threading.enumerate())  # those of other tests may take a while to end
    bus = open_bus(concurrency=8)

    def breaks(delivery, channel):
        channel.broken = True

    scripted.behaviour["hangs"] = breaks
    bus.listeners.create("scripted", {"name": "hangs"}, ["*"])
    healthy = bus.listeners.create("scripted", {"name": "healthy"}, ["*"])
    for number in range(40):
        bus.emit("repo.sync.start")
        eventually(lambda: bus.deliveries.stats().by_listener[healthy.id]["delivered"] == number + 1)  # noqa: B023
    threads = [thread for thread in threading.enumerate() if thread not in before]
    hanging = sum(1 for thread in threads if thread.name == "pulp-events-delivering")
    assert 0 < hanging <= 9 and not scripted.released.is_set()


def test_500_of_one_failure_are_logged_once_with_their_count(open_bus, scripted, eventually, caplog):
    scripted.behaviour["wrong"] = scripted.reject
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "wrong"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 500)
    eventually(lambda: bus.deliveries.stats().dead == 500)
    bus.close()
    lines = [record.getMessage() for record in caplog.records if "404 no such room" in record.getMessage()]
    assert len(lines) <= 4
    assert "(and " in lines[-1]


def test_a_bus_whose_folder_is_gone_can_be_closed(open_bus, scripted, tmp_path, caplog):
    import shutil

    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.wait(bus.emit("repo.sync.start"), 30)
    shutil.rmtree(tmp_path / "data")
    bus.close(grace=30)
    assert scripted.closed["a"] == 1
    assert not (tmp_path / "data").exists()
    assert "Traceback" not in caplog.text
