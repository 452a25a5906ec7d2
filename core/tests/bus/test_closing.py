"""`close` waits for what may be delivered, and for nothing else; a bus that nobody closed says so at exit."""

import logging
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from pulp_events import EventBus, Plugins, TimedOut, TransientFailure
from pulp_events.bus import grace
from pulp_events.outbox.records import ClaimRequest
from pulp_events.testing import Answer, HttpSink
from pulp_events.testing.clock import FakeClock

ONE, FINE = "repo.sync.start", {"repo_id": "pulp2"}
LEFT = "the bus was closed with"


@pytest.fixture
def hanging(recording, recording_bus):
    """A bus whose endpoint answers only when the test ends; `begun` is set with the first attempt."""
    begun, end = threading.Event(), threading.Event()

    def hang(event, config):
        begun.set()
        end.wait(60)

    def open_it(conf="", deliver="background"):
        recording.act = hang
        bus = recording_bus(conf, deliver=deliver)
        bus.listeners.create("recording", {}, ["*"])
        bus.emit(ONE, FINE)
        assert begun.wait(60)
        return bus

    open_it.end = end.set
    yield open_it
    end.set()


def seconds(action):
    began = time.monotonic()
    action()
    return time.monotonic() - began


@pytest.mark.slow
def test_an_endpoint_that_never_answered_is_not_waited_for_to_the_end(hanging, caplog, monkeypatch):
    bus = hanging()
    monkeypatch.setattr(grace, "DEFAULT", 60.0)
    assert seconds(bus.close) < 40
    assert f"{LEFT} 1 pending delivery (1 under way, whose endpoint did not answer in time)" in caplog.text


@pytest.mark.slow
def test_one_that_is_known_not_to_answer_costs_nothing(hanging, eventually, monkeypatch):
    bus = hanging()
    at_work = bus.dispatcher._scheduler.at_work
    eventually(lambda: at_work and not any(work.route.may_answer for work in at_work))
    bus.emit_many([(ONE, FINE)] * 20)
    monkeypatch.setattr(grace, "DEFAULT", 60.0)
    assert seconds(bus.close) < 40


@pytest.mark.slow
def test_who_names_the_seconds_has_them_waited_for(recording, recording_bus):
    bus = recording_bus(deliver="background")
    recording.act = lambda event, config: time.sleep(3)
    bus.listeners.create("recording", {}, ["*"])
    event = bus.emit(ONE, FINE)
    bus.close(60)
    with recording_bus(deliver="external") as again:
        assert [each.state for each in again.events.deliveries(event.id)] == ["delivered"]


@pytest.mark.slow
def test_what_was_under_way_is_free_for_the_next_process_at_once(hanging, recording, recording_bus):
    hanging().close()
    recording.act = lambda event, config: None
    with recording_bus(deliver="inline") as other:
        assert other.deliver_due() == 1
        assert [each.state for each in other.deliveries.list()] == ["delivered"]


@pytest.mark.parametrize("deliver", ["background", "inline"])
def test_what_waits_for_a_retry_is_left_and_said_quietly(
    recording, recording_bus, caplog, deliver, eventually, monkeypatch
):
    def fail(event, config):
        raise TransientFailure("down")

    recording.act = fail
    bus = recording_bus("[delivery]\nretry_schedule = 1h\n", deliver=deliver)
    bus.listeners.create("recording", {}, ["*"])
    bus.emit_many([(ONE, FINE)] * 3)
    eventually(lambda: all(each.attempts for each in bus.deliveries.list()))
    with caplog.at_level(logging.INFO, "pulp_events"):
        monkeypatch.setattr(grace, "DEFAULT", 60.0)
        assert seconds(bus.close) < 40
    [record] = [each for each in caplog.records if LEFT in each.getMessage()]
    assert (
        record.levelno == logging.INFO
        and "3 pending deliveries (3 waiting for a retry after a failure)" in record.getMessage()
    )


