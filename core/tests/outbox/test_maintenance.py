"""What was deleted gives its space back to the file system, a little at a time."""

import contextlib
import sqlite3
from dataclasses import replace

from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.sqlite import maintenance
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import FINISHED
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LISTENER, new_event, result

STEP = 20


def pages(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [connection.execute(f"PRAGMA {which}").fetchone()[0] for which in ("page_count", "freelist_count")]


def test_space_is_given_back_in_small_steps_until_there_is_none_left(tmp_path, monkeypatch):
    monkeypatch.setattr(maintenance, "FREE_PAGES", STEP)
    path, clock = tmp_path / "outbox.sqlite", FakeClock()
    outbox = SQLiteOutbox(path, clock)
    outbox.add([replace(new_event(), report=b'"' + b"x" * 40_000 + b'"') for _ in range(10)])
    claim = outbox.claim([ClaimRequest(LISTENER, 10)], 60, "t")
    outbox.record([result(delivery, "succeed") for delivery in claim.deliveries])
    clock.advance(1000)
    full, goes_on, given_back = pages(path)[0], True, []
    while goes_on and len(given_back) < 20:
        before = pages(path)[0]
        goes_on = outbox.maintain(dict.fromkeys(FINISHED, 500.0))
        given_back.append(before - pages(path)[0])
    assert given_back[:4] == [STEP] * 4
    assert pages(path) == [full - sum(given_back), 0]
    outbox.close()
