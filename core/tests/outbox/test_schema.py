"""Outboxes that an earlier release made: brought up to date with what is in them, and recovered as well."""

import contextlib
import sqlite3

import pytest

from pulp_events.outbox.records import EXPIRED, ClaimRequest, DeliveryQuery, NewDelivery, NewEvent
from pulp_events.outbox.sqlite import schema
from pulp_events.outbox.sqlite.recover import recover
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LISTENER


def made_by(version, path):
    """A delivered and a pending delivery, as that version of the tables has them."""
    with sqlite3.connect(path) as connection:
        for script in schema.MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute("INSERT INTO pulp_outbox_meta VALUES ('version', ?)", (version,))
        for seq, state in ((1, "delivered"), (2, "pending")):
            event = (seq, f"event-{seq}", "repo.sync.start", 1.7e9, "here", b'{"payload": {}, "call_report": {}}')
            connection.execute(
                "INSERT INTO pulp_event (seq, id, event_type, time, source, report) VALUES (?, ?, ?, ?, ?, ?)", event
            )
            connection.execute(
                "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state) VALUES (?, 0, ?, '', ?)",
                (seq, LISTENER, state),
            )
    path.chmod(0o600)


class RaisedByAHandler(Exception):
    pass


class Interrupted(sqlite3.Connection):
    """As where a signal handler raises just after a statement."""

    after = ""

    def execute(self, sql, *arguments):
        found = super().execute(sql, *arguments)
        if self.after and sql.startswith(self.after):
            raise RaisedByAHandler
        return found


@pytest.mark.parametrize("after", ["BEGIN", "CREATE", "INSERT", "COMMIT"])
def test_what_a_signal_handler_raises_amid_a_migration_is_what_comes_out_of_it(tmp_path, after):
    connection = sqlite3.connect(tmp_path / "outbox.sqlite", factory=Interrupted, isolation_level=None)
    connection.after = after
    with contextlib.closing(connection):
        with pytest.raises(RaisedByAHandler):
            schema.migrate(connection, "outbox")
        assert not connection.in_transaction and schema.version(connection) == (
            schema.VERSION if after == "COMMIT" else 0
        )
        connection.after = ""
        schema.migrate(connection, "outbox")
        assert schema.version(connection) == schema.VERSION


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_tables_of_each_earlier_version_are_migrated_with_what_is_in_them(tmp_path, version):
    path = tmp_path / "outbox.sqlite"
    made_by(version, path)
    outbox = SQLiteOutbox(path)
    assert [(one.id, one.state.value, one.expires) for one in outbox.find(DeliveryQuery(), 9)] == [
        ("event-2.0", "pending", None), ("event-1.0", "delivered", None),
    ]  # fmt: skip
    assert [(one.scope, one.scope_known) for one in outbox.find(DeliveryQuery(), 9)] == [(None, False)] * 2
    assert outbox.count(DeliveryQuery(without_scope=True)) == 0
    assert len(outbox.events(EventQuery(scope_unknown=True), 9)) == 2
    claimed = outbox.claim([ClaimRequest(LISTENER, 9)], 60, "t").deliveries
    assert [(one.id, one.scope, one.scope_known) for one in claimed] == [("event-2.0", None, False)]
    assert [(one.scope, one.scope_known) for one in outbox.events(EventQuery(), 9)] == [(None, False)] * 2
    assert [one.trace_id for one in outbox.events(EventQuery(), 9)] == [None] * 2
    assert outbox.events(EventQuery(without_scope=True), 9) == outbox.events(EventQuery(scope="a"), 9) == []
    outbox.close()
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    SQLiteOutbox(tmp_path / "new" / "outbox.sqlite").close()
    with sqlite3.connect(tmp_path / "new" / "outbox.sqlite") as connection:
        new = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    assert found == new


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_what_an_earlier_version_made_is_recovered(tmp_path, version):
    made_by(version, tmp_path / "damaged.sqlite")
    found = recover(tmp_path / "damaged.sqlite", tmp_path / "outbox.sqlite")
    assert (found.deliveries, found.pending, found.damaged, found.gaps) == (2, 1, 0, 0)
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite")
    assert [(one.scope, one.scope_known) for one in outbox.events(EventQuery(), 9)] == [(None, False)] * 2
    outbox.close()


def test_what_a_process_of_an_earlier_release_stores_into_a_migrated_outbox_has_no_known_scope(tmp_path):
    """Those that run go on running while the first of this release migrates it."""
    path = tmp_path / "outbox.sqlite"
    made_by(6, path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as earlier:
        insert = (
            "INSERT INTO pulp_event (id, event_type, time, source, report) VALUES (?, 'repo.x', 1.8e9, '', x'7b7d')"
        )
        earlier.execute(insert, ("before",))
        outbox = SQLiteOutbox(path)
        earlier.execute(insert, ("after",))
        outbox.add([NewEvent("of this", "repo.x", 1.8e9, "", b"{}", (), scope="a")])
        found = {one.id: (one.scope, one.scope_known) for one in outbox.events(EventQuery(["repo.x"]), 9)}
        assert found == {"before": (None, False), "after": (None, False), "of this": ("a", True)}
        outbox.close()


def test_scopes_are_recovered(tmp_path):
    old = SQLiteOutbox(tmp_path / "damaged.sqlite")
    scopes = {"one": "a", "two": None}
    old.add([NewEvent(each, "repo.x", 1.8e9, "", b"{}", (), scope=scope) for each, scope in scopes.items()])
    old.close()
    recover(tmp_path / "damaged.sqlite", tmp_path / "outbox.sqlite")
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite")
    found = outbox.events(EventQuery(), 9)
    assert {one.id: one.scope for one in found} == scopes and all(one.scope_known for one in found)
    outbox.close()


def test_trace_contexts_are_recovered_and_one_that_is_damaged_is_found(tmp_path):
    path, trace = tmp_path / "damaged.sqlite", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    old = SQLiteOutbox(path)
    traces = {"one": f"{trace} a=1", "two": None, "damaged": trace}
    old.add([NewEvent(each, "repo.x", 1.8e9, "", b"{}", (), trace_context=it) for each, it in traces.items()])
    old.close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE pulp_event SET trace_context = x'00' WHERE id = 'damaged'")
    assert recover(path, tmp_path / "outbox.sqlite").damaged == 1
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite")
    found = {one.id: dict(one.trace_context) for one in outbox.events(EventQuery(), 9)}
    assert found == {"one": {"traceparent": trace, "tracestate": "a=1"}, "two": {}}
    outbox.close()


def test_what_is_recovered_still_expires(tmp_path):
    clock = FakeClock()
    old = SQLiteOutbox(tmp_path / "damaged.sqlite", clock)
    deliveries = [NewDelivery(LISTENER, expires=clock.time() + 60), NewDelivery(LISTENER)]
    old.add([NewEvent("event", "repo.sync.start", clock.time(), "here", b"{}", deliveries)])
    old.close()
    recover(tmp_path / "damaged.sqlite", tmp_path / "outbox.sqlite")
    clock.advance(61)
    outbox = SQLiteOutbox(tmp_path / "outbox.sqlite", clock)
    assert [one.id for one in outbox.claim([ClaimRequest(LISTENER, 9)], 60, "t").deliveries] == ["event.1"]
    assert [one.detail for one in outbox.find(DeliveryQuery(state="dead"), 9)] == [EXPIRED]
    outbox.close()