def test_nothing_is_said_where_nothing_is_left(recording_bus, caplog, monkeypatch):
    monkeypatch.setattr(grace, "DEFAULT", 60.0)
    bus = recording_bus(deliver="background")
    bus.listeners.create("recording", {}, ["*"])
    bus.emit(ONE, FINE)
    with caplog.at_level(logging.INFO, "pulp_events"):
        bus.close()
    assert LEFT not in caplog.text


def test_a_closed_bus_is_no_source_of_errors_though_all_the_time_was_used_up(hanging, caplog):
    before = {*threading.enumerate()}
    hanging().close(0.2)
    hanging.end()
    for thread in {*threading.enumerate()} - before:
        thread.join(60)
        assert not thread.is_alive()
    assert not [each.getMessage() for each in caplog.records if "was closed by this process" in each.getMessage()]


def test_inline_waits_once_for_an_endpoint_that_does_not_answer(recording, recording_bus):
    def silent(event, config):
        raise TimedOut("no answer")

    recording.act = silent
    bus = recording_bus(deliver="inline", clock=FakeClock())  # which stands still: the pause after it does not end
    bus.listeners.create("recording", {}, ["*"])
    for _ in range(5):
        bus.emit(ONE, FINE)
    assert len(recording.calls) == 1 and bus.deliveries.stats().pending == 5


@pytest.mark.sample(1)
@pytest.mark.parametrize("drain", [True, False])
@pytest.mark.parametrize("given", [None, 0.5])
def test_a_locked_outbox_is_not_waited_for_beyond_the_grace(
    tmp_path, recording, recording_bus, locked, caplog, eventually, monkeypatch, given, drain
):
    free = []

    def lock_once(event, config):
        if not free:
            free.append(locked(tmp_path / "data" / "outbox.sqlite"))

    recording.act = lock_once
    conf = "[storage]\ntimeout = 300s\n[delivery]\nlease = 5s\n"
    bus = recording_bus(conf, deliver="background")
    bus.listeners.create("recording", {}, ["*"])
    event = bus.emit(ONE, FINE)
    eventually(lambda: free)
    monkeypatch.setattr(grace, "DEFAULT", 1.0)
    assert seconds(lambda: bus.close(given, drain=drain)) < 100
    assert "1 delivery will be attempted again when its lease ends" in caplog.text
    [left] = [each.getMessage() for each in caplog.records if LEFT in each.getMessage()]
    assert "1 pending delivery, as the outbox could not be written" in left and "was locked by another" in left
    assert "endpoint" not in left
    free[0]()
    with recording_bus(conf, deliver="background") as again:
        assert [each.state for each in again.wait(event, 60)] == ["delivered"]
    assert len(recording.calls) == 2


def test_a_lock_that_ends_within_the_grace_costs_no_repetition(tmp_path, recording, recording_bus, locked, eventually):
    free = []

    def lock_once(event, config):
        if not free:
            free.append(locked(tmp_path / "data" / "outbox.sqlite"))

    recording.act = lock_once
    bus = recording_bus(deliver="background")
    bus.listeners.create("recording", {}, ["*"])
    bus.emit(ONE, FINE)
    eventually(lambda: free)
    releasing = threading.Timer(0.5, free[0])
    releasing.start()
    bus.close(60)
    releasing.join()
    with recording_bus(deliver="inline") as again:
        assert [each.state for each in again.deliveries.list()] == ["delivered"]
    assert len(recording.calls) == 1


def test_emitted_tells_of_its_own_deliveries_that_are_left_and_no_others(hanging, recording_bus, caplog, monkeypatch):
    with recording_bus(deliver="external") as other:
        other.listeners.create("recording", {"name": "another's"}, ["repo.publish.*"])
        other.emit_many([("repo.publish.start", FINE)] * 3)
    bus = hanging(deliver="emitted")
    monkeypatch.setattr(grace, "DEFAULT", 0.5)
    bus.close()
    [record] = [each for each in caplog.records if LEFT in each.getMessage()]
    assert "1 pending delivery (1 under way, whose endpoint did not answer" in record.getMessage()
    assert record.levelno == logging.WARNING


