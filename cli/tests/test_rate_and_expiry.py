"""`--rate` and `--expires`: taken, shown, refused, and named where a delivery waits or is dead for them."""

import json
import time

import pytest

from pulp_events import EventBus
from pulp_events.bus.deliveries import Deliveries
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.http_sink import HttpSink


def listener(admin, sink, *options):
    admin.ok("event", "listener", "http", "create", "--event-type=*", f"--url={sink.url}", *options)
    return admin.ok("event", "listener", "list", "--json").json[-1]


def emit_what_has_expired(admin):
    """Since it was stored: ten minutes ago, for one."""
    with EventBus.open(admin.config, deliver="external", clock=FakeClock(time.time() - 600)) as bus:
        bus.emit("repo.sync.start", expires=60)


def test_they_are_shown_changed_and_removed(admin):
    with HttpSink() as sink:
        found = listener(admin, sink, "--rate=100/m", "--expires=10m")
    assert (found["rate"], found["expires"]) == ("100/m", 600.0)
    shown = admin.ok("event", "listener", "list").out
    assert "Expires:           10m\n" in shown and "Rate:              100/m\n" in shown
    admin.ok("event", "listener", "http", "update", f"--listener-id={found['id']}", "--rate=", "--expires=1h")
    [found] = admin.ok("event", "listener", "list", "--json").json
    assert (found["rate"], found["expires"]) == (None, 3600.0)
    assert "Rate" not in admin.ok("event", "listener", "list").out


@pytest.mark.parametrize("option", ["--rate=10", "--rate=0/s", "--rate=10/fortnight", "--expires=soon", "--expires=0s"])
def test_what_is_neither_is_refused_in_a_line_that_says_what_is_right(admin, option):
    run = admin("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/", option)
    assert run.code in (1, 2) and run.err.count("\n") == 1
    assert ("10/s" if "rate" in option else "10m" if "soon" not in option else "5m") in run.err or "seconds" in run.err
    assert admin.ok("event", "listener", "list", "--json").json == []


def test_emit_does_not_wait_for_a_rate_that_allows_nothing_for_long_and_says_so(admin):
    with HttpSink() as sink:
        listener(admin, sink, "--rate=1/h")
        admin.ok("event", "emit", "repo.sync.start")
        run = admin("event", "emit", "repo.sync.start", "--timeout=1h")
        assert run.code == 1 and "waiting for its turn: the listener's rate is 1/h" in run.out
        assert len(sink.requests) == 1


def test_an_event_that_expires_says_so_wherever_it_is_shown(admin):
    with HttpSink() as sink:
        found = listener(admin, sink)
        admin.ok("event", "listener", "disable", f"--listener-id={found['id']}")
        emit_what_has_expired(admin)
        admin.ok("event", "emit", "repo.sync.finish", "--no-wait")
        last, first = admin.ok("event", "delivery", "list", "--json").json
        assert last["expires"] is None and first["expires"] > first["event_time"]
        assert "Expires:" in admin.ok("event", "delivery", "show", first["id"]).out
        assert "Expires:" not in admin.ok("event", "delivery", "show", last["id"]).out
        admin.ok("event", "listener", "enable", f"--listener-id={found['id']}")
        admin.ok("event", "worker", "--drain")
        assert [json.loads(request.body)["event_type"] for request in sink.requests] == ["repo.sync.finish"]
        assert "expired before it was delivered" in admin.ok("event", "delivery", "list", "--state=dead").out
        admin.ok("event", "delivery", "retry", first["id"])
        admin.ok("event", "worker", "--drain")
        assert len(sink.requests) == 2


@pytest.mark.parametrize("value", ["", "0s", "tomorrow", "-1h"])
def test_emit_refuses_what_is_no_expiry(admin, value):
    run = admin("event", "emit", "repo.sync.start", f"--expires={value}")
    assert run.code == 2 and run.err.count("\n") == 1 and "--expires" in run.err and "datetime" not in run.err


def test_a_drain_counts_from_before_it_began(admin, monkeypatch):
    """However slow the first count is; what is dead of its age at the first look is not among the delivered."""
    with HttpSink() as sink:
        listener(admin, sink)
        admin.ok("event", "emit", "repo.sync.start", "--no-wait")
        for _ in range(2):
            emit_what_has_expired(admin)
        count, slow = Deliveries.count, iter([True, True])

        def slowly(deliveries, query):
            if next(slow, False):
                time.sleep(0.2)
            return count(deliveries, query)

        monkeypatch.setattr(Deliveries, "count", slowly)
        assert admin.ok("event", "worker", "--drain").out == "1 delivery made, 2 dead\n"
        assert len(sink.requests) == 1
