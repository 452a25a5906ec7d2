"""A library that says the same thousands of times fills no worker's log."""

import io
import json
import logging
import threading

import pytest

from pulp_events.logs import JSONFormatter
from pulp_events.system import log_fields
from pulp_events.testing.clock import FakeClock
from pulp_events.worker.throttle import ThrottledHandler


class Log:
    def __init__(self):
        self.stream, self.clock = io.StringIO(), FakeClock()
        self.handler = ThrottledHandler(self.stream, self.clock)
        self.handler.setFormatter(JSONFormatter())

    def say(self, text, name="urllib3", **extra):
        made = logging.makeLogRecord({"name": name, "levelno": 30, "levelname": "WARNING", "msg": text, **extra})
        self.handler.handle(made)

    @property
    def lines(self):
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def log():
    return Log()


def test_what_a_library_repeats_is_shown_once_and_then_counted(log):
    for _ in range(501):
        log.say("pool is full")
    log.say("something else")
    assert [each["message"] for each in log.lines] == ["pool is full", "something else"]
    log.clock.advance(11)
    log.say("ours", "pulp_events.worker")
    assert log.lines[3]["message"] == "pool is full (and 500 more like it)" and log.lines[3]["repeats"] == 500
    log.say("pool is full")
    assert log.lines[-1]["message"] == "pool is full", "it is shown again"


def test_what_is_left_is_counted_at_the_end(log):
    log.say("a")
    log.say("a")
    log.handler.close()
    assert [each["message"] for each in log.lines] == ["a", "a (and 1 more like it)"]


def test_core_says_itself_what_is_alike(log):
    for _ in range(3):
        log.say("delivery x", "pulp_events.dispatcher.recorder")
    assert len(log.lines) == 3


def test_the_count_is_about_what_was_counted_whoever_shows_it(log):
    class Delivery:
        id, event_id, event_type, listener_id, trace_id = "e.0", "e", "a.b", "l", None

    def attempt():
        log_fields.begin(Delivery)
        log.say("retrying")
        log.say("retrying")

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    log.say("idle")
    log.say("idle")
    log_fields.begin(type("Other", (Delivery,), {"id": "other.0"}))
    try:
        log.handler.close()
    finally:
        log_fields.begin(None)
    found = {each["message"]: each.get("delivery_id") for each in log.lines}
    assert found["retrying (and 1 more like it)"] == "e.0" and found["idle (and 1 more like it)"] is None


def test_a_traceback_is_shown_with_the_first(log):
    for _ in range(3):
        try:
            raise ValueError("odd")
        except ValueError as error:
            log.say("it failed", exc_info=(type(error), error, error.__traceback__))
    log.handler.close()
    assert "ValueError: odd" in log.lines[0]["message"]
    assert log.lines[1]["message"] == "it failed (and 2 more like it)"
