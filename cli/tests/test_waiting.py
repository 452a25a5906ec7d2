"""`delivery list` and `show` say when a pending delivery is attempted next, and what it waits for."""

import contextlib
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pulp_events import EventBus

WAITS = ["cause", "reason", "until", "behind"]


@pytest.fixture
def failed(admin, refused):
    """A listener with the name `ci` whose order is kept, and two deliveries: the first failed once."""
    admin.configure("[delivery]\nretry_schedule = 10h, 10h\njitter = 0\n")
    admin.listener("http", "create", "--name=ci", "--event-type=*", "--lanes=1", f"--url=http://{refused}/hook")
    with EventBus.open(admin.config, deliver="inline") as bus:
        return [bus.deliveries.list(limit=1)[0] for _ in range(2) if bus.emit("repo.sync.start", {"repo_id": "a"})]


def test_a_list_has_the_next_attempt_and_the_cause_and_json_all_of_it(admin, failed):
    first, second = failed
    heading, newest, oldest = admin.ok("event", "delivery", "list").out.splitlines()
    assert "NEXT" in heading and "WAITS FOR" in heading
    assert "retry: attempt 1 of 3 failed" in oldest and "order: an older delivery comes first" in newest
    found = admin.ok("event", "delivery", "list", "--json").json
    assert [list(each["waits_for"]) for each in found] == [WAITS, WAITS]
    assert [each["waits_for"]["cause"] for each in found] == ["order", "retry"]
    assert [each["waits_for"]["behind"] for each in found] == [first.id, None]
    assert found[0]["waits_for"]["until"] == found[1]["waits_for"]["until"] == found[1]["due"]
    assert second.id == found[0]["id"]


def shown(admin, delivery):
    """What `show` says, whatever the width of its labels."""
    return " ".join(admin.ok("event", "delivery", "show", delivery.id).out.split())


def test_show_says_it_in_words(admin, failed):
    first, second = (shown(admin, each) for each in failed)
    assert "Waits For: retry: attempt 1 of 3 failed" in first and "Next Attempt: 20" in first
    assert f"Behind: {failed[0].id}" in second


def test_what_is_due_is_attempted_now_and_what_is_finished_waits_for_nothing(admin, failed):
    assert admin.ok("event", "delivery", "retry", "--pending", "--listener-id=ci", "--yes").code == 0
    first = shown(admin, failed[0])
    assert "Next Attempt: now" in first
    assert "Waits For: worker: due; no process that delivers is running" in first
    admin.ok("event", "delivery", "discard", "--listener-id=ci", "--reason=the room is closed", "--yes")
    found = admin.ok("event", "delivery", "list", "--json").json
    assert [each["waits_for"] for each in found] == [None, None]
    assert "NEXT" not in admin.ok("event", "delivery", "list").out


def test_a_list_is_sorted_by_the_next_attempt(admin, failed):
    admin.ok("event", "delivery", "retry", failed[0].id)
    rows = admin.ok("event", "delivery", "list", "--sort=next", "--columns=id,next").out.splitlines()
    assert rows[1].split() == [failed[0].id, "now"]


def test_a_new_url_ends_the_wait(admin, failed):
    admin.ok("event", "listener", "http", "update", "--listener-id=ci", "--url=http://127.0.0.1:9/other")
    with EventBus.open(admin.config, deliver="inline") as bus:
        bus.deliver_due()
        [first] = [each for each in bus.deliveries.list() if each.id == failed[0].id]
        assert first.due is None or first.due.timestamp() - time.time() < 60


def test_events_are_listed_by_what_their_deliveries_say_and_by_the_start_of_their_ids(admin, failed):
    first, second = (each.event_id for each in failed)
    found = admin.ok("event", "list", "--error=REFUSED", "--json").json
    assert [each["id"] for each in found] == [first]
    assert admin.ok("event", "list", "--error=timeout", "--json").json == []
    assert [each["id"] for each in admin.ok("event", "list", "--event-id", second, "--json").json] == [second]
    run = admin.ok("event", "erase", "--error=refused", "--dry-run")
    assert "1 event" in run.out + run.err


def eventually(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline


@pytest.fixture
def endpoint():
    """Its address. `/busy` asks for a pause of hours, `/slow` does not answer."""
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/slow":
                released.wait()
            self.send_response(429)
            self.send_header("Retry-After", "9000")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        released.set()
        server.shutdown()


def test_what_a_killed_worker_left_behind_holds_nothing_up(admin, endpoint):
    admin.configure("[delivery]\nretry_schedule = 1s, 10h\njitter = 0\n[http]\ntimeout = 2m\n")
    for name in ("busy", "slow"):
        admin.listener("http", "create", f"--name={name}", "--event-type=*", f"--url={endpoint}/{name}")

    def waits():
        found = admin.ok("event", "delivery", "list", "--json").json[::-1]
        return [each["waits_for"] for each in found]

    def causes():
        return [each["cause"] for each in waits()]

    started = subprocess.Popen(admin.command("event", "worker"), env=admin.environment, stderr=subprocess.DEVNULL)
    with started as worker, contextlib.ExitStack() as end:
        end.callback(worker.kill)
        eventually(lambda: admin.ok("event", "worker", "list", "--json").json)
        with EventBus.open(admin.config, deliver="external") as bus:
            bus.emit("repo.sync.start", {"repo_id": "a"})
            eventually(lambda: causes() == ["pause", "attempt"])
            bus.emit("repo.sync.start", {"repo_id": "b"})
        eventually(lambda: causes() == ["pause", "attempt", "pause", "attempt"])
        worker.kill()
        worker.wait()
    own, under_way, new, _ = waits()
    assert own["cause"] == "retry", "by its own schedule, whoever makes it"
    assert under_way["cause"] == "attempt" and under_way["until"] is not None
    assert under_way["reason"] == "the process of attempt 1 is gone; another follows at the end of its lease"
    assert (new["cause"], new["reason"]) == ("worker", "due; no process that delivers is running")
