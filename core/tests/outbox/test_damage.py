"""Bits that flip in an outbox: an error that says what to do, then a new outbox, and what can be read is recovered."""

import contextlib
import random
import re
import sqlite3
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from pulp_events.errors import StoreCorrupt, StoreError
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.sqlite import backup, damage, schema
from pulp_events.outbox.sqlite.recover import recover
from pulp_events.outbox.sqlite.restore import restore
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import FINISHED
from pulp_events.outbox.stored_event import Addition
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LISTENER, result
from pulp_events.testing.outbox_contract import new_event as contract_event


def new_event(**options):
    return replace(contract_event(**options), id=str(uuid4()))


def always_the_same(number, dice):
    report = f'{{"n": {number}, "text": "Grüße \\u0000"}}'.encode()
    return replace(contract_event(), id=str(UUID(int=dice.getrandbits(128))), time=1.7e9 + number, report=report)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Content of an outbox of 300 deliveries, a third of them delivered.

    It is the same in each run, as what a flipped bit does depends on what is there.
    """
    path, dice = tmp_path_factory.mktemp("sound") / "outbox.sqlite", random.Random(300)
    outbox = SQLiteOutbox(path, FakeClock(), boot="")
    outbox.add([always_the_same(number, dice) for number in range(300)])
    claim = outbox.claim([ClaimRequest(LISTENER, 100)], 60, "t")
    outbox.record([result(delivery, "succeed") for delivery in claim.deliveries])
    outbox.close()
    return path.read_bytes()


def flip(content, dice, bits):
    damaged = bytearray(content)
    for _ in range(bits):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


QUESTIONS = {
    "ready": lambda outbox: outbox.ready(),
    "claim": lambda outbox: outbox.claim([ClaimRequest(LISTENER, 250)], 60, "t"),
    "find": lambda outbox: outbox.find(DeliveryQuery(), 1000),
    "attempts": lambda outbox: [outbox.attempts(each.id) for each in outbox.find(DeliveryQuery(), 5)],
    "stats": lambda outbox: (outbox.stats(), outbox.health()),
    "maintain": lambda outbox: outbox.maintain(dict.fromkeys(FINISHED, 0)),
    "add": lambda outbox: outbox.add([new_event()]),
}


def ask_all(path, seed):
    """Every question, until it is answered: none may fail with anything but a StoreError, nor with one for ever."""
    outbox = SQLiteOutbox(path)
    try:
        for name, ask in QUESTIONS.items():
            for _ in range(3):
                try:
                    ask(outbox)
                    break
                except StoreError as error:
                    assert "damaged" in str(error) or "nothing was stored" in str(error), (seed, name, error)
            else:
                raise AssertionError(f"seed {seed}: {name} is never answered")
    finally:
        outbox.close()


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits_are_an_error_once_and_then_there_is_a_new_outbox(tmp_path, sound, seed):
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(flip(sound, random.Random(seed), 1 + 8 * (seed % 4)))
    ask_all(path, seed)


def test_a_row_that_can_no_more_be_changed_stops_nobody(tmp_path, sound):
    """A bit of it made one of its values NULL, where none can be."""
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(sound)
    path.parent.chmod(0o700)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        stated = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'pulp_delivery'"
        column = ("attempts    INTEGER NOT NULL DEFAULT 0", "attempts    INTEGER DEFAULT 0")
        assert connection.execute(stated, column).rowcount == 1
        connection.commit()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        last = "(SELECT max(event_seq) FROM pulp_delivery WHERE state = 'pending')"
        assert connection.execute(f"UPDATE pulp_delivery SET attempts = NULL WHERE event_seq = {last}").rowcount == 1
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(stated, column[::-1])
        connection.commit()
    ask_all(path, "NULL")
    aside, *_ = sorted(tmp_path.glob("outbox.sqlite.corrupt-*"))  # before its log and index
    assert "NULL value in pulp_delivery.attempts" in damage.find(aside)


@pytest.mark.slow
def test_flipped_bits_many_times(tmp_path, sound):
    for seed in range(100, 500):
        folder = tmp_path / str(seed)
        folder.mkdir(mode=0o700)
        path = folder / "outbox.sqlite"
        path.write_bytes(flip(sound, random.Random(seed), 1 + 8 * (seed % 6)))
        ask_all(path, seed)


def test_a_catalogue_in_which_our_tables_are_not_found_is_damage_too(tmp_path, sound):
    """SQLite still knows them: they cannot be made, as for a new file."""
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(sound)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET type = 'uable' WHERE name = 'pulp_outbox_meta'")
    ask_all(path, 0)
    assert [each for each in tmp_path.iterdir() if ".corrupt-" in each.name]


@pytest.mark.parametrize("table", [each for each in schema.layout(schema.VERSION) if each != "pulp_outbox_meta"])
def test_a_column_whose_name_changed_is_found(tmp_path, sound, table):
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(sound)
    assert damage.find(path) == ""
    column = schema.layout(schema.VERSION)[table][-1]
    with sqlite3.connect(path) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO fi2st")
    assert f"table {table} has the columns" in damage.find(path)


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_an_older_outbox_is_not_damaged(tmp_path, version):
    path = tmp_path / "outbox.sqlite"
    with sqlite3.connect(path) as connection:
        for script in schema.MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute("INSERT INTO pulp_outbox_meta VALUES ('version', ?)", (version,))
    assert damage.find(path) == ""


def test_a_value_that_is_none_of_ours_is_damage_too(tmp_path, sound):
    """The pages are in order, the text in one is not: an integrity check of SQLite finds nothing."""
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(sound)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE pulp_delivery SET attempts = 'many' WHERE state = 'pending'")
    outbox = SQLiteOutbox(path)
    with pytest.raises(StoreCorrupt, match=r"is damaged.*'many' attempts.*event recover"):
        outbox.claim([ClaimRequest(LISTENER, 10)], 60, "t")
    assert outbox.ready() == {}
    assert len([each for each in tmp_path.iterdir() if ".corrupt-" in each.name and each.suffix[-4:] != "-wal"]) >= 1
    outbox.close()


def test_what_can_be_read_is_recovered_and_again_nothing_more(tmp_path, sound):
    damaged, path = tmp_path / "damaged.sqlite", tmp_path / "outbox.sqlite"
    content = bytearray(sound)
    reports = [found.start() for found in re.finditer(rb'"text": ', content)]
    middle = reports[len(reports) // 2] // 4096 * 4096
    content[middle : middle + 2 * 4096] = b"\xff" * (2 * 4096)
    damaged.write_bytes(content)
    found = recover(damaged, path)
    assert 200 < found.events < 300 and found.gaps + found.damaged > 0, found
    assert found.deliveries == found.events and found.pending >= 100
    assert not found.is_whole and found.missing is not None and found.events + found.damaged + found.missing >= 300
    assert found.missing < 100, "as many as have numbers there"
    outbox = SQLiteOutbox(path)
    stats = outbox.stats()
    assert (stats.pending, stats.delivered) == (found.pending, found.deliveries - found.pending)
    claimed = outbox.claim([ClaimRequest(LISTENER, 1000)], 60, "t").deliveries
    assert len(claimed) == found.pending
    outbox.close()
    again = recover(damaged, path)
    assert (again.events, again.deliveries, again.known) == (0, 0, found.events)
    assert damaged.read_bytes() == bytes(content)


def test_all_of_a_sound_outbox_is_recovered_with_its_log_and_what_was_under_way_is_due(tmp_path, sound):
    old, path = tmp_path / "old.sqlite", tmp_path / "outbox.sqlite"
    old.write_bytes(sound)
    in_use = SQLiteOutbox(old)
    in_use.claim([ClaimRequest(LISTENER, 5)], 3600, "held")
    found = recover(old, path)
    in_use.close()
    assert (found.events, found.deliveries, found.pending, found.attempts) == (300, 300, 200, 100)
    assert (found.damaged, found.gaps, found.missing) == (0, 0, 0) and found.is_whole
    outbox = SQLiteOutbox(path)
    assert outbox.ready() == {LISTENER: 0.0}
    assert len(outbox.claim([ClaimRequest(LISTENER, 1000)], 60, "t").deliveries) == 200
    outbox.close()


def test_events_without_deliveries_and_what_repeats_another_delivery_are_recovered_as_they_were(tmp_path):
    old, path = tmp_path / "old.sqlite", tmp_path / "outbox.sqlite"
    outbox = SQLiteOutbox(old)
    alone = replace(new_event(), deliveries=(), once=True, fingerprint="as given")
    event = new_event()
    outbox.add([alone, event])
    outbox.record([result(one, "succeed") for one in outbox.claim([ClaimRequest(LISTENER, 5)], 60, "t").deliveries])
    [repeat] = outbox.add_deliveries([Addition(event.id, LISTENER, repeat_of=f"{event.id}.0")])
    outbox.close()
    found = recover(old, path)
    assert (found.events, found.deliveries, found.pending, found.damaged) == (2, 2, 1, 0)
    outbox = SQLiteOutbox(path)
    assert outbox.add([replace(new_event(), id=alone.id, once=True, fingerprint="as given")]).keys() == {alone.id}
    assert [one.repeat_of for one in outbox.of_event(event.id)] == [None, f"{event.id}.0"]
    assert outbox.stats().events_alone == 1
    outbox.maintain(dict.fromkeys(FINISHED, 1e9), keep_events=1.0)
    assert outbox.event(alone.id) is None and outbox.event(event.id) is not None
    assert repeat == f"{event.id}.1"
    outbox.close()


def test_a_retry_that_is_recovered_is_due_when_it_was(tmp_path):
    old, path = tmp_path / "old.sqlite", tmp_path / "outbox.sqlite"
    before = SQLiteOutbox(old)
    before.add([new_event()])
    [failed] = before.claim([ClaimRequest(LISTENER, 1)], 60, "t").deliveries
    before.record([result(failed, "postpone", 1800)])
    before.close()
    recover(old, path)
    outbox = SQLiteOutbox(path)
    assert outbox.ready()[LISTENER] == pytest.approx(1800, abs=60)
    outbox.close()


def test_an_attempt_that_is_none_of_ours_is_left_out_of_what_is_recovered_and_counted(tmp_path, sound):
    old, path = tmp_path / "old.sqlite", tmp_path / "outbox.sqlite"
    old.write_bytes(sound)
    with contextlib.closing(sqlite3.connect(old)) as connection:
        connection.execute("UPDATE pulp_attempt SET started = 'yesterday' WHERE event_seq % 10 = 0")
        connection.commit()
    found = recover(old, path)
    assert (found.damaged, found.attempts, found.deliveries) == (10, 90, 300)


def test_recovery_refuses_what_it_cannot_use(tmp_path, sound):
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(sound)
    with pytest.raises(StoreError, match="is the outbox in use"):
        recover(path, path)
    with pytest.raises(StoreError, match="no such file"):
        recover(tmp_path / "absent", path)
    (tmp_path / "garbage").write_bytes(b"letters " * 1000)
    with pytest.raises(StoreError, match=r"nothing in it can be read .* event restore"):
        recover(tmp_path / "garbage", path)


@pytest.mark.parametrize("seed", range(6))
def test_recovery_of_any_damage_ends_and_leaves_the_outbox_sound(tmp_path, sound, seed):
    damaged, path = tmp_path / "damaged.sqlite", tmp_path / "outbox.sqlite"
    damaged.write_bytes(flip(sound, random.Random(seed), 40))
    try:
        recover(damaged, path)
    except StoreError as error:
        assert "nothing in it can be read" in str(error)
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_rows_are_recovered_where_the_list_of_tables_is_lost(tmp_path, sound):
    damaged, path = tmp_path / "damaged.sqlite", tmp_path / "outbox.sqlite"
    damaged.write_bytes(bytes(4096) + sound[4096:])
    assert recover(damaged, path).events == 300
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_dir()) == []


@pytest.mark.sample(5)
@pytest.mark.parametrize("restored", [False, True])
@pytest.mark.parametrize("vacuumed", [None, *range(1, schema.VERSION + 1)])
def test_all_rows_are_recovered_without_the_list_of_tables_also_after_an_erasure(tmp_path, vacuumed, restored):
    """Erasing writes the file anew, in which the tables then begin elsewhere; later tables come after these."""
    old, path = tmp_path / "old.sqlite", tmp_path / "outbox.sqlite"
    if vacuumed is not None:
        with contextlib.closing(sqlite3.connect(old, isolation_level=None)) as connection:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            for script in schema.MIGRATIONS[:vacuumed]:
                connection.executescript(script)
            connection.execute("INSERT INTO pulp_outbox_meta VALUES ('version', ?)", (vacuumed,))
            connection.execute("VACUUM")
    outbox = SQLiteOutbox(old)
    events = [new_event() for _ in range(200)]
    outbox.add(events)
    outbox.record([result(one, "succeed") for one in outbox.claim([ClaimRequest(LISTENER, 100)], 60, "t").deliveries])
    erasure = outbox.begin_erasure("alice", "where payload.a == '…'")
    outbox.erase([events[0].id, events[150].id], erasure)
    outbox.close()
    if restored:
        backup.write(old, tmp_path / "listeners.json", tmp_path / "backup", 0.0)
        restore(tmp_path / "backup", old, tmp_path / "listeners.json")
    content = old.read_bytes()
    (tmp_path / "damaged.sqlite").write_bytes(bytes(4096) + content[4096:])
    found = recover(tmp_path / "damaged.sqlite", path)
    assert (found.events, found.deliveries, found.attempts, found.damaged, found.gaps) == (200, 200, 100, 0, 0)
    outbox = SQLiteOutbox(path)
    [kept] = outbox.erasures(5)
    assert (kept.by, kept.asked) == ("alice", "where payload.a == '…'")
    assert [outbox.event(each.id).erased is not None for each in (events[0], events[1])] == [True, False]
    assert outbox.stats().pending == 99
    outbox.close()
