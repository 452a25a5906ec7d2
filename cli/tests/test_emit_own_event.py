"""`event emit` delivers its own event; what waited for the same listeners before is the worker's."""

from __future__ import annotations

import re
import subprocess

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import Answer, HttpSink

EMIT = ("event", "emit", "repo.sync.start")
BACKLOG = 200


@pytest.fixture
def sink():
    with HttpSink() as it:
        yield it


def listen(admin, url, *words):
    return admin.listener("http", "create", "--event-type=repo.#", f"--url={url}", *words)


def store(admin, number=BACKLOG):
    """Events that nobody delivered yet."""
    with EventBus.open(admin.config, deliver="external") as bus:
        bus.emit_many([("repo.sync.finish", {})] * number)


def backlog(admin):
    """(attempts, state) → how many of what was stored before."""
    found = admin.ok("event", "delivery", "list", "--event-type=repo.sync.finish", "--limit=1000", "--json").json
    states = [(each["attempts"], each["state"]) for each in found]
    return {each: states.count(each) for each in states}


def event_types(sink):
    return [request.headers["pulp-event-type"] for request in sink.requests]


def test_a_backlog_of_the_same_listener_is_left_to_the_worker(admin, sink):
    listener = listen(admin, f"{sink.url}/hook")
    store(admin)
    run = admin.ok(*EMIT)
    assert re.search(rf"^{listener}  http  delivered  200", run.out, re.MULTILINE)
    assert event_types(sink) == ["repo.sync.start"]
    assert backlog(admin) == {(0, "pending"): BACKLOG}
    admin.ok("event", "worker", "--drain")
    assert backlog(admin) == {(1, "delivered"): BACKLOG} and len(sink.requests) == BACKLOG + 1


def test_a_backlog_whose_secret_only_the_worker_has_loses_no_attempt(admin, sink, monkeypatch):
    monkeypatch.setenv("HOOK_PASSWORD", "swordfish")
    listen(admin, f"{sink.url}/hook", "--username=u", "--password=env:HOOK_PASSWORD")
    store(admin, 5)
    monkeypatch.delenv("HOOK_PASSWORD")
    assert admin(*EMIT, "--timeout=300ms").code == 1
    assert backlog(admin) == {(0, "pending"): 5} and not sink.requests


def test_a_retry_of_the_own_event_is_made_and_takes_nothing_along(admin, sink):
    sink.answer = [Answer(503), Answer(503), Answer(200)]
    admin.configure("[delivery]\nretry_schedule = 100ms, 100ms\n")
    listen(admin, f"{sink.url}/hook")
    store(admin, 20)
    admin.ok(*EMIT)
    assert event_types(sink) == ["repo.sync.start"] * 3
    assert backlog(admin) == {(0, "pending"): 20}


def test_in_order_the_own_event_waits_and_says_for_what(admin, sink):
    listener = listen(admin, f"{sink.url}/hook", "--lanes=1")
    store(admin)
    run = admin(*EMIT, "--timeout=600ms")
    assert run.code == 1 and "1 of 1 delivery is still pending" in run.err
    assert re.search(r"pending +waiting: 200 older deliveries come first; the worker sends them", run.out)
    assert f"warning: listener {listener}: 200 older deliveries come first; the worker sends them" in run.err
    assert not sink.requests and backlog(admin) == {(0, "pending"): BACKLOG}
    [own] = admin.ok("event", "delivery", "list", "--event-type=repo.sync.start", "--json").json
    assert (own["state"], own["attempts"]) == ("pending", 0)


@pytest.mark.slow
def test_in_order_the_own_event_follows_as_soon_as_others_have_made_what_is_older(admin, sink):
    listen(admin, f"{sink.url}/hook", "--lanes=1")
    store(admin, 3)
    sink.answer = Answer(200, delay=0.3)
    worker = subprocess.Popen(admin.command("event", "worker", "--drain"), env=admin.environment)
    try:
        assert "delivered" in admin.ok(*EMIT).out
    finally:
        worker.wait(60)
    assert event_types(sink) == ["repo.sync.finish"] * 3 + ["repo.sync.start"]


def test_in_order_an_event_that_is_the_first_is_delivered(admin, sink):
    listen(admin, f"{sink.url}/hook", "--lanes=1")
    for _ in range(3):
        run = admin.ok(*EMIT)
        assert "come first" not in run.out + run.err
    assert len(sink.requests) == 3


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--lanes=1",)], ids=["no order", "order"])
def test_several_that_emit_at_once_deliver_each_its_own(admin, sink, words):
    listen(admin, f"{sink.url}/hook", *words)
    if not words:
        store(admin)
    running = [
        subprocess.Popen(admin.command(*EMIT), env=admin.environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outputs = [each.communicate(timeout=60)[0] for each in running]
    assert [each.returncode for each in running] == [0] * 4
    assert all("delivered" in output for output in outputs)
    ids = [request.headers["pulp-event-id"] for request in sink.requests]
    assert sorted(ids) == sorted(re.search(r"Event (\S+) emitted", output)[1] for output in outputs)
    if words:
        assert ids == sorted(ids, key=lambda each: order(admin).index(each))
    else:
        assert backlog(admin) == {(0, "pending"): BACKLOG}


def order(admin):
    """Ids of events in the order in which they were stored."""
    found = admin.ok("event", "delivery", "list", "--event-type=repo.sync.start", "--json").json
    return [each["event_id"] for each in reversed(found)]


REPEATED = (*EMIT, "--id=sync-1", "--timeout=60s")


def test_an_emit_that_is_repeated_delivers_what_is_pending_waits_and_answers_like_the_first(admin, sink):
    """Its first run may have been killed, with no worker there."""
    listener = listen(admin, f"{sink.url}/hook")
    store(admin, 5)
    admin.ok(*REPEATED, "--no-wait")
    assert not sink.requests
    run = admin.ok(*REPEATED)
    assert "was emitted before" in run.out and re.search(rf"^{listener}  http  delivered  200", run.out, re.MULTILINE)
    assert event_types(sink) == ["repo.sync.start"] and backlog(admin) == {(0, "pending"): 5}
    admin.ok(*REPEATED)
    assert len(sink.requests) == 1


@pytest.mark.slow
def test_a_repeated_emit_makes_a_retry_that_is_due_later_and_fails_while_it_is_pending(admin, sink):
    sink.answer = Answer(503)
    admin.configure(f"[delivery]\nretry_schedule = {', '.join(['1s'] * 20)}\n")
    listen(admin, f"{sink.url}/hook")
    for _ in range(2):
        run = admin(*EMIT, "--id=sync-1", "--timeout=100ms")
        assert run.code == 1 and "1 of 1 delivery is still pending" in run.err
        assert "pending" in admin.ok(*EMIT, "--id=sync-1", "--no-wait").out
    sink.answer = Answer(200)
    before = len(sink.requests)
    admin.ok(*REPEATED)
    assert len(sink.requests) == before + 1
