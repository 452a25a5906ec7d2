"""Backups: made while everything runs, restored whole or not at all, and known where somebody copies one by hand."""

import contextlib
import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from uuid import uuid4

import pytest

from pulp_events.errors import DiskFull, StoreBusy, StoreCorrupt, StoreError, StoreTooNew
from pulp_events.events.trace_context import from_text
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.sqlite import backup, foreign_log, schema, seal
from pulp_events.outbox.sqlite.connection import damage_marker
from pulp_events.outbox.sqlite.restore import restore
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.system import replacement
from pulp_events.testing.outbox_contract import new_event as contract_event
from pulp_events.testing.outbox_contract.traces import TRACES

NOW = 1_790_000_000.0


@pytest.fixture
def files(tmp_path):
    """Paths of an outbox, of listener records, and of a backup to be made."""
    (tmp_path / "data").mkdir(mode=0o700)
    listeners = tmp_path / "data" / "listeners.json"
    listeners.write_bytes(b'{"listeners": {"1": {}}}')
    listeners.chmod(0o600)
    return tmp_path / "data" / "outbox.sqlite", listeners, tmp_path / "backup"


def new_event():
    """One whose id no other process gives."""
    return replace(contract_event(), id=str(uuid4()))


def pending(path):
    outbox = SQLiteOutbox(path)
    try:
        return outbox.stats().pending
    finally:
        outbox.close()


