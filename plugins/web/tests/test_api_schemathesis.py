"""The OpenAPI document and the application agree, whatever is sent: no 5xx, no answer that is not described."""

import time

import pytest
from hypothesis import HealthCheck, given, settings

from pulp_events import EventBus
from pulp_events_web import create_app
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Tokens
from pulp_events_web.api import tail
from pulp_events_web.principal import Role

schemathesis = pytest.importorskip("schemathesis")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def web_app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemathesis")
    given_settings = {"events": {"data_dir": str(folder)}, "web": {"requests": "1000000/s"}}
    with EventBus.open(settings=given_settings, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/hook"}, ["#"], name="ci")
        for number in range(3):
            bus.emit("repo.sync.start", {"repo_id": "pulp2"}, id=f"e{number}")
        secret, _ = Tokens(AccessStore(bus.data_dir), time.time).create("somebody", Role.ADMIN, None)
        yield create_app(bus), {"Authorization": f"Bearer {secret}"}


CHECKED = (
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
)
OTHERS = ("/api/v1/listeners",)
"""Beginnings of paths that are tested elsewhere."""
EXAMPLES = 40


@pytest.fixture(autouse=True)
def streams_that_end(monkeypatch):
    monkeypatch.setattr(tail, "LONGEST", 0.0)


def test_every_answer_is_described(web_app):
    # Its pytest plugin does not work with pytest 9.2, so the cases are drawn here.
    app, headers = web_app
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers=headers)
    failed, tried = [], 0
    for each in document.get_all_operations():
        operation = each.ok()
        if operation.path.startswith(OTHERS):
            continue

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def answers_as_described(case):
            case.call_and_validate(checks=CHECKED, headers=headers)

        try:
            answers_as_described()
        except (Exception, BaseExceptionGroup) as error:  # all operations are tried, whatever one of them does
            failed.append(f"{operation.method} {operation.path}: {error} {getattr(error, 'exceptions', '')}"[:3000])
        tried += 1
    assert tried >= 15
    assert not failed, "\n\n".join(failed)
