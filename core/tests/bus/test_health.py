"""`bus.health()`: does something deliver, can the stores be used, does all go well?"""

import os
import threading

import pytest

from pulp_events import EventsError, StoreError
from pulp_events.health.processes import own_host
from pulp_events.outbox.presence import Beat, Kind
from pulp_events.testing.clock import FakeClock

HEALTHY = {"live": True, "ready": True, "degraded": False}


def aspects(found):
    return {name: getattr(found, name) for name in HEALTHY}


def codes(found):
    return [each.code for each in found.troubles]


def beat(bus, id="f" * 16, host=None, delivers=True, types=("recording",)):
    """What another process would tell of itself."""
    bus.outbox.beat(
        Beat(
            id, host or own_host(), os.getpid(), Kind.WORKER, delivers, 1.0, "1", "3", {}, list(types)
        )
    )  # fmt: skip


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(recording_bus, clock):
    return recording_bus(deliver="external", clock=clock)


def test_a_bus_that_delivers_itself_is_live_by_its_own_dispatcher(recording_bus):
    bus = recording_bus(deliver="background")
    assert aspects(bus.health()) == HEALTHY and bus.health().status == "ok"


def test_a_dispatcher_of_this_process_that_hangs_is_not_live(recording_bus, monkeypatch):
    bus = recording_bus(deliver="background")
    entered, released = threading.Event(), threading.Event()
    monkeypatch.setattr(bus.dispatcher._timekeeper, "_round", lambda now: (entered.set(), released.wait(60)))
    bus.dispatcher.look_soon()
    assert entered.wait(60)
    bus.dispatcher._timekeeper.turned -= 80
    found = bus.health(["live"])
    released.set()
    assert found.live is False and codes(found) == ["hanging"] and found.status == "failing"
    assert (found.ready, found.degraded) == (None, None)


def test_one_that_delivers_inline_is_live_as_long_as_it_runs(recording_bus):
    assert recording_bus(deliver="inline").health().live is True


def test_without_a_process_that_delivers_it_is_not_live(bus):
    found = bus.health()
    assert aspects(found) == {**HEALTHY, "live": False} and found.status == "failing"
    assert codes(found) == ["no-process"] and "pulp-admin event worker" in found.troubles[0].text
    beat(bus, delivers=False)
    assert bus.health().live is False, "one that only emits delivers nothing"
    beat(bus, id="e" * 16)
    assert aspects(bus.health()) == HEALTHY and bus.health().delivering == 1


def test_a_process_that_is_silent_for_long_counts_no_more(bus, clock):
    beat(bus)
    clock.advance(40)
    assert bus.health().live and not (found := bus.health(silence=30)).live
    assert f"{os.getpid()} gave no sign of life for 40 s" in found.troubles[0].text
    clock.advance(60)
    assert not bus.health().live and bus.health().gone == 1


def test_only_processes_of_a_host_count_where_one_is_named(bus):
    beat(bus, host="elsewhere")
    assert bus.health().live and not bus.health(host=own_host()).live
    assert bus.health(host="elsewhere").live


def test_a_store_that_cannot_be_read_or_written_is_not_ready(bus, monkeypatch):
    beat(bus)

    def full(*_):
        raise StoreError("disk full")

    monkeypatch.setattr(bus.outbox, "note", full)
    found = bus.health()
    assert (found.live, found.ready, found.status) == (True, False, "failing")
    assert codes(found) == ["outbox"] and "disk full" in found.troubles[0].text
    monkeypatch.undo()
    assert bus.health().ready


def test_listeners_that_cannot_be_written_are_not_ready(bus):
    beat(bus)
    bus.listeners.create("recording", {}, ["*"])
    lock = bus.data_dir / "listeners.lock"
    lock.unlink()
    lock.mkdir()
    found = bus.health()
    assert not found.ready and codes(found) == ["listeners"]


def test_a_look_changes_no_listener_and_no_delivery(bus):
    bus.listeners.create("recording", {}, ["*"])
    bus.emit("repo.sync.start")
    before = (bus.data_dir / "listeners.json").read_bytes(), bus.deliveries.list(), len(bus.listeners.history())
    for _ in range(3):
        bus.health()
    after = (bus.data_dir / "listeners.json").read_bytes(), bus.deliveries.list(), len(bus.listeners.history())
    assert [each.id for each in before[1]] == [each.id for each in after[1]]
    assert (before[0], before[2]) == (after[0], after[2]) and list(bus.outbox.notes("health")) == ["health"]


