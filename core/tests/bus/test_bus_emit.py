"""`emit`: stored before it returns, refused as a whole, and of no cost where nobody listens."""

import json
import signal
import sqlite3
import subprocess
import sys

import pytest

from pulp_events import BusClosed, EventsError, EventTooLarge, InvalidEvent, TransientFailure, UnknownEventType


def stored(folder):
    """What another process would find in the outbox's file."""
    path = folder / "data" / "outbox.sqlite"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM pulp_event")]


def test_an_event_is_stored_before_anything_is_sent_and_delivered_when_emit_returns(recording_bus, recording, tmp_path):
    bus, found = recording_bus(), []
    bus.listeners.create("recording", {}, ["*"])
    recording.act = lambda event, config: found.extend(stored(tmp_path))
    event = bus.emit("repo.sync.start", {"repo_id": "pulp2"}, {"task_id": "t"})
    assert found == [event.id] and len(recording.calls) == 1
    assert recording.calls[0][0] == event
    [delivery] = bus.wait(event, 0)
    assert delivery.state == "delivered"
    assert json.loads(delivery.report) == {
        "call_report": {"task_id": "t"}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"},
    }  # fmt: skip


EMIT_AND_DIE = """
import os, signal, sys
from pulp_events import EventBus
bus = EventBus.open(sys.argv[1], deliver="external")
bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
for number in range(20):
    print(bus.emit("repo.sync.start", {"number": number}).id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_emit_returned_for_is_there_after_kill_9(tmp_path):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n")
    done = subprocess.run([sys.executable, "-c", EMIT_AND_DIE, str(config)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    acknowledged = done.stdout.split()
    assert len(acknowledged) == 20 and set(stored(tmp_path)) == set(acknowledged)


def test_a_failed_delivery_stays_and_emit_does_not_raise(recording_bus, recording):
    bus = recording_bus()
    bus.listeners.create("recording", {}, ["*"])

    def fail(event, config):
        raise TransientFailure("503")

    recording.act = fail
    [delivery] = bus.wait(bus.emit("repo.sync.start"), 0)
    assert (delivery.state, delivery.attempts, delivery.detail) == ("pending", 1, "503")


def test_where_nobody_listens_nothing_is_stored(recording_bus, tmp_path):
    bus = recording_bus()
    bus.emit("repo.sync.start")
    bus.listeners.create("recording", {}, ["repo.publish.*"])
    bus.listeners.create("recording", {}, ["*"], filter="payload.repo_id == 'other'")
    assert bus.wait(bus.emit("repo.sync.start", {"repo_id": "pulp2"}), 0) == []
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("event_type", "payload", "call_report", "error", "text"),
    [
        ("repo.sync.strat", {}, None, UnknownEventType, "did you mean 'repo.sync.start'"),
        ("repo.*", {}, None, UnknownEventType, "known event types: repo.sync.start"),
        (None, {}, None, UnknownEventType, "unknown event type None"),
        (["repo.sync.start"], {}, None, UnknownEventType, "unknown event type"),
        ("repo.sync.start", [1], None, InvalidEvent, "payload is of type list; it must be a mapping"),
        ("repo.sync.start", "{}", None, InvalidEvent, "payload is of type str"),
        ("repo.sync.start", {"a": {"b": {1, object()}}}, None, InvalidEvent, "payload.a.b{"),
        ("repo.sync.start", {}, {"t": float("inf")}, InvalidEvent, "call_report.t is inf"),
        ("repo.sync.start", {"x": "y" * 2000}, None, EventTooLarge, "over [events] max_event_bytes = 2000"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    recording_bus, recording, tmp_path, event_type, payload, call_report, error, text
):
    bus = recording_bus("[events]\nmax_event_bytes = 2000\n")
    bus.listeners.create("recording", {}, ["*"])
    with pytest.raises(error) as refused:
        bus.emit(event_type, payload, call_report)
    assert text in str(refused.value) and "\n" not in str(refused.value)
    assert stored(tmp_path) == [] and recording.calls == []


def test_the_largest_report_that_may_leave_leaves(recording_bus, recording):
    bus = recording_bus("[events]\nmax_event_bytes = 2000\n")
    bus.listeners.create("recording", {}, ["*"])
    around = len(bus.wait(bus.emit("repo.sync.start", {"x": ""}), 0)[0].report)
    assert len(bus.wait(bus.emit("repo.sync.start", {"x": "y" * (2000 - around)}), 0)[0].report) == 2000
    with pytest.raises(EventTooLarge):
        bus.emit("repo.sync.start", {"x": "y" * (2001 - around)})
    with pytest.raises(EventTooLarge, match="2001 bytes"):
        bus.emit("repo.sync.start", {"x": "y" * (1999 - around) + "ü"})


def test_a_closed_bus_says_so(recording_bus):
    bus = recording_bus()
    bus.close()
    bus.close()
    for attempt in (lambda: bus.emit("repo.sync.start"), lambda: bus.wait("x"), bus.deliver_due):
        with pytest.raises(BusClosed, match="open another one"):
            attempt()


def test_an_unknown_way_of_delivering_is_answered_with_the_known_ones(tmp_path):
    from pulp_events import EventBus

    with pytest.raises(EventsError, match="background, emitted, process, external, inline"):
        EventBus.open(deliver="later", data_dir=tmp_path)


def test_an_event_type_of_the_application_is_emitted_once_it_is_registered(recording_bus, recording):
    from pulp_events import EventType, PluginError

    bus = recording_bus()
    with pytest.raises(UnknownEventType):
        bus.listeners.create("recording", {}, ["app.done"])
    bus.event_types.register(EventType("app.done", "Fires when the application is done."))
    bus.listeners.create("recording", {}, ["app.*"])
    bus.emit("app.done")
    assert [event.event_type for event, _ in recording.calls] == ["app.done"]
    with pytest.raises(PluginError, match="already registered"):
        bus.event_types.register(EventType("app.done", "Something else."))


PAYLOAD = {"result": "failed", "tags": ["nightly", "x86"], "counts": {"rpm": 3, "srpm": 0}, "none": None, "zero": 0}


@pytest.mark.parametrize(
    ("expression", "heard"),
    [
        ("contains(payload.tags, 'nightly')", True),
        ("contains(payload.tags, 'weekly')", False),
        ("length(payload.tags) > `1`", True),
        ("length(payload.tags) > `2`", False),
        ("contains(keys(payload.counts), 'rpm')", True),
        ("contains(keys(payload.counts), 'deb')", False),
        ("type(payload.tags) == 'array' && type(payload.counts) == 'object'", True),
        ("sum(values(payload.counts)) == `3`", True),
        ("sum(values(payload.counts)) == `4`", False),
        ("sort(payload.tags)[0] == 'x86'", False),
        ("payload.tags[?starts_with(@, 'night')]", True),
        ("payload.tags[?starts_with(@, 'day')]", False),
        ("payload.zero", True),
        ("payload.none", False),
        ("payload.none || payload.counts.rpm", True),
        ("!(payload.none)", True),
        # these fail on this report: an event too many is better than one that is lost
        ("contains(payload.zero, 'x')", True),
        ("payload.tags[::0]", True),
        ("ceil(to_number('inf'))", True),
    ],
)
def test_filters_use_jmespaths_functions_on_what_the_report_holds(recording_bus, recording, expression, heard):
    bus = recording_bus()
    bus.listeners.create("recording", {}, ["*"], filter=expression)
    bus.emit("repo.sync.finish", PAYLOAD)
    assert bool(recording.calls) == heard