def killed_in_use(path, events, more=0):
    """A process stores events and is killed: its log stays beside the database.

    `more`: events that it stores after what it had stored first was carried over into the database.
    """
    code = """
        import os, signal, sys
        from pathlib import Path
        from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
        from pulp_events.testing.outbox_contract import new_event as contract_event
        from dataclasses import replace
        from uuid import uuid4
        new_event = lambda: replace(contract_event(), id=str(uuid4()))
        outbox = SQLiteOutbox(Path(sys.argv[1]))
        for _ in range(int(sys.argv[2])):
            outbox.add([new_event()])
        if int(sys.argv[3]):
            outbox._writer._connection.get().execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        for _ in range(int(sys.argv[3])):
            outbox.add([new_event()])
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(path), str(events), str(more)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name(path.name + "-wal").stat().st_size


def test_a_backup_replaces_an_earlier_one_and_no_other_file(files, tmp_path):
    outbox, listeners, target = files
    target.touch()
    for _ in range(2):
        backup.write(outbox, listeners, target, NOW)
    link, others = tmp_path / "link", [tmp_path / "server.conf", tmp_path / "some.sqlite"]
    others[0].write_text("[events]\n")
    with contextlib.closing(sqlite3.connect(others[1])) as connection:
        connection.execute("CREATE TABLE own (a)")
    for other in others:
        content = other.read_bytes()
        link.unlink(missing_ok=True)
        link.symlink_to(other)
        for given in (other, link):
            with pytest.raises(StoreError, match=f"{other} is there already, and does not look like a backup; remove"):
                backup.write(outbox, listeners, given, NOW)
        assert other.read_bytes() == content


@pytest.mark.parametrize("length", [100, 5000])
def test_an_earlier_backup_that_was_torn_is_replaced(files, length):
    outbox, listeners, target = files
    backup.write(outbox, listeners, target, NOW)
    os.truncate(target, length)
    backup.write(outbox, listeners, target, NOW)
    assert backup.read(target).listeners == listeners.read_bytes()


def test_a_backup_is_made_while_others_write_and_holds_what_was_there(files):
    outbox, listeners, target = files
    busy = SQLiteOutbox(outbox)
    busy.add([new_event() for _ in range(20)])
    stop = threading.Event()

    def write():
        while not stop.is_set():
            busy.add([new_event()])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = backup.write(outbox, listeners, target, NOW)
    finally:
        stop.set()
        writer.join()
    assert made.deliveries >= 20 and made.listeners == listeners.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in target.parent.iterdir() if "backup" in path.name] == ["backup"]
    assert backup.read(target) == made
    busy.close()


def test_a_restored_backup_has_listeners_and_outbox_as_they_were(files):
    outbox, listeners, target = files
    first = SQLiteOutbox(outbox)
    first.add([new_event()])
    backup.write(outbox, listeners, target, NOW)
    first.add([new_event()])
    first.close()
    listeners.write_bytes(b"{}")

    made, kept = restore(target, outbox, listeners)
    assert made.made.timestamp() == NOW
    assert pending(outbox) == 1 and listeners.read_bytes() == made.listeners
    assert {path.name.partition(".before-")[0] for path in kept} == {"outbox.sqlite", "listeners.json"}
    assert pending(kept[0]) == 2
    assert outbox.stat().st_mode & 0o777 == listeners.stat().st_mode & 0o777 == 0o600


def test_files_of_plugins_come_back_together_with_the_rest(files):
    outbox, listeners, target = files
    own = listeners.with_name("own.json")
    own.write_bytes(b'{"then": 1}')
    made = backup.write(outbox, listeners, target, NOW, ["own.json", "absent.json"])
    assert made.files == {"own.json": b'{"then": 1}'} and backup.read(target) == made
    own.write_bytes(b'{"now": 2}')
    _, kept = restore(target, outbox, listeners)
    assert own.read_bytes() == b'{"then": 1}' and not own.with_name("absent.json").exists()
    assert [path.read_bytes() for path in kept if path.name.startswith("own.json.before-")] == [b'{"now": 2}']


def test_what_is_restored_is_for_whom_the_old_files_were(files):
    outbox, listeners, target = files
    SQLiteOutbox(outbox).close()
    backup.write(outbox, listeners, target, NOW)
    listeners.chmod(0o664)
    restore(target, outbox, listeners)
    assert [path.stat().st_mode & 0o777 for path in (listeners, outbox)] == [0o660, 0o600]


def test_events_and_deliveries_keep_their_trace_context(files):
    path, listeners, target = files
    outbox = SQLiteOutbox(path)
    told = {}
    for trace in TRACES:
        event = replace(new_event(), trace_context=trace)
        told[event.id] = from_text(trace)
        outbox.add([event])
    outbox.close()
    backup.write(path, listeners, target, NOW)
    outbox = SQLiteOutbox(path)
    outbox.erase([*told], None)
    outbox.close()
    restore(target, path, listeners)
    outbox = SQLiteOutbox(path)
    assert {each.id: each.trace_context for each in outbox.events(EventQuery(), 99)} == told
    assert {each.event_id: each.trace_context for each in outbox.find(DeliveryQuery(), 99)} == told
    outbox.close()


def test_a_backup_without_events_restores_the_listeners_and_leaves_no_outbox(files):
    outbox, listeners, target = files
    assert backup.write(outbox, listeners, target, NOW).has_outbox is False
    SQLiteOutbox(outbox).close()
    restore(target, outbox, listeners)
    assert not outbox.exists() and listeners.exists()


def test_nothing_is_restored_while_another_process_has_the_outbox_open(files):
    outbox, listeners, target = files
    SQLiteOutbox(outbox).close()
    backup.write(outbox, listeners, target, NOW)
    code = """
        import sys
        from pathlib import Path
        from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
        outbox = SQLiteOutbox(Path(sys.argv[1]))
        outbox.stats()
        print("open", flush=True)
        sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(outbox)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        other.stdout.readline()
        before = sorted(path.name for path in outbox.parent.iterdir())
        with pytest.raises(StoreBusy, match=rf"open in process {other.pid}; stop applications and workers"):
            restore(target, outbox, listeners)
        assert sorted({path.name for path in outbox.parent.iterdir()} - {"listeners.lock"}) == before
        other.stdin.close()


def spoilt(statement, *values):
    def spoil(target):
        with sqlite3.connect(target) as connection:
            connection.execute(statement, values)

    return spoil


def foreign(target):
    target.unlink()
    sqlite3.connect(target).executescript("CREATE TABLE t (a)")


def of_a_newer_schema(target):
    """With tables of which this release knows nothing."""
    with sqlite3.connect(target) as connection:
        connection.execute("ALTER TABLE pulp_event ADD COLUMN colour TEXT")
        connection.execute("UPDATE pulp_outbox_meta SET value = ? WHERE key = 'version'", (schema.VERSION + 1,))


