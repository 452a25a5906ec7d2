"""The OpenAPI document and the application agree, whatever is sent: no 5xx, no answer that is not described."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test

from pulp_events import EventBus
from pulp_events_web import create_app, trying
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Tokens
from pulp_events_web.api import health, listener_operating, tail
from pulp_events_web.principal import Role

schemathesis = pytest.importorskip("schemathesis")

pytestmark = pytest.mark.slow

URL = "http://127.0.0.1:9/hook"
EXAMPLES, RUNS, STEPS, ATTEMPTS = 40, 60, 15, 5
CHECKED = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_headers_conformance,
    schemathesis.checks.response_schema_conformance,
]
QUIETLY = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """The document, and the headers of an admin; nothing is sent to elsewhere than this machine."""
    given_settings = {
        "events": {"data_dir": str(tmp_path_factory.mktemp("schemathesis"))},
        "untrusted": {"notifier_types": ["http"], "networks": ["127.0.0.0/8"], "max_listeners": 1000},
        "web": {"requests": "1000000/s"},
    }
    with EventBus.open(settings=given_settings, deliver="external") as bus:
        bus.listeners.create("http", {"url": URL}, ["#"], name="ci")
        for number in range(3):
            bus.emit("repo.sync.start", {"repo_id": "pulp2"}, id=f"e{number}")
        secret, _ = Tokens(AccessStore(bus.data_dir), time.time).create("somebody", Role.ADMIN, None)
        headers = {"Authorization": f"Bearer {secret}"}
        yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", create_app(bus), headers=headers), headers


@pytest.fixture(autouse=True)
def what_takes_long_ends(monkeypatch):
    monkeypatch.setattr(tail, "LONGEST", 0.0)
    monkeypatch.setattr(health, "PATIENCE", 1e9)  # nobody delivers here, which is 503 after a minute, and meant so
    monkeypatch.setattr(trying, "LONGEST", 2.0)
    monkeypatch.setattr(listener_operating, "BACKFILL_SECONDS", 0.5)


def test_every_answer_is_described(web):
    # Its pytest plugin does not work with pytest 9.2, so the cases are drawn here.
    document, headers = web
    failed, tried = [], 0
    for each in document.get_all_operations():
        operation = each.ok()

        @settings(max_examples=EXAMPLES, **QUIETLY)
        @given(case=operation.as_strategy())
        def answers_as_described(case):
            case.call_and_validate(checks=CHECKED, headers=headers)

        try:
            answers_as_described()
        except (Exception, BaseExceptionGroup) as error:  # all operations are tried, whatever one of them does
            failed.append(f"{operation.method} {operation.path}: {error} {getattr(error, 'exceptions', '')}"[:3000])
        tried += 1
    assert tried > 30
    assert not failed, "\n\n".join(failed)


def test_every_answer_is_described_also_where_one_operation_goes_on_with_what_another_made(web):
    document, headers = web
    seen = set()

    class Going(document.as_state_machine()):
        def before_call(self, case):
            # What is made at random is refused, which the other test sees; here there must be something to go on with.
            if (case.method, case.path) == ("POST", "/api/v1/listeners"):
                case.body = {"notifier_type_id": "http", "notifier_config": {"url": URL}, "event_types": ["repo.#"]}
            if (case.method, case.path) == ("POST", "/api/v1/events"):
                case.body = {"event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}
            if case.method == "GET":
                case.query = {}
            (case.headers or {}).pop("If-Match", None)

        def get_call_kwargs(self, case):
            return {"headers": headers}

        def validate_response(self, response, case, **_):
            seen.add((case.method, case.path, response.status_code))
            case.validate_response(response, checks=CHECKED)

    for attempt in range(ATTEMPTS):
        try:
            run_state_machine_as_test(Going, settings=settings(max_examples=RUNS, stateful_step_count=STEPS, **QUIETLY))
            break
        except FlakyStrategyDefinition:  # it tells nothing of the answers: ids and times are others in each run
            if attempt + 1 == ATTEMPTS:
                raise
    reached = {(method, path) for method, path, status in seen if status < 300}
    assert {
        ("POST", "/api/v1/listeners/{listener_id}/disable"), ("GET", "/api/v1/listeners/{listener_id}/history"),
        ("POST", "/api/v1/listeners"), ("GET", "/api/v1/listeners/{listener_id}"),
        ("DELETE", "/api/v1/listeners/{listener_id}"), ("GET", "/api/v1/events/{event_id}"),
        ("GET", "/api/v1/deliveries/{delivery_id}"),
    } <= reached, sorted(seen)  # fmt: skip
