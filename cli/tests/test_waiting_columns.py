"""What pending deliveries wait for, and until when, yields to nothing but their ids and states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import EventBus
from pulp_events.bus.wait_cause import WaitCause, WaitingFor
from pulp_events_cli.output.delivery_tables import NextAttempts

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def waiting(admin):
    """Deliveries that failed or are muted, to two endpoints and to two people."""
    with EventBus.open(admin.config, deliver="external") as bus:
        hook = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="dig")
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"], name="ci-builds-of-the-team")
        for _ in range(3):
            bus.emit("repo.sync.finish", {"repo_id": "r"})
        mail = {"subject": "s", "addresses": ["someone.with.a.name@mail.example", "other@mail.example"]}
        bus.listeners.create("email", mail, ["repo.sync.start"], name="people")
        bus.emit("repo.sync.start", {"repo_id": "r"})
        bus.listeners.mute(hook.id, 10_000, reason="moving to other hardware")
        bus.outbox.bury(hook.id, "404 Not Found: there is no such hook here; ask the team that runs the receiver")
        bus.emit("repo.sync.finish", {"repo_id": "r"})


@pytest.mark.slow
def test_when_and_why_a_delivery_waits_is_shown_at_any_width(lines, waiting):
    for width, *options in (
        (80, "--state=pending", "--event-type=repo.sync.start"),
        (80, "--listener-id=dig", "--limit=2"),
        (60, "--state=pending"),
        (40,),
    ):
        heading, *rows = lines(width, "event", "delivery", "list", "--quiet", *options)
        assert {"ID", "NEXT", "WAITS"} <= set(heading.split()), (width, options, heading)
        assert max(map(len, [heading, *rows])) <= width


@pytest.mark.slow
def test_targets_come_before_event_types_only_where_they_tell_deliveries_apart(lines, waiting):
    words = ("event", "delivery", "list", "--quiet")
    heading, *_ = lines(80, *words)
    assert "TARGET" in heading and "EVENT TYPE" not in heading
    # Of four rows, two are to people, for one event; of the newest three, one is.
    heading, *_ = lines(80, *words, "--limit=3")
    assert "TARGET" not in heading and "EVENT TYPE" in heading


def test_the_time_alone_is_the_next_time_that_a_clock_shows_so():
    kind = NextAttempts(lambda: NOW)
    moments = [NOW + timedelta(**span) for span in ({"minutes": 41}, {"hours": 23}, {"days": 2}, {"days": 400})]
    waits = [WaitingFor(WaitCause.RETRY, "", moment) for moment in moments]
    local = [each.astimezone() for each in moments]
    expected = [f"{local[0]:%H:%M}", f"{local[1]:%H:%M}", f"{local[2]:%m-%d}", f"{local[3]:%m-%d %H:%M}"]
    assert kind.levels(waits, None)[-1] == expected
    assert kind.levels([None, WaitingFor(WaitCause.WORKER, "")], None)[-1] == ["-", "now"]
