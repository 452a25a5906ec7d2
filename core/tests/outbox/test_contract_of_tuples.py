"""The contract holds for an outbox that returns tuples, not lists: `Sequence` is all that is promised."""

from dataclasses import replace

import pytest

from pulp_events.outbox.records import Claim
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import OutboxContract
from pulp_events.testing.sqlite_work import sqlite_steps


class TupleOutbox(SQLiteOutbox):
    """Every list that a method returns is a tuple."""

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        return as_tuples(found) if not name.startswith("_") and callable(found) else found


def as_tuples(method):
    def call(*arguments, **named):
        found = method(*arguments, **named)
        if isinstance(found, Claim):
            return replace(found, deliveries=tuple(found.deliveries))
        return tuple(found) if isinstance(found, list) else found

    return call


class TupleHome:
    def __init__(self, folder):
        self.path = folder / "data" / "outbox.sqlite"
        self.clock = FakeClock()

    def open(self):
        return TupleOutbox(self.path, self.clock)

    def advance(self, seconds):
        self.clock.advance(seconds)

    def time(self):
        return self.clock.time()

    def work(self, outbox, call):
        return sqlite_steps(outbox, call)


@pytest.mark.slow
class TestTuples(OutboxContract):
    @pytest.fixture
    def home(self, tmp_path):
        return TupleHome(tmp_path)
