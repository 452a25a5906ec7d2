"""Waiting for a locked file: what is to be noticed meanwhile is noticed, however long this process stood still."""

import sqlite3
from types import SimpleNamespace

import pytest

from pulp_events.outbox.sqlite import connection
from pulp_events.outbox.sqlite.connection import patiently


def locked():
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    raise error


def pass_time(monkeypatch, now, seconds):
    """So many with each pause."""
    time = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(connection, "time", time)


def test_who_stood_still_until_it_is_given_up_is_told_of_all_that_was_to_be_noticed_before(monkeypatch):
    """As on a machine that is busy or was suspended: the moments and the deadline pass between two looks."""
    now, noticed = [1000.0], []
    pass_time(monkeypatch, now, 10.0)
    moments = [(seconds, lambda seconds=seconds: noticed.append(seconds)) for seconds in (0.2, 1.0, 1.5)]
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        patiently(locked, timeout=1.5, noticing=moments)
    assert noticed == [0.2, 1.0]


def test_what_is_noticed_may_end_the_waiting(monkeypatch):
    now, seen = [1000.0], []
    pass_time(monkeypatch, now, 0.1)

    def refuse():
        seen.append(1)
        raise PermissionError("one's own")

    with pytest.raises(PermissionError):
        patiently(locked, timeout=60.0, noticing=[(0.5, refuse), (0.6, refuse)])
    assert seen == [1] and now[0] < 1001
