"""What the log says of attempts: failures that are alike once, with how many more; each attempt where wished."""

import asyncio
import json
import logging

import pytest
from marshmallow import Schema

from pulp_events import EventBus, Notifier, TransientFailure, hookimpl
from pulp_events.logs import JSONFormatter
from pulp_events.plugins.registry import Plugins

OTHERS = logging.getLogger("somelib.pool")


@pytest.fixture
def lines():
    """What a worker would log, as objects."""
    found = []

    class Keeping(logging.Handler):
        def emit(self, record):
            found.append(json.loads(self.format(record)))

    kept, root = Keeping(), logging.getLogger()
    kept.setFormatter(JSONFormatter())
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    yield found
    root.removeHandler(kept)
    root.setLevel(level)


def about(lines, text):
    return [each for each in lines if text in each["message"]]


def emit(bus, count=1):
    return bus.emit_many([("repo.sync.start", {"n": n}) for n in range(count)])


def test_an_attempt_that_delivered_has_no_line_unless_that_is_wished(open_bus, deliver, settle, lines):
    bus = open_bus(deliver)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    emit(bus, 3)
    settle(bus)
    bus.close()
    assert not about(lines, "delivered")


def test_with_log_attempts_each_has_one_line_that_says_which(open_bus, deliver, settle, scripted, lines):
    bus = open_bus(deliver, log_attempts="true", retry_schedule="1h")
    good = bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bad = bus.listeners.create("scripted", {"name": "b"}, ["*"])
    scripted.behaviour["b"] = scripted.refuse
    events = emit(bus, 5)
    settle(bus)
    bus.close()
    for listener, word in ((good, "delivered"), (bad, "transient")):
        found = [each for each in lines if each.get("outcome") == word]
        assert sorted(each["event_id"] for each in found) == sorted(each.id for each in events)
        assert {each["listener_id"] for each in found} == {listener.id}
        assert {(each["level"], each["attempt"], each["notifier_type_id"]) for each in found} == {
            ("info", 1, "scripted")
        }
        assert all(each["delivery_id"] in each["message"] and each["seconds"] >= 0 for each in found)


def test_failures_that_are_alike_have_one_line_and_one_that_counts_the_rest(open_bus, deliver, settle, scripted, lines):
    bus = open_bus(deliver, retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    scripted.behaviour["a"] = scripted.refuse
    emit(bus, 50)
    settle(bus)
    bus.close()
    found = about(lines, "503 try later")
    assert [each.get("repeats", 0) for each in found][0] == 0
    assert sum(1 + each.get("repeats", 0) - ("repeats" in each) for each in found) == len(scripted.calls)
    assert all(f"(and {each['repeats']} more like it)" in each["message"] for each in found if "repeats" in each)
    assert len(found) < 5


def test_the_traceback_of_one_bug_is_logged_once_for_all_deliveries(open_bus, deliver, settle, scripted, lines):
    bus = open_bus(deliver, retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    scripted.behaviour["a"] = lambda delivery, channel: {}["absent"]
    emit(bus, 20)
    settle(bus)
    bus.close()
    found = about(lines, "Traceback")
    assert len(found) < 4 and "KeyError: 'absent'" in found[0]["message"]
    assert all(each["listener_id"] and each["delivery_id"] for each in found)


def test_what_a_library_logs_during_an_attempt_is_about_its_delivery(open_bus, deliver, settle, scripted, lines):
    bus = open_bus(deliver)
    listener = bus.listeners.create("scripted", {"name": "a"}, ["*"])

    def act(delivery, channel):
        OTHERS.warning("connecting for %s", delivery.id)

    scripted.behaviour["a"] = act
    emit(bus, 5)
    settle(bus)
    OTHERS.warning("afterwards")
    found = about(lines, "connecting for")
    assert len(found) == 5
    assert all(each["message"] == f"connecting for {each['delivery_id']}" for each in found)
    assert {each["listener_id"] for each in found} == {listener.id}
    assert "delivery_id" not in about(lines, "afterwards")[0]


def test_an_outbox_that_cannot_be_written_is_not_logged_each_second(open_bus, lines, clock):
    from pulp_events.dispatcher.attempt_log import AttemptLog
    from pulp_events.errors import StoreError

    log = AttemptLog(clock, logs_all=False)
    for _ in range(25):
        log.blocked(StoreError("disk full"))
        clock.advance(1)
    assert [each["message"] for each in lines] == [
        "attempts cannot be recorded; retrying: disk full",
        "attempts cannot be recorded; retrying: disk full (and 10 more like it)",
        "attempts cannot be recorded; retrying: disk full",
        "attempts cannot be recorded; retrying: disk full (and 10 more like it)",
        "attempts cannot be recorded; retrying: disk full",
    ]


def test_a_listener_that_fails_again_after_a_while_is_named_again(open_bus, scripted, lines):
    from pulp_events.testing.clock import FakeClock

    clock = FakeClock()
    bus = open_bus("inline", clock=clock, retry_schedule="1s, 1s, 1s, 1h")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])

    def refuse(delivery, channel):
        raise TransientFailure("503 again")

    scripted.behaviour["a"] = refuse
    emit(bus)
    for _ in range(3):
        clock.advance(30)
        bus.deliver_due()
    assert len(about(lines, "503 again")) == len(scripted.calls)


def test_the_trace_of_the_event_is_in_the_lines_of_its_attempts(open_bus, deliver, settle, scripted, lines):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    bus = open_bus(deliver, log_attempts="true")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    scripted.behaviour["a"] = lambda delivery, channel: OTHERS.warning("connecting")
    bus.emit("repo.sync.start", trace_context={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    settle(bus)
    bus.close()
    assert {each["trace_id"] for each in (*about(lines, "connecting"), *about(lines, "delivered"))} == {trace}
    assert len(about(lines, "delivered")) == len(about(lines, "connecting")) == 1


def test_coroutines_that_wait_at_once_each_log_about_their_own_delivery(tmp_path, lines):
    class Nothing(Schema):
        pass

    class Waiting(Notifier):
        type_id = "waiting"
        config_schema = Nothing

        async def deliver(self, event, config):
            OTHERS.warning("before %s", event.id)
            await asyncio.sleep(0.01)
            OTHERS.warning("after %s", event.id)

    class Plugin:
        @hookimpl
        def pulp_notifiers(self):
            return [Waiting()]

    plugins = Plugins()
    plugins.add("waiting", Plugin())
    with EventBus.open(plugins=plugins, data_dir=tmp_path / "data", settings={"delivery": {"lanes": 8}}) as bus:
        for _ in range(3):
            bus.listeners.create("waiting", {}, ["*"])
        emit(bus, 10)
        assert bus.dispatcher.drain(20)
    for word in ("before", "after"):
        found = about(lines, f"{word} ")
        assert len(found) == 30 and all(each["message"] == f"{word} {each['event_id']}" for each in found)
