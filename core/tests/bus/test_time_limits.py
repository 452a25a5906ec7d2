"""What a signal handler raises in code that `emit` runs for others reaches whoever emits: it is no fault of theirs."""

import os
import signal
from functools import partial

import marshmallow
import pytest

from pulp_events import EventBus, EventType, hookimpl
from pulp_events.events.trace_context import Traced
from pulp_events.listeners import filters
from pulp_events.schemas import bounded
from pulp_events.system import file_version
from pulp_events.system.signal_handlers import raised_in_handler
from pulp_events.testing.bus import plugins_of, write_conf


class SoftTimeLimitExceeded(Exception):
    """As Celery's."""


RAISED = [SoftTimeLimitExceeded, TimeoutError, SystemExit, KeyboardInterrupt]


def the_limit_is_over(*_, **__):
    os.kill(os.getpid(), signal.SIGUSR1)
    return True


class InSchema:
    @hookimpl
    def pulp_event_types(self):
        class Limited(marshmallow.Schema):
            repo_id = marshmallow.fields.String(validate=the_limit_is_over)

        return [EventType("app.done", ["repo_id"], schema=Limited)]


class InPattern:
    @hookimpl
    def pulp_event_types(self):
        schema = {"type": "object", "properties": {"repo_id": {"type": "string", "pattern": "^a+(b|c)$"}}}
        return [EventType("app.done", ["repo_id"], schema=schema)]


class InBefore:
    @hookimpl
    def pulp_before_emit(self, event):
        the_limit_is_over()


class InEmitted:
    @hookimpl
    def pulp_event_emitted(self, event):
        the_limit_is_over()


class InCounted:
    @hookimpl
    def pulp_events_counted(self, event_types):
        the_limit_is_over()


class InTrace:
    @hookimpl
    def pulp_trace_context(self, event):
        the_limit_is_over()


class InStored:
    @hookimpl
    def pulp_trace_context(self, event):
        return Traced({}, the_limit_is_over)


@pytest.fixture
def handle():
    """`handle(handler)`: of the signal; it is another's afterwards."""
    before = signal.getsignal(signal.SIGUSR1)
    yield partial(signal.signal, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def raising(error):
    def over(number, frame):
        raise error("the limit")

    return over


@pytest.mark.parametrize("on_error", ["raise", "log"])
@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("place", [InSchema, InPattern, InBefore, InEmitted, InCounted, InTrace, InStored])
def test_it_is_raised_by_emit_and_not_taken_for_a_fault_of_what_was_running(
    place, error, on_error, recording, tmp_path, handle, monkeypatch, caplog
):
    if place is InPattern:
        monkeypatch.setattr(bounded, "compiled", lambda pattern: the_limit_is_over())
    plugin = place()
    name = "app.done" if hasattr(plugin, "pulp_event_types") else "repo.sync.start"
    plugins = plugins_of(plugin, recording)
    config = write_conf(tmp_path / "server.conf", {"events": {"data_dir": tmp_path / "data"}})
    with EventBus.open(config, deliver="external", plugins=plugins, on_error=on_error) as bus:
        bus.listeners.create("recording", {}, ["*"])
        handle(raising(error))
        with pytest.raises(error, match="the limit"):
            bus.emit(name, {"repo_id": "ab"})
        handle(signal.SIG_IGN)
        assert "failed" not in caplog.text and "unchecked" not in caplog.text
        assert not bus.refused
        stored = place in (InEmitted, InCounted, InStored)
        assert bus.deliveries.stats().pending == stored
        monkeypatch.undo()
        bus.emit(name, {"repo_id": "ab"})
        assert bus.deliveries.stats().pending == stored + 1


@pytest.mark.parametrize("error", RAISED)
def test_a_filter_that_was_running_lets_nothing_pass_for_it(error, recording_bus, handle, monkeypatch):
    bus = recording_bus(deliver="external")
    bus.listeners.create("recording", {}, ["*"], filter="payload.repo_id == 'a'")
    monkeypatch.setattr(filters, "_is_true", the_limit_is_over)
    handle(raising(error))
    with pytest.raises(error, match="the limit"):
        bus.emit("repo.sync.start", {"repo_id": "b"})
    assert bus.deliveries.stats().pending == 0


def test_nor_is_a_file_taken_for_one_that_cannot_be_read(tmp_path, handle, monkeypatch):
    (tmp_path / "file").write_text("1")
    version = file_version.FileVersions()
    with monkeypatch.context() as changed:
        changed.setattr(file_version.os, "stat", the_limit_is_over)
        handle(raising(TimeoutError))
        with pytest.raises(TimeoutError, match="the limit"):
            version.of(tmp_path / "file", hold=0.0)
    assert version.of(tmp_path / "file", hold=0.0) == file_version.FileVersions().of(tmp_path / "file")


class Limit:
    def over(self, number, frame):
        raise SoftTimeLimitExceeded

    def __call__(self, number, frame):
        raise SoftTimeLimitExceeded

    def of(self, what, number, frame):
        raise SoftTimeLimitExceeded


@pytest.mark.parametrize("handler", [raising(OSError), Limit().over, Limit(), partial(Limit().of, "it")])
def test_whatever_can_handle_a_signal_is_recognized(handler, handle):
    handle(handler)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        the_limit_is_over()
    assert raised_in_handler(caught.value)


def decorated(function):
    def call(*args):
        return function(*args)

    return call


def test_a_decorator_of_handlers_and_of_other_functions_makes_these_no_handlers(handle):
    handle(decorated(raising(SoftTimeLimitExceeded)))
    with pytest.raises(SoftTimeLimitExceeded) as caught:
        the_limit_is_over()
    assert raised_in_handler(caught.value)
    with pytest.raises(SoftTimeLimitExceeded) as caught:
        decorated(raising(SoftTimeLimitExceeded))(signal.SIGUSR1, None)
    assert not raised_in_handler(caught.value)


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler, Limit()])
def test_the_same_error_of_the_code_itself_is_none(handler, handle):
    handle(handler)
    with pytest.raises(SoftTimeLimitExceeded) as caught:
        raise SoftTimeLimitExceeded
    assert not raised_in_handler(caught.value)
