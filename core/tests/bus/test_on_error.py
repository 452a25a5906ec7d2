"""`EventBus.open(on_error=…)`: what `emit` cannot do breaks nobody's business, and is not kept quiet."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import EventBus, EventsError, RefusedEvent, StoreBusy
from pulp_events.outbox.dropped import MOST_TYPES, OTHERS, listed, other_types
from pulp_events.outbox.records import Dropped
from pulp_events.testing.clock import FakeClock

ONE = "repo.sync.start"
FINE = {"repo_id": "pulp2"}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def going_on(recording_bus, clock):
    """A bus with `on_error="log"` and a listener for everything."""

    def open_it(conf="", **options):
        bus = recording_bus(conf, **{"on_error": "log", "deliver": "external", "clock": clock, **options})
        if not bus.listeners.list():
            bus.listeners.create("recording", {}, ["*"])
        return bus

    return open_it


def said(caplog):
    return [each.getMessage() for each in caplog.records if "could not be emitted" in each.getMessage()]


REFUSED = {
    "an unknown type": (("no.such", {}), {}, "UnknownEventType"),
    "not JSON": ((ONE, {"n": float("nan")}), {}, "InvalidEvent"),
    "no mapping": ((ONE, 5), {}, "InvalidEvent"),
    "too large": ((ONE, {"text": "x" * 300_000}), {}, "EventTooLarge"),
    "an id that is none": ((ONE, FINE), {"id": "a b"}, "InvalidEvent"),
    "a time without zone": ((ONE, FINE), {"expires": "soon"}, "InvalidEvent"),
    "a connection that is none": ((ONE, FINE), {"connection": 5}, "StoreError"),
}


@pytest.mark.parametrize(("given", "options", "kind"), REFUSED.values(), ids=[*REFUSED])
def test_whatever_it_is_it_is_logged_counted_and_returned(going_on, caplog, given, options, kind):
    bus = going_on()
    event = bus.emit(*given, **options)
    assert isinstance(event, RefusedEvent) and isinstance(event.error, EventsError)
    assert event.event_type == given[0] and type(event.error).__name__.endswith(kind)
    assert sum(bus.refused.values()) == 1 == bus.dropped and type(event.error).__name__ in bus.refused
    [line] = said(caplog)
    assert str(event.error)[:40] in line
    assert bus.wait(event, timeout=0) == []
    assert not isinstance(bus.emit(ONE, FINE), RefusedEvent)


@pytest.mark.parametrize(("given", "options", "kind"), REFUSED.values(), ids=[*REFUSED])
def test_by_default_it_is_raised_and_counted(going_on, caplog, given, options, kind):
    bus = going_on(on_error="raise")
    with pytest.raises(EventsError) as caught:
        bus.emit(*given, **options)
    assert bus.refused == {type(caught.value).__name__: 1} and bus.dropped == 0 and said(caplog) == []


def test_a_kind_is_logged_once_a_minute_with_how_many_there_were(going_on, clock, caplog):
    bus = going_on()
    for _ in range(5):
        bus.emit("no.such")
    bus.emit(ONE, {"n": float("nan")})
    assert len(said(caplog)) == 2
    clock.advance(61)
    bus.emit("no.such")
    assert said(caplog)[2].startswith("5 events could not be emitted, and the application goes on")
    bus.emit("no.such")
    bus.close()
    assert "one more event could not be emitted (UnknownEventType)" in caplog.text


def test_names_that_are_made_from_data_fill_neither_memory_nor_store(going_on):
    bus = going_on()
    for number in range(3000):
        bus.emit(f"order.{number}")
    assert bus.dropped == 3000 and len(bus._emitting.dropped._unnoted) == MOST_TYPES + 1
    bus.close()
    again = going_on()
    for number in range(200):
        again.emit(f"invoice.{number}")
    again.close()
    dropped = going_on().outbox.stats().dropped
    assert len(dropped) == MOST_TYPES + 1 and sum(each.count for each in dropped) == 3200
    *most, others = listed(dropped)
    assert len(most) == 10 and (others.event_type, others.count) == (OTHERS, 3190)
    assert other_types(dropped) == "other types"


def test_types_beyond_the_most_frequent_are_told_together():
    now = datetime.now(UTC)
    dropped = [Dropped(f"order.{number}", number, now + timedelta(number), now) for number in range(1, 13)]
    *most, others = listed(dropped)
    assert [each.count for each in most] == [*range(12, 2, -1)]
    assert others == Dropped(OTHERS, 3, now + timedelta(1), now) and other_types(dropped) == "2 other types"
    assert listed(dropped[:10]) == dropped[:10][::-1] and listed([]) == []


@pytest.mark.parametrize("none", [None, 3, b"order.created", ["order.created"]], ids=str)
def test_what_is_no_type_at_all_is_called_by_one_name(going_on, none):
    bus = going_on()
    assert bus.emit(none).event_type == "(no event type)"
    bus.close()
    assert [each.event_type for each in going_on().outbox.stats().dropped] == ["(no event type)"]


def test_what_was_not_stored_is_counted_in_the_store_once_it_works(going_on, clock):
    bus = going_on()
    bus.emit(ONE, {"n": float("nan")})
    assert not bus.outbox.stats().dropped
    bus.emit(ONE, FINE)
    [one] = bus.outbox.stats().dropped
    assert (one.event_type, one.count) == (ONE, 1)
    bus.emit("no.such")
    bus.close()
    assert {each.event_type: each.count for each in going_on().outbox.stats().dropped} == {ONE: 1, "no.such": 1}


def test_health_tells_of_it_for_a_while(going_on, clock):
    bus = going_on()
    bus.emit("no.such")
    bus.emit(ONE, FINE)

    def told():
        return [each.text for each in bus.health(["degraded"]).troubles if each.code == "dropped"]

    assert told() == ["events were dropped within 10 minutes (no.such); see the log of the application"]
    clock.advance(601)
    assert told() == []


def test_all_ways_to_emit(going_on):
    bus = going_on()
    many = bus.emit_many([(ONE, FINE), (ONE, {"n": float("nan")})])
    assert [type(each) for each in many] == [RefusedEvent] * 2 and bus.outbox.stats().events == 0
    assert [type(each) for each in bus.emit_many(iter([("no.such", {})] * 3))] == [RefusedEvent] * 3
    assert isinstance(asyncio.run(bus.emit_async("no.such")), RefusedEvent)
    assert isinstance(asyncio.run(bus.emit_many_async([("no.such", {})]))[0], RefusedEvent)
    assert isinstance(asyncio.run(bus.emit_async(ONE, FINE, connection=5)), RefusedEvent)
    with bus.operation("no.such", {"a": 1}) as operation:
        operation["b"] = 2
    with bus.operation("repo.sync", 5):
        pass
    assert bus.refused["UnknownEventType"] == 7 and bus.would_deliver("no.such") and bus.is_wanted("no.such")
    bus.close()
    assert isinstance(bus.emit(ONE, FINE), RefusedEvent) and isinstance(asyncio.run(bus.emit_async(ONE)), RefusedEvent)
    assert bus.refused["BusClosed"] == 2


def test_what_the_application_s_own_function_raises_is_its_own(going_on):
    bus = going_on()
    with pytest.raises(ZeroDivisionError):
        bus.emit(ONE, lambda: {"n": 1 / 0})
    with pytest.raises(ZeroDivisionError):
        bus.emit_many((ONE, {"n": 1 / n}) for n in (1, 0))
    assert bus.refused == {}


def test_a_plugin_s_store_that_raises_anything(going_on, monkeypatch, caplog):
    bus = going_on()

    def add(*_):
        raise ZeroDivisionError("a bug in the plugin")

    monkeypatch.setattr(type(bus.outbox), "add", add)
    event = bus.emit(ONE, FINE)
    assert isinstance(event, RefusedEvent) and event.payload == FINE and bus.refused == {"ZeroDivisionError": 1}
    assert "ZeroDivisionError: a bug in the plugin" in said(caplog)[0]


@pytest.mark.sample(1)
@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("deliver", ["external", "background"])
def test_a_locked_file_costs_no_more_than_the_time_limit(going_on, locked, tmp_path, connected, deliver):
    bus = going_on("[storage]\ntimeout = 300s\nemit_timeout = 300ms\n", deliver=deliver, clock=None)
    bus.emit(ONE, FINE)
    assert deliver == "external" or bus.dispatcher.drain(60)  # the limit is not for what is just being stored here
    path = bus.outbox.path
    connection = sqlite3.connect(path, timeout=0.3) if connected else None
    unlock = locked(path)
    began = time.monotonic()
    event = bus.emit(ONE, FINE, connection=connection)
    assert isinstance(event, RefusedEvent) and time.monotonic() - began < 60  # and not 300
    if not connected:
        assert isinstance(event.error, StoreBusy) and "emit_timeout" in str(event.error)
    unlock()
    if connection is not None:
        connection.rollback()
        connection.close()
    assert deliver == "external" or bus.dispatcher.drain(60)
    assert not isinstance(bus.emit(ONE, FINE), RefusedEvent)


def test_who_has_no_limit_goes_on_waiting_when_one_that_has_gives_up(going_on, locked, tmp_path):
    bus = going_on("[storage]\ntimeout = 300s\nemit_timeout = 300ms\n", clock=None)
    bus.emit(ONE, FINE)
    unlock = locked(bus.outbox.path)
    told = []
    patient = threading.Thread(target=lambda: told.append(bus.outbox.note("key", "text")))
    emits = [threading.Thread(target=lambda: told.append(bus.emit(ONE, FINE))) for _ in range(3)]
    for each in [*emits[:1], patient, *emits[1:]]:
        each.start()
    for each in emits:
        each.join(60)
    assert [type(each) for each in told] == [RefusedEvent] * 3 and patient.is_alive()
    unlock()
    patient.join(60)
    assert bus.outbox.notes("key") == {"key": "text"}


FULL = """
    import resource, sys
    from pulp_events import EventBus, Plugins, RefusedEvent
    with EventBus.open(settings={"events": {"data_dir": sys.argv[1], "keep": "all"}}, plugins=Plugins(),
                       deliver="external", on_error=sys.argv[2]) as bus:
        bus.emit("repo.sync.start", {"repo_id": "1"})
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        told = [bus.emit("repo.sync.start", {"repo_id": "x" * 100_000}) for _ in range(5)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(sum(isinstance(each, RefusedEvent) for each in told), dict(bus.refused))
        stored = bus.emit("repo.sync.start", {"repo_id": "2"})
        print(type(stored).__name__, bus.outbox.stats().events, [each.count for each in bus.outbox.stats().dropped])
"""


def test_a_disk_without_room(tmp_path):
    def run(on_error):
        command = [sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path / on_error), on_error]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    done = run("log")
    first, second = done.stdout.splitlines()
    refused = int(first.split()[0])
    assert refused >= 3 and ("'DiskFull'" in first or "'StoreError'" in first)
    assert second == f"Event {7 - refused} [{refused}]"
    assert done.stderr.count("could not be emitted, and the application goes on") == 1 and done.returncode == 0
    assert "Traceback" in run("raise").stderr


def test_a_transaction_that_the_database_gave_up_is_not_passed_over(going_on, tmp_path, monkeypatch):
    bus = going_on()
    bus.emit(ONE, FINE)
    connection = sqlite3.connect(bus.outbox.path)

    def add(events, given):
        given.rollback()
        raise StoreBusy("gone")

    monkeypatch.setattr(bus.outbox, "add", add)
    connection.execute("BEGIN")
    with pytest.raises(StoreBusy):
        bus.emit(ONE, FINE, connection=connection)
    connection.close()


def test_a_value_that_there_is_not(tmp_path):
    with pytest.raises(EventsError, match=r"^on_error='ignore' is unknown; use one of raise, log$"):
        EventBus.open(data_dir=tmp_path, on_error="ignore")
    assert list(tmp_path.iterdir()) == []