def test_what_another_process_claimed_is_said_to_be_claimed(recording_bus, caplog):
    with recording_bus(deliver="external") as other:
        listener = other.listeners.create("recording", {}, ["*"])
        other.emit(ONE, FINE)
        other.outbox.claim([ClaimRequest(listener.id, 1, False)], lease=600.0, token="another's")
    with caplog.at_level(logging.INFO, "pulp_events"), recording_bus(deliver="background"):
        pass
    [record] = [each for each in caplog.records if LEFT in each.getMessage()]
    assert "1 pending delivery (1 claimed by another process)" in record.getMessage()
    assert record.levelno == logging.INFO


def test_process_tells_of_what_is_left(tmp_path, caplog, eventually):
    with HttpSink([Answer(503)] * 5) as sink, caplog.at_level(logging.INFO, "pulp_events"):
        bus = EventBus.open(settings={"events": {"data_dir": tmp_path / "data"}}, deliver="process")
        bus.listeners.create("http", {"url": sink.url}, ["*"], retry_schedule=[3600])
        event = bus.emit(ONE, FINE)
        [delivery] = bus.events.deliveries(event.id)
        eventually(lambda: bus.deliveries.attempts(delivery.id), 60)  # recorded: it is counted when it is claimed
        bus.close(60)
    [record] = [each for each in caplog.records if LEFT in each.getMessage()]
    assert (
        "1 pending delivery (1 waiting for a retry after a failure)" in record.getMessage()
        and record.levelno == logging.INFO
    )


UNCLOSED = """
    import os, sys
    from pulp_events import EventBus
    bus = EventBus.open(settings={"events": {"data_dir": sys.argv[1], "keep": "all"}}, deliver=sys.argv[2])
    where = sys.argv[3]
    if where == "closed":
        bus.close()
    elif where == "here":
        print(bus.emit("repo.sync.start", {"repo_id": "1"}).id)
    elif os.fork():
        os.wait()
        bus.close()
    elif where == "child":
        print(bus.emit("repo.sync.start", {"repo_id": "1"}).id)
"""
SAID = "an EventBus was not closed before the process ended"


@pytest.mark.sample(2)
@pytest.mark.sample(6)
@pytest.mark.parametrize("where", ["here", "child", "unused child", "closed"])
@pytest.mark.parametrize("deliver", ["background", "emitted", "process", "inline", "external"])
def test_an_unclosed_bus_says_so_once_and_loses_nothing(tmp_path, deliver, where):
    command = [sys.executable, "-Wdefault", "-c", textwrap.dedent(UNCLOSED), str(tmp_path / "data"), deliver, where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = where in ("here", "child")
    lives = deliver in ("background", "emitted") or (deliver == "process" and where == "here")
    assert done.stderr.count("ResourceWarning: unclosed EventBus") == told
    assert done.stderr.count(SAID) == (told and lives) and "Traceback" not in done.stderr
    with EventBus.open(data_dir=tmp_path / "data", plugins=Plugins(), deliver="external") as bus:
        assert [each.id for each in bus.events.list()] == done.stdout.split()


@pytest.mark.slow
def test_at_exit_what_is_under_way_is_given_back(tmp_path):
    code = """
        import sys, socket
        from pulp_events import EventBus
        sink = socket.create_server(("127.0.0.1", 0))
        bus = EventBus.open(settings={"events": {"data_dir": sys.argv[1]}})
        bus.listeners.create("http", {"url": f"http://127.0.0.1:{sink.getsockname()[1]}/"}, ["*"])
        bus.emit("repo.sync.start", {"repo_id": "1"})
        held = sink.accept()  # it is under way, and is not answered
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], timeout=60, check=True)
    with EventBus.open(data_dir=tmp_path, deliver="external") as bus:
        assert list(bus.outbox.ready().values()) == [0.0] and not [each for each in bus.workers() if each.gone]
