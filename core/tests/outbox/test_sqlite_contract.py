"""The SQLite outbox does what every home of deliveries must do."""

import pytest

from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import OutboxContract
from pulp_events.testing.sqlite_work import sqlite_steps


class SQLiteHome:
    def __init__(self, folder):
        self.path = folder / "data" / "outbox.sqlite"
        self.clock = FakeClock()

    def open(self):
        return SQLiteOutbox(self.path, self.clock)

    def advance(self, seconds):
        self.clock.advance(seconds)

    def time(self):
        return self.clock.time()

    def work(self, outbox, call):
        return sqlite_steps(outbox, call)


class TestSQLiteOutbox(OutboxContract):
    @pytest.fixture
    def home(self, tmp_path):
        return SQLiteHome(tmp_path)