NEW_RECORDS = b'{"format": {"1": {"version": 2}}, "listeners": {}}'
VALUE = "UPDATE pulp_backup SET value = ? WHERE name = ?"
FILES = "INSERT INTO pulp_backup VALUES ('files', ?)"


def test_who_opens_the_outbox_while_the_backup_is_copied_keeps_it(files):
    outbox, listeners, target = files
    one = SQLiteOutbox(outbox)
    one.add([new_event()])
    one.close()
    backup.write(outbox, listeners, target, NOW)
    code = """
        import sys
        from pathlib import Path
        from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
        outbox = SQLiteOutbox(Path(sys.argv[1]))
        outbox.stats()
        print("open", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(outbox)]
    others = []

    def come(found, old, new):
        others.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        others[0].stdout.readline()

    before = {name: (outbox.parent / name).stat().st_ino for name in ("outbox.sqlite", "listeners.json")}
    with pytest.raises(StoreBusy, match="nothing was changed"):
        restore(target, outbox, listeners, come)
    assert {name: (outbox.parent / name).stat().st_ino for name in before} == before
    assert not [path for path in outbox.parent.iterdir() if path.name.startswith(".")]
    with others[0] as other:
        other.stdin.close()
    assert restore(target, outbox, listeners)[0].deliveries == 1


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (lambda target: target.unlink(), StoreError, "no such file; name one written by `pulp-admin event backup`"),
        (lambda target: (target.unlink(), target.mkdir()), StoreError, "not a file"),
        (lambda target: target.write_bytes(b""), StoreError, "is not a backup"),
        (foreign, StoreError, "is not a backup; name a file written by"),
        (lambda target: target.write_bytes(b"letters " * 999), StoreCorrupt, "is damaged .*; use another backup"),
        (lambda target: os.truncate(target, target.stat().st_size // 2), StoreCorrupt, "is damaged"),
        (lambda target: os.truncate(target, target.stat().st_size - 4096), StoreCorrupt, "is damaged"),
        (of_a_newer_schema, StoreTooNew, "newer release .* restore it with that release"),
        (spoilt(VALUE, backup.FORMAT + 1, "format"), StoreTooNew, "newer release"),
        (spoilt(VALUE, NEW_RECORDS, "listeners"), StoreTooNew, "newer release .*listeners 2;"),
        (spoilt(VALUE, b'{"listeners": {"1": {}', "listeners"), StoreCorrupt, "the listeners, or their history"),
        (spoilt(VALUE, b'{"listeners": {"2": {}}}', "listeners"), StoreCorrupt, "the listeners, or their history"),
        (spoilt(VALUE, b"x", "history"), StoreCorrupt, "the listeners, or their history"),
        (spoilt("DELETE FROM pulp_backup WHERE name = ?", "format"), StoreCorrupt, "what it says of itself"),
        (spoilt(FILES, '{"../own.json": "00"}'), StoreCorrupt, "the name '../own.json'"),
        (spoilt(FILES, '{"listeners.json": "00"}'), StoreCorrupt, "the name 'listeners.json'"),
        (spoilt(FILES, '{"own.json": "x"}'), StoreCorrupt, "the files of plugins"),
        (spoilt(FILES, "[1]"), StoreCorrupt, "the files of plugins"),
        (spoilt(VALUE, "monday", "made"), StoreCorrupt, "what it says of itself"),
        (spoilt("UPDATE pulp_event SET report = ?", b"{"), StoreCorrupt, "is not valid JSON"),
        (spoilt("UPDATE pulp_event SET event_type = ?", "repo.sync.stopped"), StoreCorrupt, "not as it was written"),
        (spoilt(VALUE, "0" * 64, "whole"), StoreCorrupt, "not as it was written"),
        (spoilt(VALUE, 7, "whole"), StoreCorrupt, "not as it was written"),
        (spoilt("UPDATE pulp_backup SET name = 'whale' WHERE name = ?", "whole"), StoreCorrupt, "says of itself"),
    ],
)
def test_what_is_no_sound_backup_of_ours_is_refused_and_nothing_is_changed(files, spoil, kind, said):
    outbox, listeners, target = files
    one = SQLiteOutbox(outbox)
    one.add([new_event()])
    one.close()
    backup.write(outbox, listeners, target, NOW)
    spoil(target)
    before = {path: path.read_bytes() for path in outbox.parent.iterdir()}
    with pytest.raises(kind, match=said) as refused:
        restore(target, outbox, listeners)
    assert type(refused.value) is kind
    assert {path: path.read_bytes() for path in outbox.parent.iterdir()} == before


def test_torn_listeners_are_not_backed_up_as_if_they_were_sound(files):
    outbox, listeners, target = files
    listeners.write_bytes(b'{"listeners": {"1":')
    with pytest.raises(StoreCorrupt, match="listeners.json is truncated, .*; no backup was written"):
        backup.write(outbox, listeners, target, NOW)
    assert [path for path in target.parent.iterdir() if "backup" in path.name] == []


def test_a_backup_of_a_release_without_digests_is_restored(files):
    outbox, listeners, target = files
    SQLiteOutbox(outbox).close()
    backup.write(outbox, listeners, target, NOW)
    spoilt("DELETE FROM pulp_backup WHERE name IN ('digest', 'history', 'whole')")(target)
    found, _ = restore(target, outbox, listeners)
    assert found.listeners == listeners.read_bytes() and not found.is_sealed


def test_six_bytes_overwritten_anywhere_are_noticed_before_anything_is_changed(files):
    outbox, listeners, target = files
    one = SQLiteOutbox(outbox)
    one.add([new_event() for _ in range(300)])
    backup.write(outbox, listeners, target, NOW)  # while it is in use
    one.close()
    sound, dice = target.read_bytes(), random.Random(20)
    assert backup.read(target).is_sealed
    before = {path: path.read_bytes() for path in outbox.parent.iterdir()}
    for at in [0, 60, 96, *(dice.randrange(len(sound) - 6) for _ in range(60))]:
        target.write_bytes(sound[:at] + bytes(each ^ 0x5A for each in sound[at : at + 6]) + sound[at + 6 :])
        with pytest.raises(StoreError):
            restore(target, outbox, listeners)
    assert {path: path.read_bytes() for path in outbox.parent.iterdir()} == before
    target.write_bytes(sound)
    assert restore(target, outbox, listeners)[0].deliveries == 300


@pytest.mark.parametrize("length", [64, seal._BLOCK - 10, 2 * seal._BLOCK + 10])
def test_a_seal_holds_wherever_in_the_file_its_text_is_and_however_often(tmp_path, length):
    token = seal.placeholder()
    path = tmp_path / "file"
    content = b"a" * length + token.encode() + b"b" * (length - 64) + token.encode()
    path.write_bytes(content)
    seal.close(path, token)
    digest = path.read_bytes()[length : length + 64].decode()
    assert path.read_bytes() == content.replace(token.encode(), digest.encode()) and digest != token
    assert seal.is_whole(path, digest)
    path.write_bytes(path.read_bytes()[:-65] + b"c" + path.read_bytes()[-64:])
    assert not seal.is_whole(path, digest)


def test_a_damaged_backup_that_is_copied_to_the_place_of_the_outbox_is_set_aside(files, caplog):
    outbox, listeners, target = files
    one = SQLiteOutbox(outbox)
    one.add([new_event()])
    one.close()
    backup.write(outbox, listeners, target, NOW)
    spoilt("UPDATE pulp_event SET event_type = ?", "repo.sync.stopped")(target)
    for path in outbox.parent.glob("outbox.sqlite*"):
        path.unlink()
    shutil.copyfile(target, outbox)
    assert pending(outbox) == 0
    assert "set aside" in caplog.text and [*outbox.parent.glob("outbox.sqlite.corrupt-*")]


def test_the_outbox_itself_is_no_place_for_its_backup(files):
    outbox, listeners, _ = files
    SQLiteOutbox(outbox).close()
    for place in (outbox, listeners):
        with pytest.raises(StoreError, match="is in use"):
            backup.write(outbox, listeners, place, NOW)


def test_a_backup_that_is_copied_over_a_killed_outbox_does_not_get_its_log(files, caplog):
    """`cp backup outbox.sqlite`: SQLite would play the log of the old database into the new one."""
    outbox, listeners, target = files
    one = SQLiteOutbox(outbox)
    one.add([new_event()])
    one.close()
    backup.write(outbox, listeners, target, NOW)
    killed_in_use(outbox, 200)
    shutil.copyfile(target, outbox)
    assert foreign_log.is_backup(outbox)
    assert pending(outbox) == 1
    assert "belongs to another file" in caplog.text
    assert not foreign_log.is_backup(outbox)
    assert sqlite3.connect(outbox).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    killed_in_use(outbox, 3)  # its own log, from now on, is played
    assert pending(outbox) == 4
    assert [path.name for path in outbox.parent.iterdir() if ".corrupt-" in path.name] == []


def test_another_database_that_is_copied_over_a_killed_outbox_is_known_once_the_mixture_is_noticed(files, caplog):
    outbox, listeners, target = files
    one = SQLiteOutbox(outbox)
    one.add([new_event()])
    one.close()
    shutil.copyfile(outbox, target)  # not by us: nothing marks it
    killed_in_use(outbox, 400, more=150)
    shutil.copyfile(target, outbox)
    assert foreign_log.is_foreign(outbox)
    damage_marker(outbox).touch()  # as the first to meet the mixture leaves it
    assert pending(outbox) == 1
    assert "belongs to another file" in caplog.text
    assert [path.name for path in outbox.parent.iterdir() if ".corrupt-" in path.name] == []


def test_a_link_stays_and_what_it_leads_to_is_written(files, tmp_path):
    outbox, listeners, target = files
    (tmp_path / "link").symlink_to(target)
    for _ in range(2):  # first it leads nowhere, then to a backup
        backup.write(outbox, listeners, tmp_path / "link", NOW)
        assert (tmp_path / "link").is_symlink() and backup.read(target).listeners == listeners.read_bytes()


@pytest.mark.parametrize(
    "name",
    ["outbox.sqlite", "outbox.sqlite-wal", "listeners.json", "listeners.lock", "outbox.sqlite.lock", "link"],
)
@pytest.mark.parametrize("there", [False, True])
def test_a_backup_never_takes_the_place_of_what_is_backed_up(files, name, there):
    outbox, listeners, _ = files
    (outbox.parent / "link").symlink_to(outbox)
    listeners.unlink()
    if there:
        outbox.touch()
        listeners.write_bytes(b"{}")
    before = {path: path.exists() and path.read_bytes() for path in outbox.parent.iterdir()}
    with pytest.raises(StoreError, match="is in use; name another file"):
        backup.write(outbox, listeners, outbox.parent / name, NOW)
    assert {path: path.exists() and path.read_bytes() for path in outbox.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "give the user of this process the right to write there"),
        (errno.EROFS, "its file system is read-only: mount it writable"),
        (errno.ENOSPC, "free some space on its disk"),
    ],
)
def test_a_restore_that_cannot_write_names_the_folder_and_what_to_do_there(files, monkeypatch, number, said):
    outbox, listeners, target = files
    backup.write(*files, NOW)

    def refuse(folder):  # root, who may run this test, may write in any
        raise OSError(number, os.strerror(number), str(folder / ".restoring.tmp"))

    with monkeypatch.context() as patched, pytest.raises(StoreError) as refused:
        patched.setattr(replacement, "prepare", refuse)
        restore(target, outbox, listeners)
    assert str(refused.value).startswith(f"{outbox.parent}: {os.strerror(number)}; {said}")
    assert str(refused.value).endswith("; then run the restore again") and ".restoring" not in str(refused.value)
    assert isinstance(refused.value, DiskFull) == (number == errno.ENOSPC)


def test_a_backup_in_a_folder_that_is_not_there_says_so(files, tmp_path):
    with pytest.raises(StoreError, match=r"/nodir is not an existing folder; create it") as refused:
        backup.write(files[0], files[1], tmp_path / "nodir" / "x", NOW)
    assert "data_dir" not in str(refused.value)