def test_deliveries_that_nobody_attempts_are_overdue_after_a_minute(bus, clock):
    beat(bus)
    listener = bus.listeners.create("recording", {}, ["*"])
    bus.emit("repo.sync.start")
    assert not bus.health().degraded
    clock.advance(61)
    found = bus.health()
    assert codes(found) == ["overdue"] and found.status == "degraded" and found.overdue == 1
    assert found.overdue_for == pytest.approx(61, abs=1) and found.pending == 1
    bus.listeners.mute(listener.id, 3600.0)
    assert not bus.health().degraded, "it waits because somebody wants it to"
    assert bus.health(max_pending=1).degraded is False
    bus.emit_many([("repo.sync.start", {})] * 3)
    assert codes(bus.health(max_pending=1)) == ["backlog"]


def test_a_notifier_type_that_no_process_has_is_named(bus):
    beat(bus, types=["http"])
    bus.listeners.create("recording", {}, ["*"], name="mine")
    assert not bus.health().degraded, "nothing waits for it"
    bus.emit("repo.sync.start")
    found = bus.health()
    assert (
        codes(found) == ["no-notifier"] and "recording" in found.troubles[0].text and "mine" in found.troubles[0].text
    )


def test_a_listener_that_fails_for_longer_than_a_minute_is_named_and_one_that_works_again_is_not(
    recording_bus, recording, clock
):
    bus = recording_bus(deliver="inline", clock=clock)
    bus.listeners.create("recording", {"token": "hunter2"}, ["*"], name="mine")

    def refuse(event, config):
        raise RuntimeError(f"no {config['token']}")

    recording.act = refuse
    bus.emit("repo.sync.start")
    assert not bus.health().degraded, "a single failure may be over in a moment"
    clock.advance(61)
    found = bus.health()
    assert (
        "failing" in codes(found) and found.failing == 1 and "listener mine fails, for 61 s" in found.troubles[-1].text
    )
    assert "hunter2" not in repr(found)
    recording.act = lambda event, config: None
    bus.deliver_due()
    assert not bus.health().degraded


def test_a_listener_that_was_disabled_for_failing_is_named_and_one_that_somebody_disabled_is_not(bus):
    beat(bus)
    one, other = (bus.listeners.create("recording", {}, ["*"]) for _ in range(2))
    bus.listeners.disable(one.id)
    assert not bus.health().degraded
    bus.listeners.disable_for(other.id, "5 days of failures")
    assert codes(bus.health()) == ["disabled"] and bus.health().disabled == 1


def test_one_that_somebody_disabled_for_a_reason_was_not_disabled_for_failing(bus):
    beat(bus)
    mine, failed, both = (
        bus.listeners.create("recording", {}, ["*"], name=name) for name in ("mine", "failed", "both")
    )
    bus.listeners.disable(mine.id, "the receiver moves on Monday")
    assert not bus.health().degraded
    bus.listeners.disable_for(failed.id, "5 days of failures")
    bus.listeners.disable_for(both.id, "5 days of failures")
    bus.listeners.enable(both.id)
    bus.listeners.disable(both.id, "out of order")
    bus.listeners.update(failed.id, description="somebody looks at it")
    found = bus.health()
    assert found.disabled == 1 and "listener failed was disabled for failing" in found.troubles[-1].text


def test_limits_that_are_near_and_outboxes_that_were_set_aside_are_told(recording_bus, clock):
    bus = recording_bus(deliver="external", clock=clock, conf="[events]\nmax_backlog = 2\n")
    beat(bus)
    bus.listeners.create("recording", {}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 2)
    assert codes(bus.health()) == ["limits"]
    (bus.data_dir / "outbox.sqlite.corrupt-2026").write_bytes(b"x")
    assert codes(bus.health()) == ["limits", "set-aside"]


def test_a_record_that_cannot_be_read_is_told(bus):
    beat(bus)
    bus.listeners.create("recording", {}, ["*"])
    path = bus.data_dir / "listeners.json"
    path.write_text(path.read_text().replace('"recording"', "7"))
    found = bus.health()
    assert codes(found) == ["broken"] and str(path) in found.troubles[0].text


def test_an_aspect_that_does_not_exist_is_refused(bus):
    with pytest.raises(EventsError, match="live, ready, degraded"):
        bus.health(["alive"])
