"""`bus.operation` emits the start, and the finish whatever happens in between."""

import signal
import threading

import pytest

from pulp_events import EventBus, InvalidEvent, UnknownEventType
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.plugins.registry import Plugins


@pytest.fixture
def bus(tmp_path):
    with EventBus.open(deliver="external", plugins=Plugins.load(), data_dir=tmp_path / "data") as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        yield opened


def emitted(bus):
    return [delivery.event for delivery in bus.deliveries.list(DeliveryQuery())][::-1]


def test_a_block_that_ends_well_has_a_start_and_a_successful_finish(bus):
    with bus.operation("repo.sync", {"repo_id": "pulp2"}, {"task_id": "t"}) as operation:
        operation["added_count"] = 3
    start, finish = emitted(bus)
    assert (start.event_type, finish.event_type) == ("repo.sync.start", "repo.sync.finish")
    assert set(start.payload) == {"repo_id", "start_time"}
    assert finish.payload["start_time"] == start.payload["start_time"] <= finish.payload["end_time"]
    assert {key: finish.payload[key] for key in ("repo_id", "added_count", "result", "error_message", "traceback")} == {
        "repo_id": "pulp2", "added_count": 3, "result": "success", "error_message": None, "traceback": None,
    }  # fmt: skip
    assert start.call_report == finish.call_report == {"task_id": "t"}


@pytest.mark.parametrize("error", [ValueError("disk is full"), KeyboardInterrupt(), SystemExit(3)])
def test_a_block_that_raises_has_a_failed_finish_and_the_error_goes_on(bus, error):
    with pytest.raises(type(error)), bus.operation("repo.publish", {"repo_id": "pulp2"}) as operation:
        operation["published_count"] = 1
        raise error
    _, finish = emitted(bus)
    assert finish.payload["result"] == "failed" and finish.payload["published_count"] == 1
    assert finish.payload["error_message"] == (str(error) or type(error).__name__)
    assert "test_operation.py" in finish.payload["traceback"]


def test_a_block_may_say_that_it_failed_without_raising(bus):
    with bus.operation("repo.sync") as operation:
        operation["result"] = "failed"
        operation["error_message"] = "half of it"
    assert emitted(bus)[1].payload["result"] == "failed"
    assert emitted(bus)[1].payload["error_message"] == "half of it"


def test_an_unknown_operation_is_refused_before_any_work_is_done(bus):
    worked = []
    with pytest.raises(UnknownEventType), bus.operation("repo.sink"):
        worked.append(1)
    assert not worked and emitted(bus) == []


def test_the_error_of_the_block_is_not_replaced_by_one_of_its_event(bus):
    with pytest.raises(ValueError, match="the real one") as raised, bus.operation("repo.sync") as operation:
        operation["bad"] = object()
        raise ValueError("the real one")
    assert "could not be emitted" in raised.value.__notes__[0]


def test_a_message_that_is_no_unicode_still_leaves(bus):
    with pytest.raises(ValueError), bus.operation("repo.sync"):
        raise ValueError("cannot open caf\udce9")
    finish = emitted(bus)[1]
    assert finish.payload["error_message"] == "cannot open caf\\udce9"
    assert "caf\\udce9" in finish.payload["traceback"]


def test_a_message_of_a_megabyte_does_not_keep_the_finish_from_leaving(bus):
    with pytest.raises(ValueError), bus.operation("repo.sync"):
        raise ValueError("begin" + "x" * 1_000_000 + "end")
    finish = emitted(bus)[1]
    assert finish.payload["error_message"].startswith("begin")
    assert finish.payload["traceback"].endswith("end\n")
    assert len(finish.payload["error_message"]) == len(finish.payload["traceback"]) == 20_000


def test_times_are_those_of_the_buses_clock_and_a_given_start_stays(bus):
    with bus.operation("repo.sync", {"start_time": "earlier"}):
        pass
    start, finish = emitted(bus)
    assert start.payload["start_time"] == finish.payload["start_time"] == "earlier"


def test_the_given_payload_is_not_changed_by_the_block(bus):
    mine = {"repo_id": "pulp2"}
    with bus.operation("repo.sync", mine) as operation:
        operation["added_count"] = 1
        assert operation["repo_id"] == "pulp2"
    assert mine == {"repo_id": "pulp2"}


def test_an_operation_on_a_closed_bus_keeps_the_error_of_its_block(bus):
    with pytest.raises(ValueError, match="mine") as raised, bus.operation("repo.sync"):
        bus.close()
        raise ValueError("mine")
    assert "could not be emitted: this event bus was closed" in raised.value.__notes__[0]


class TimeLimit(Exception):
    """As of Celery: raised by a signal handler."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeLimit])
def test_work_that_is_interrupted_while_its_start_is_stored_has_its_finish(bus, monkeypatch, error):
    def interrupt(*_):
        raise error

    before = signal.signal(signal.SIGUSR1, interrupt)
    on_stored = bus._delivering.mode.on_stored

    def interrupted(events):
        monkeypatch.undo()
        on_stored(events)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    monkeypatch.setattr(bus._delivering.mode, "on_stored", interrupted)
    try:
        with pytest.raises(error), bus.operation("repo.sync"):
            pytest.fail("the block was entered")
    finally:
        signal.signal(signal.SIGUSR1, before)
    start, finish = emitted(bus)
    assert (start.event_type, finish.event_type) == ("repo.sync.start", "repo.sync.finish")
    assert finish.payload["result"] == "failed" and finish.payload["error_message"] == error.__name__


def test_an_error_of_the_start_itself_has_no_finish(bus):
    with pytest.raises(InvalidEvent), bus.operation("repo.sync", {"bad": object()}):
        pytest.fail("the block was entered")
    assert emitted(bus) == []
