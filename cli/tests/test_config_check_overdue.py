"""What `config check` calls due: not what waits for a rate, an order, or for an endpoint that is left alone."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import EventBus, Listener
from pulp_events.health.overdue import MOST, Rules, overdue
from pulp_events.outbox.rate import SLACK
from pulp_events.outbox.records import Due
from pulp_events.outbox.standing import Hold, HoldCause, Standing
from pulp_events.plugins.registry import Plugins
from pulp_events.system.clock import from_timestamp
from pulp_events.testing.clock import FakeClock

CHECK = ("event", "config", "check", "--json")
NOW = datetime(2026, 1, 2, tzinfo=UTC)
TIME = NOW.timestamp()


class Outbox:
    """One with so much due, since so long."""

    def __init__(self, count, longest, stands):
        self.found, self.stands = Due(count, longest), stands

    def due(self, ids, most):
        return Due(min(self.found.count, most), self.found.longest) if ids else Due(0, 0.0)

    def standing(self, ids, with_first=()):
        return dict.fromkeys(ids, self.stands)


def late(stands=Standing(), window=0.0, count=3, longest=600.0, **attributes):  # noqa: B008  # it is frozen
    listener = Listener(
        id="a" * 24, notifier_type_id="http", notifier_config={}, event_types=("*",), targets=("",), created=NOW,
        updated=NOW, **attributes,
    )  # fmt: skip
    rules = Rules(lambda each: window, lambda each: each.rate, lanes=2)
    found = overdue([listener], Outbox(count, longest, stands), rules, TIME)
    return found.count, found.longest


def hold(ends, cause=HoldCause.CIRCUIT):
    return Standing(hold=Hold(cause, TIME + ends))


def first(due=None):
    return Standing(first="e.0", first_due=None if due is None else from_timestamp(TIME + due))


@pytest.mark.parametrize(
    ("stands", "attributes", "expected"),
    [
        (Standing(), {}, (3, 600.0)),
        (Standing(), {"longest": 59.0}, (0, 0.0)),
        (Standing(), {"window": 500.0}, (3, 100.0)),
        (Standing(), {"window": 550.0}, (0, 0.0)),
        (Standing(), {"muted_until": NOW - timedelta(seconds=50)}, (0, 0.0)),
        (Standing(), {"muted_until": NOW - timedelta(seconds=70)}, (3, 600.0)),
        (hold(30), {}, (0, 0.0)),
        (hold(30, HoldCause.PAUSE), {}, (0, 0.0)),
        (hold(-30), {}, (0, 0.0)),
        (hold(-90), {}, (3, 600.0)),
        (first(), {"lanes": 1}, (1, 600.0)),
        (first(3000), {"lanes": 1}, (0, 0.0)),
        (first(-30), {"lanes": 1}, (0, 0.0)),
        (first(-90), {"lanes": 1}, (1, 90.0)),
        (Standing(), {"rate": "1/h"}, (3, 600.0)),
        (Standing(spent_until=TIME + 3000), {"rate": "1/h"}, (0, 0.0)),
        (Standing(spent_until=TIME - 30), {"rate": "1/h"}, (0, 0.0)),
        (Standing(spent_until=TIME - 90), {"rate": "1/h"}, (1, 90.0 + SLACK)),
        (Standing(spent_until=TIME - 90), {"rate": "1000/s", "count": 2000}, (int(SLACK * 1000) + 1, 90.0 + SLACK)),
        (Standing(), {"count": 9999}, (MOST + 1, 600.0)),
    ],
)  # fmt: skip
def test_what_could_have_been_attempted_is_what_counts(stands, attributes, expected):
    count, longest = late(stands, **attributes)
    assert count == expected[0] and longest == pytest.approx(expected[1])


def problems(run):
    return [each["text"] for each in run.json["findings"] if each["state"] == "problem" and each["what"] == "workers"]


@pytest.mark.parametrize(
    ("option", "waits"),
    [
        ("--rate=1/h", "INSERT INTO pulp_rate VALUES (?1, ?2, 1.0, 0)"),
        ("--lanes=1", "UPDATE pulp_delivery SET ready_at = ?2, attempts = 1 WHERE listener_id = ?1 AND event_seq = 1"),
    ],
)
def test_what_a_file_says_of_them_counts(admin, option, waits):
    listener = admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", option)
    with EventBus.open(admin.config, deliver="external", plugins=Plugins(), clock=FakeClock(time.time() - 600)) as bus:
        bus.emit_many([("repo.sync.start", {"repo_id": "pulp2"})] * 3)
    assert len(problems(admin(*CHECK))) == 1
    for until, number in ((3000, 0), (-30, 0), (-120, 1)):
        with contextlib.closing(sqlite3.connect(admin.data / "outbox.sqlite")) as connection, connection:
            connection.execute("DELETE FROM pulp_rate")
            connection.execute(waits, (listener, time.time() + until))
        said = problems(admin(*CHECK))
        assert len(said) == number
    assert said[0].startswith("1 delivery is due, the first for 2m")
