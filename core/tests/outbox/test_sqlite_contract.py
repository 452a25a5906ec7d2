"""The SQLite outbox does what every home of deliveries must do."""

import pytest

from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import OutboxContract


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
        """Steps of SQLite's machine, in tens."""
        steps = []
        outbox._writer.run(lambda connection: connection.set_progress_handler(lambda: steps.append(1), 10))
        call()
        outbox._writer.run(lambda connection: connection.set_progress_handler(None, 0))
        return len(steps)


class TestSQLiteOutbox(OutboxContract):
    @pytest.fixture
    def home(self, tmp_path):
        return SQLiteHome(tmp_path)
