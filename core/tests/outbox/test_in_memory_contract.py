"""The outbox in memory does what every home of deliveries must do."""

import pytest

from pulp_events.errors import StoreError
from pulp_events.outbox.sqlite.in_memory import Database, InMemoryOutbox
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import OutboxContract, new_event


class MemoryHome:
    def __init__(self):
        self.database = Database()
        self.clock = FakeClock()

    def open(self):
        return InMemoryOutbox(self.clock, self.database)

    def advance(self, seconds):
        self.clock.advance(seconds)

    def time(self):
        return self.clock.time()

    def work(self, outbox, call):
        """Steps of SQLite's machine, in tens."""
        steps = []
        self.database.connection.set_progress_handler(lambda: steps.append(1), 10)
        call()
        self.database.connection.set_progress_handler(None, 0)
        return len(steps)


class TestInMemoryOutbox(OutboxContract):
    @pytest.fixture
    def home(self):
        return MemoryHome()

    def test_a_connection_is_refused_as_no_transaction_reaches_here(self, outbox):
        with pytest.raises(StoreError, match="in memory"):
            outbox.add([new_event()], connection=object())
        assert outbox.stats().events == 0
