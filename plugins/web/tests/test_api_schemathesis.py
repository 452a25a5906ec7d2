"""The OpenAPI document and the application agree, whatever is sent: no 5xx, no answer that is not described."""

import pytest

from pulp_events import EventBus
from pulp_events_web import create_app
from pulp_events_web.api import tail

schemathesis = pytest.importorskip("schemathesis")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def web_app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemathesis")
    settings = {"events": {"data_dir": str(folder)}, "web": {"requests": "1000000/s"}}
    with EventBus.open(settings=settings, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/hook"}, ["#"], name="ci")
        for number in range(3):
            bus.emit("repo.sync.start", {"repo_id": "pulp2"}, id=f"e{number}")
        yield create_app(bus)


@pytest.fixture(scope="module")
def api_schema(web_app):
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", web_app)


schema = schemathesis.pytest.from_fixture("api_schema")
CHECKED = (
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
)
OTHERS = ("/api/v1/listeners",)
"""Beginnings of paths that are tested elsewhere."""


@pytest.fixture(autouse=True)
def streams_that_end(monkeypatch):
    monkeypatch.setattr(tail, "LONGEST", 0.0)


@schema.parametrize()
def test_every_answer_is_described(case):
    if case.operation.path.startswith(OTHERS):
        pytest.skip("tested with listeners")
    case.call_and_validate(checks=CHECKED)
