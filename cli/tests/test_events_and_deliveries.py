"""`emit`, `types` and the ledger, against a real HTTP server."""

from __future__ import annotations

import io
import json
import re

import pytest

from pulp_events.testing.http_sink import Answer, HttpSink

EMIT = ("event", "emit", "repo.sync.start")


@pytest.fixture
def sink():
    with HttpSink(
        lambda request: Answer(404 if request.path == "/404" else 503 if request.path == "/503" else 200)
    ) as it:
        yield it


def listen(admin, url, *words):
    return admin.listener("http", "create", "--event-type=repo.#", f"--url={url}", *words)


def test_emit_says_what_became_of_each_delivery(admin, sink):
    listener = listen(admin, f"{sink.url}/hook")
    run = admin.ok(*EMIT, "--payload", '{"repo_id": "pulp2"}', "--call-report", '{"task_id": "t"}')
    assert re.search(rf"^{listener}  http  delivered  200", run.out, re.MULTILINE)
    (request,) = sink.wait_for(1)
    body = {"call_report": {"task_id": "t"}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}
    assert json.loads(request.body) == body


def test_a_dead_delivery_makes_the_exit_code_1(admin, sink):
    listen(admin, f"{sink.url}/hook")
    listen(admin, f"{sink.url}/404", "--permanent=404")
    run = admin(*EMIT)
    assert run.code == 1 and "1 of 2 deliveries is dead" in run.err
    assert "delivered" in run.out and re.search(r"dead +.*404", run.out)


def test_a_delivery_still_pending_at_the_end_makes_the_exit_code_1(admin, sink):
    listen(admin, f"{sink.url}/503")
    run = admin(*EMIT, "--id=e", "--timeout=300ms", "--json")
    assert run.code == 1 and "1 of 1 delivery is still pending" in run.err
    assert [each["state"] for each in run.json["deliveries"]] == ["pending"]
    admin.ok("event", "worker", "--drain")  # its attempt may take longer than that
    (delivery,) = admin(*EMIT, "--id=e", "--timeout=300ms", "--json").json["deliveries"]
    assert delivery["state"] == "pending" and "503" in delivery["detail"]


def test_emit_does_not_wait_for_a_disabled_listener(admin, sink):
    listen(admin, f"{sink.url}/hook", "--disabled")
    run = admin(*EMIT, "--timeout=1h")
    assert run.code == 1 and "waiting: the listener is disabled" in run.out


def test_without_waiting_the_delivery_is_left_to_a_worker(admin, sink):
    listen(admin, f"{sink.url}/hook")
    assert "pending" in admin.ok(*EMIT, "--no-wait").out
    assert not sink.requests


def test_an_event_that_nobody_listens_to_is_done(admin):
    assert "No listener matches this event" in admin.ok(*EMIT).out


def test_payloads_come_from_files_and_standard_input(admin, tmp_path, monkeypatch, sink):
    listen(admin, f"{sink.url}/hook")
    (tmp_path / "payload.json").write_text('{"from": "file"}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"from": "stdin"}'))
    admin.ok(*EMIT, f"--payload=@{tmp_path / 'payload.json'}", "--call-report=-")
    (request,) = sink.wait_for(1)
    body = json.loads(request.body)
    assert (body["payload"], body["call_report"]) == ({"from": "file"}, {"from": "stdin"})


def test_types_are_listed_with_their_payloads(admin):
    assert "repo.sync.start\n  Fires when any repository starts a sync operation.\n" in admin.ok("event", "types").out
    names = [each["name"] for each in admin.ok("event", "types", "--json").json]
    assert names[:4] == ["repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish"]


@pytest.fixture
def ledger(admin, sink):
    """One delivered and two dead deliveries; returns the ids of the listeners."""
    good, bad = listen(admin, f"{sink.url}/hook"), listen(admin, f"{sink.url}/404", "--permanent=404")
    admin(*EMIT)
    admin.ok("event", "listener", "disable", "--listener-id", good)
    assert admin("event", "emit", "repo.sync.finish").code == 1
    return good, bad


def deliveries(admin, *words):
    return admin.ok("event", "delivery", "list", "--json", *words).json


def test_deliveries_are_listed_and_filtered(admin, ledger):
    good, bad = ledger
    assert len(deliveries(admin)) == 4
    assert {each["listener_id"] for each in deliveries(admin, "--state=dead")} == {bad}
    assert len(deliveries(admin, "--listener-id", good)) == 2
    assert len(deliveries(admin, "--event-type=repo.sync.finish")) == 2
    assert deliveries(admin, "--until=1h") == [] and len(deliveries(admin, "--since=1h")) == 4
    assert deliveries(admin, "--since=2100-01-01T00:00") == []
    assert "STATE" in admin.ok("event", "delivery", "list").out


def test_the_list_goes_on_page_by_page(admin, ledger):
    first = deliveries(admin, "--limit=3")
    (last,) = deliveries(admin, "--limit=3", "--before", first[-1]["id"])
    assert last["id"] not in [each["id"] for each in first]
    assert f"--before {first[-1]['id']}" in admin.ok("event", "delivery", "list", "--limit=3").out


def test_show_has_the_attempts_and_the_report(admin, ledger):
    dead = deliveries(admin, "--state=dead")[0]["id"]
    run = admin.ok("event", "delivery", "show", dead)
    assert "OUTCOME" in run.out and "permanent" in run.out and '"event_type": "repo.sync.finish"' in run.out
    shown = admin.ok("event", "delivery", "show", dead, "--json").json
    assert [attempt["outcome"] for attempt in shown["attempt_records"]] == ["permanent"]
    assert shown["report"]["event_type"] == "repo.sync.finish"


def test_dead_deliveries_are_retried_by_id_or_filter(admin, ledger):
    dead = [each["id"] for each in deliveries(admin, "--state=dead")]
    assert admin.ok("event", "delivery", "retry", dead[0]).out == "1 delivery is pending again\n"
    assert len(deliveries(admin, "--state=dead")) == 1
    assert admin.ok("event", "delivery", "retry", "--listener-id", ledger[1], "--json").json["retry"] == 1
    assert deliveries(admin, "--state=dead") == []


def test_finished_deliveries_are_purged(admin, ledger):
    assert admin.ok("event", "delivery", "purge", "--state=dead").out == "2 deliveries deleted\n"
    assert admin.ok("event", "delivery", "purge", "--all").out == "1 delivery deleted\n"
    assert [each["state"] for each in deliveries(admin)] == ["pending"]


def test_stats_count_by_listener(admin, ledger):
    run = admin.ok("event", "delivery", "stats")
    assert re.search(r"^\(all\) +- +1 +1 +2", run.out, re.MULTILINE)
    stats = admin.ok("event", "delivery", "stats", "--json").json
    assert (stats["pending"], stats["delivered"], stats["dead"]) == (1, 1, 2)
    assert stats["by_listener"][ledger[1]]["dead"] == 2


def test_tail_prints_the_last_and_what_follows(admin, ledger):
    lines = admin.ok("event", "delivery", "tail", "--last=2", "--for=0s", "--json").out.splitlines()
    assert len(lines) == 2 and all(json.loads(line)["id"] for line in lines)
    assert "repo.sync.finish" in admin.ok("event", "delivery", "tail", "--for=0s").out
