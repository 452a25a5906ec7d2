"""Errors are problem details (RFC 9457), for people who have the API and no shell."""

import pytest

from pulp_events import StoreError
from pulp_events.errors import DiskFull


def test_what_is_not_there(client):
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404 and answer.content_type == "application/problem+json"
    assert answer.json["status"] == 404 and answer.json["title"] == "Not Found"


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("listeners/none", "GET /api/v1/listeners"), ("listeners/none/history", "GET /api/v1/listeners"),
        ("deliveries/none.0", "GET /api/v1/deliveries"), ("events/none", "GET /api/v1/events"),
        ("events/none/explanation", "GET /api/v1/events"), ("event-types/none", "GET /api/v1/event-types"),
        ("notifier-types/none", "GET /api/v1/notifier-types"), ("deliveries?listener=none", "GET /api/v1/listeners"),
        ("stats?since=2026-01-01T00:00:00Z&listener=none", "GET /api/v1/listeners"),
    ],
)  # fmt: skip
def test_the_remedy_is_one_that_the_api_has(client, path, instead):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code in (404, 422)
    assert "none" in answer.json["detail"] and instead in answer.json["detail"]
    assert "pulp-admin" not in answer.text


@pytest.mark.parametrize(("error", "status"), [(StoreError, 503), (DiskFull, 507)])
def test_files_of_the_machine_are_in_the_log_alone(client, bus, monkeypatch, caplog, error, status):
    def broken(*_, **__):
        raise error("/srv/secret/outbox.db: no space left; make room there")

    monkeypatch.setattr(bus.outbox, "find", broken)
    answer = client.get("/api/v1/deliveries")
    assert answer.status_code == status and "/srv" not in answer.text and "/srv/secret" in caplog.text


def test_a_fault_of_ours_is_a_problem_without_a_traceback(client, bus, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("what was meant by it")

    monkeypatch.setattr(bus.outbox, "find", broken)
    answer = client.get("/api/v1/deliveries")
    assert answer.status_code == 500 and answer.content_type == "application/problem+json"
    assert "what was meant" not in answer.text and "Traceback" not in answer.text
