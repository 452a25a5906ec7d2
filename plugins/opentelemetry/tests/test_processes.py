"""Real processes: a trace goes from an application through retries and a killed worker to a receiver that goes on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery

PULP_ADMIN = Path(sys.executable).with_name("pulp-admin")
APPLICATION = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from pulp_events import EventBus
trace.set_tracer_provider(TracerProvider())
with EventBus.open(deliver=sys.argv[1]) as bus, trace.get_tracer("application").start_as_current_span("work") as work:
    event = bus.emit("repo.sync.start", {"repo_id": "x"})
    if sys.argv[1] == "process":
        bus.wait(event, 60)
    print(f"{work.get_span_context().trace_id:032x}", event.trace_context["traceparent"][36:52], event.id)
"""


class Receiver:
    """A Flask application of somebody else, which continues the trace of a request. `wait` holds an answer back."""

    def __init__(self):
        from flask import Flask, request
        from werkzeug.serving import make_server

        self.exporter, self.statuses, self.hanging, self.asked = InMemorySpanExporter(), [], threading.Event(), 0
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        tracer = provider.get_tracer("receiver")
        application = Flask("receiver")

        @application.post("/hook")
        def hook():
            with tracer.start_as_current_span("hook", extract(request.headers)) as span:
                self.asked += 1
                status = self.statuses.pop(0) if self.statuses else 200
                span.set_attribute("status", status)
                if status == 0:
                    self.hanging.wait(60)
            return "", status or 200

        self._server = make_server("127.0.0.1", 0, application, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self.hanging.set()
        self._server.shutdown()

    @property
    def spans(self):
        return self.exporter.get_finished_spans()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


class Scene:
    def __init__(self, folder):
        self.config = folder / "server.conf"
        self.config.write_text(
            f"[events]\ndata_dir = {folder / 'data'}\n[delivery]\nretry_schedule = 0.3s, 0.3s, 0.3s\nlease = 2s\n"
            "[opentelemetry]\nsdk = true\n"
        )
        # What would need a collector in life; `console` is an exporter of the SDK's own.
        self.environment = {**os.environ, "PULP_EVENTS_CONFIG": str(self.config), "OTEL_TRACES_EXPORTER": "console"}
        self.workers = []

    def admin(self, *words):
        subprocess.run([PULP_ADMIN, "event", *words], env=self.environment, check=True, capture_output=True)

    def application(self, deliver="external"):
        """Returns trace id, id of the span of `emit`, event id, and the spans that its worker, if any, exported."""
        run = [sys.executable, "-c", APPLICATION, deliver]
        done = subprocess.run(run, env=self.environment, check=True, capture_output=True, text=True)
        return (*done.stdout.split(), spans_in(done.stderr))

    def worker(self):
        worker = subprocess.Popen(
            [PULP_ADMIN, "event", "worker"], env=self.environment, stderr=subprocess.PIPE, text=True
        )
        self.workers.append(worker)
        return worker

    def until(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    for worker in made.workers:
        worker.kill()
        worker.communicate()


def spans_in(text):
    """What the console exporter printed, which a worker has in its log: JSON documents, one after the other."""
    found, decoder = [], json.JSONDecoder()
    while (start := text.find("{\n")) >= 0:
        span, end = decoder.raw_decode(text[start:])
        found.append(span)
        text = text[start + end :]
    return found


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_trace_goes_through_retries_and_a_killed_worker_to_a_receiver_that_goes_on(scene, receiver):
    receiver.statuses = [503, 0, 503]
    scene.admin("listener", "http", "create", "--event-type=*", f"--url={receiver.url}")
    trace_id, emitted, event_id, _ = scene.application()
    killed = scene.worker()
    scene.until(lambda: receiver.asked == 2)  # one failed, and one hangs
    killed.kill()
    killed.wait()
    second = scene.worker()
    with EventBus.open(scene.config, deliver="external", plugins=False) as bus:
        scene.until(lambda: bus.deliveries.stats().delivered == 1)
        [delivery] = bus.deliveries.list(DeliveryQuery(event_id=event_id))
        outcomes = [each.outcome.value for each in bus.deliveries.attempts(delivery.id)]
    assert outcomes == ["transient", "lost", "transient", "delivered"] and delivery.trace_id == trace_id
    second.terminate()
    attempts = spans_in(second.communicate(timeout=60)[1])
    assert [each["attributes"]["pulp_events.attempt.number"] for each in attempts] == [3, 4]
    for each in attempts:
        assert each["name"] == "deliver repo.sync.start" and each["resource"]["attributes"]["service.name"] == (
            "pulp-events"
        )
        assert each["context"]["trace_id"] == f"0x{trace_id}" and each["parent_id"] == f"0x{emitted}"
        assert [link["context"]["span_id"] for link in each["links"]] == [f"0x{emitted}"]
    receiver.hanging.set()
    scene.until(lambda: len(receiver.spans) == 4)
    assert sorted(each.attributes["status"] for each in receiver.spans) == [0, 200, 503, 503]
    assert {f"{each.context.trace_id:032x}" for each in receiver.spans} == {trace_id}
    assert {f"{each.parent.span_id:016x}" for each in receiver.spans} == {emitted}


@pytest.mark.slow
@pytest.mark.timeout(100)
def test_the_process_of_a_bus_makes_the_spans_of_its_attempts(scene, receiver):
    receiver.statuses = [503]
    scene.admin("listener", "http", "create", "--event-type=*", f"--url={receiver.url}")
    trace_id, emitted, _, attempts = scene.application("process")
    assert [each["status"]["status_code"] for each in attempts] == ["ERROR", "UNSET"]
    assert {(each["context"]["trace_id"], each["parent_id"]) for each in attempts} == {
        (f"0x{trace_id}", f"0x{emitted}")
    }
    assert {f"{each.parent.span_id:016x}" for each in receiver.spans} == {emitted}


def run(code, environment):
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_listing_listeners_loads_nothing_of_opentelemetry(scene):
    code = """
import sys
from pulp_events_cli.main import main
main(["event", "listener", "list"])
assert "pulp_events_opentelemetry" in sys.modules
print(sorted(each for each in sys.modules if each.split(".")[0] == "opentelemetry"))
"""
    assert run(code, scene.environment)[1] == "[]\n"


def test_the_sdk_is_set_up_only_on_wish_and_never_in_place_of_anothers(scene):
    code = """
from opentelemetry import trace
from pulp_events import EventBus
OWN
with EventBus.open(deliver="external", settings={"opentelemetry": {"sdk": WISH}, "events": {"keep": "all"}}) as bus:
    event = bus.emit("repo.sync.start", {"repo_id": "x"})
    print(type(trace.get_tracer_provider()).__module__, bool(event.trace_context))
"""
    scene.environment["OTEL_TRACES_EXPORTER"] = "none"
    for own, wish, found in (
        ("", "False", "opentelemetry.trace False"),
        ("", "True", "opentelemetry.sdk.trace True"),
        ("trace.set_tracer_provider(trace.NoOpTracerProvider())", "True", "opentelemetry.trace False"),
    ):
        assert run(code.replace("OWN", own).replace("WISH", wish), scene.environment)[1] == f"{found}\n"


def test_without_a_provider_what_is_current_is_passed_on_and_nothing_else_is(scene):
    code = f"""
from opentelemetry import trace
from pulp_events import EventBus
given = {{"traceparent": "00-{"1" * 32}-{"2" * 16}-01"}}
with EventBus.open(deliver="external", settings={{"events": {{"keep": "all"}}}}) as bus:
    emit = lambda more=None: bus.emit("repo.sync.start", {{"repo_id": "x"}}, trace_context=more).trace_context
    assert not emit() and emit(given) == given
    sampled, state = trace.TraceFlags(1), trace.TraceState([("a", "1")])
    current = trace.SpanContext(5, 7, is_remote=True, trace_flags=sampled, trace_state=state)
    with trace.use_span(trace.NonRecordingSpan(current)):
        assert emit() == {{"traceparent": f"00-{{5:032x}}-{{7:016x}}-01", "tracestate": "a=1"}} and emit(given) == given
"""
    assert run(code, scene.environment) == (0, "", "")


def test_an_exporter_that_is_not_installed_is_said_once_and_keeps_nothing_from_being_emitted(scene):
    scene.environment["OTEL_TRACES_EXPORTER"] = "no-such"
    code = """
from pulp_events import EventBus
with EventBus.open(deliver="external", settings={"events": {"keep": "all"}, "opentelemetry": {"sdk": True}}) as bus:
    for _ in range(2):
        assert not bus.emit("repo.sync.start", {"repo_id": "x"}).trace_context
"""
    code, _, said = run(code, scene.environment)
    assert code == 0 and said.count("no package has the exporter no-such; install opentelemetry-sdk") == 1
    assert "Traceback" not in said


def test_a_worker_that_reads_other_settings_says_that_sdk_waits_for_its_next_start(scene):
    worker = scene.worker()
    assert any("delivers from" in line for line in worker.stderr)
    scene.config.write_text(scene.config.read_text().replace("sdk = true", "sdk = false"))
    worker.send_signal(signal.SIGHUP)
    said = next(line for line in worker.stderr if "has changed" in line or "again" in line and "has read" not in line)
    assert (
        "[opentelemetry] sdk has changed; it takes effect when the process is started: start the worker again" in said
    )
