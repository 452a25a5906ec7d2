"""A full disk, a locked, damaged or foreign file, a folder that cannot be written: said clearly, nothing is lost."""

import contextlib
import dataclasses
import errno
import logging
import os
import resource
import sqlite3
import subprocess
import sys
import textwrap
import time
from types import SimpleNamespace

import pytest

from pulp_events.errors import StoreBusy, StoreCorrupt, StoreError, StoreTooNew
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.sqlite import connection as connection_module
from pulp_events.outbox.sqlite import reader, schema, scrubbing
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.sqlite.writer import LOG_BYTES, Writer
from pulp_events.outbox.states import FINISHED
from pulp_events.system import data_dir
from pulp_events.system.clock import SystemClock
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract import LISTENER, new_event


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "outbox.sqlite"


@pytest.fixture
def outbox(path):
    opened = SQLiteOutbox(path)
    yield opened
    opened.close()


def test_the_file_is_its_owners_alone(outbox, path):
    outbox.add([new_event()])
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.with_name("outbox.sqlite-wal").stat().st_mode & 0o777 == 0o600


def test_a_closed_outbox_says_so_and_stores_nothing(outbox, path):
    outbox.close()
    with pytest.raises(StoreError, match="was closed by this process"):
        outbox.add([new_event()])
    with contextlib.closing(SQLiteOutbox(path)) as again:
        assert again.stats().pending == 0


def test_the_log_grows_while_somebody_reads_and_is_cut_afterwards(outbox, path):
    log = path.with_name("outbox.sqlite-wal")
    reading = sqlite3.connect(path, isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM pulp_delivery").fetchone()
    for _ in range(LOG_BYTES // 1_000_000 + 4):
        outbox.add([dataclasses.replace(new_event(), report=b" " * 1_000_000)])
    assert log.stat().st_size > LOG_BYTES
    reading.close()
    for _ in range(2):  # the first carries the log over, the second begins it again
        outbox.add([new_event()])
    assert log.stat().st_size <= LOG_BYTES


def test_a_folder_in_the_place_of_the_file_is_said_to_be_one_and_stays(path):
    path.mkdir(parents=True)
    for use in (SQLiteOutbox, lambda where: scrubbing.scrub(where, 1.0)):
        with pytest.raises(StoreError, match=r"outbox.sqlite: Is a directory; .*move it away"):
            use(path)
    assert path.is_dir() and not [one for one in path.parent.iterdir() if ".corrupt-" in one.name]


def test_a_file_of_garbage_is_set_aside_and_never_deleted(path, caplog):
    path.parent.mkdir()
    path.write_bytes(b"no database, but somebody's letters " * 200)
    before = path.read_bytes()
    with caplog.at_level(logging.ERROR):
        outbox = SQLiteOutbox(path)
    [kept] = [one for one in path.parent.iterdir() if ".corrupt-" in one.name]
    assert kept.read_bytes() == before
    assert str(kept) in caplog.text and str(path) in caplog.text
    outbox.add([new_event()])
    assert outbox.stats().pending == 1
    outbox.close()


def test_damage_inside_the_file_is_reported_and_the_next_start_sets_it_aside(path, caplog):
    outbox = SQLiteOutbox(path)
    outbox.add([new_event() for _ in range(500)])
    outbox.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    path.write_bytes(content)

    damaged = SQLiteOutbox(path)
    with pytest.raises(StoreCorrupt, match="damaged.*next start"):
        damaged.find(DeliveryQuery(), 1000)
    damaged.close()

    renewed = SQLiteOutbox(path)
    assert renewed.stats().pending == 0
    assert len([one for one in path.parent.iterdir() if ".corrupt-" in one.name and not one.name.endswith("-wal")]) >= 1
    assert "set aside" in caplog.text
    renewed.close()


def test_a_process_that_runs_on_when_its_file_is_set_aside_stores_into_the_new_one(path, outbox):
    outbox.add([new_event()])
    for name in ("outbox.sqlite", "outbox.sqlite-wal", "outbox.sqlite-shm"):
        path.with_name(name).rename(path.with_name(f"old-{name}"))
    event = new_event()
    outbox.add([event])
    assert [delivery.event_id for delivery in outbox.of_event(event.id)] == [event.id]
    other = SQLiteOutbox(path)
    assert other.stats().pending == 1
    other.close()


def test_a_newer_schema_is_refused_and_left_alone(path):
    SQLiteOutbox(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE pulp_outbox_meta SET value = 99 WHERE key = 'version'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="schema 99.*upgrade"):
        SQLiteOutbox(path)
    assert path.read_bytes() == before


def test_every_older_schema_becomes_the_present_one(tmp_path):
    for version in range(schema.VERSION + 1):
        path = tmp_path / f"v{version}.sqlite"
        connection = sqlite3.connect(path, isolation_level=None)
        for number in range(version):
            for statement in schema._statements(schema.MIGRATIONS[number]):
                connection.execute(statement)
            connection.execute("INSERT OR REPLACE INTO pulp_outbox_meta VALUES ('version', ?)", (number + 1,))
        connection.close()
        outbox = SQLiteOutbox(path)
        outbox.add([new_event()])
        assert outbox.stats().pending == 1
        outbox.close()


def test_a_database_that_stays_locked_is_an_error_after_a_while_and_stores_nothing(path, outbox, monkeypatch):
    monkeypatch.setattr(connection_module, "BUSY_TIMEOUT", 0.2)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="locked by another process"):
        outbox.add([new_event()])
    blocker.execute("ROLLBACK")
    blocker.close()
    outbox.add([new_event()])
    assert outbox.stats().pending == 1


def test_a_database_that_is_locked_for_a_moment_is_waited_for(path, outbox):
    code = """
        import sqlite3, sys, time
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        time.sleep(0.3)
        connection.execute("COMMIT")
    """
    blocker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert blocker.stdout.readline() == "locked\n"
    outbox.add([new_event()])
    assert outbox.stats().pending == 1
    blocker.communicate()


def test_a_full_disk_is_one_clear_error_and_what_was_there_stays(path):
    """RLIMIT_FSIZE stands for the end of the disk."""
    code = """
        import resource, signal, sys
        from pathlib import Path
        from pulp_events.errors import StoreError
        from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
        from pulp_events.testing.outbox_contract import new_event
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        outbox = SQLiteOutbox(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        stored = 0
        try:
            for _ in range(100_000):
                outbox.add([new_event()])
                stored += 1
        except StoreError as error:
            print(stored, error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert outbox.stats().pending == stored, (outbox.stats().pending, stored)
        outbox.add([new_event()])
        print(outbox.stats().pending)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    stored, message = first.split(" ", 1)
    assert int(last) == int(stored) + 1 > 10
    assert str(path) in message and "File too large" in message and "LimitFSIZE=" in message
    reopened = SQLiteOutbox(path)
    assert reopened.stats().pending == int(last)
    reopened.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user who may not write")
def test_a_folder_that_cannot_be_written_is_named_with_a_remedy(tmp_path):
    code = """
        import os, sys
        from pathlib import Path
        import filelock
        from pulp_events.errors import StoreError
        from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
        os.setuid(65534)
        try:
            SQLiteOutbox(Path(sys.argv[1]))
        except StoreError as error:
            print(error)
    """
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o755)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent.stat().st_uid == os.geteuid() and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(folder / "outbox.sqlite")],
        capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    assert str(folder) in done.stdout and "right to write" in done.stdout, done.stderr


def test_a_path_that_is_no_folder_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="name another folder as data_dir"):
        SQLiteOutbox(tmp_path / "file" / "outbox.sqlite")


def test_the_file_stops_growing_when_old_deliveries_are_cleaned(path):
    outbox = SQLiteOutbox(path, durable=False)
    sizes = []
    for _ in range(6):
        outbox.add([new_event() for _ in range(500)])
        outbox.bury(LISTENER, "over")
        while outbox.maintain(dict.fromkeys(FINISHED, 0.0)):
            pass
        sizes.append(path.stat().st_size)
    assert outbox.stats().dead == 0
    assert max(sizes[2:]) <= max(sizes[:2]) * 1.5
    outbox.close()


def test_resource_limits_are_as_before():
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_opening_another_connection_keeps_the_locks_of_those_that_are_open(path, outbox):
    """A process that lost its lock would lose its events: the last one to close deletes the log under its hands."""
    outbox.add([new_event()])
    outbox.stats()
    other = SQLiteOutbox(path)  # in this process
    other.stats()
    code = """
        import sys
        from pathlib import Path
        from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
        outbox = SQLiteOutbox(Path(sys.argv[1]))
        print(outbox.stats().pending)
        outbox.close()
    """
    count = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    assert subprocess.run(count, check=True, capture_output=True).stdout == b"1\n"
    outbox.add([new_event()])
    assert subprocess.run(count, check=True, capture_output=True).stdout == b"2\n"
    other.close()


def test_an_applications_own_database_is_never_renamed(path):
    path.parent.mkdir()
    path.write_bytes(b"no database, but somebody's letters " * 200)
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="left unchanged"):
        SQLiteOutbox(path, set_damaged_aside=False)
    assert path.read_bytes() == before
    assert not [one for one in path.parent.iterdir() if ".corrupt-" in one.name]


def test_a_commit_within_one_tick_of_the_file_system_is_seen(tmp_path, monkeypatch):
    log = SimpleNamespace(st_dev=1, st_ino=2, st_size=3, st_mtime=0.0, st_ctime=0.0, st_mtime_ns=0, st_ctime_ns=0)
    clock = FakeClock(wall=1.5)  # half a second after the tick that the log's time is of
    first, second = (SQLiteOutbox(tmp_path / "outbox.sqlite", clock) for _ in range(2))
    monkeypatch.setattr(reader, "os", SimpleNamespace(stat=lambda path: log))
    first.changed()
    for _ in range(20):
        second.add([new_event("a")])
        assert first.changed()
        clock.advance(0.1)
    clock.advance(3.0)
    assert not first.changed()
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "others_wrote", lambda *_: pytest.fail("asked though the log is as before"))
        assert not first.changed()
    # The disk was slow: what was written long ago is committed now.
    second.add([new_event("a")])
    clock.advance(reader.ASK)
    assert first.changed() and not first.changed()


class OftenBusy(sqlite3.Connection):
    """Each statement outside of a transaction finds the file locked at first, as when many processes open it."""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.refused = set()

    def execute(self, statement, *parameters):
        if not self.in_transaction and statement not in self.refused:
            self.refused.add(statement)
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error
        self.refused.discard(statement)
        return super().execute(statement, *parameters)


def test_every_statement_from_the_first_opening_on_waits_while_the_file_is_locked(path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, factory=OftenBusy, **named))
    outbox = SQLiteOutbox(path)
    outbox.add([new_event()])
    outbox.add([new_event(), new_event()])
    assert outbox.stats().pending == 3 and outbox.changed()
    assert len(outbox.claim([ClaimRequest(LISTENER, 5)], 60.0, "token").deliveries) == 3
    outbox.maintain(dict.fromkeys(FINISHED, 1.0))
    outbox.close()


@pytest.mark.slow
def test_as_long_as_others_commit_one_waits_for_ones_turn(path, outbox, monkeypatch):
    monkeypatch.setattr(connection_module, "BUSY_TIMEOUT", 1.0)
    code = """
        import sqlite3, sys, time
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        end = time.monotonic() + 3.0
        while time.monotonic() < end:  # holds it nearly all the time
            time.sleep(0.02)
            connection.execute("INSERT OR REPLACE INTO pulp_outbox_meta VALUES ('x', ?)", (time.monotonic(),))
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
    """
    others = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), str(path)], stdout=subprocess.PIPE, text=True)
    ]
    assert others[0].stdout.readline() == "locked\n"
    outbox.add([new_event()])
    assert outbox.stats().pending == 1
    for each in others:
        each.communicate()


FIRST = """
import sys, time
from pulp_events import EventBus
from pulp_events.system.ids import new_event_id
from pulp_events.testing.outbox_contract import new_event
time.sleep(max(0, float(sys.argv[2]) - time.time()))
with EventBus.open(data_dir=sys.argv[1], deliver="external", plugins=False) as bus:
    for n in range(25):
        event = new_event()
        event.id = new_event_id(time.time())
        bus.outbox.add([event])
"""


@pytest.mark.slow
@pytest.mark.timeout(320)
def test_sixty_processes_that_emit_into_a_new_outbox_all_get_their_turn(tmp_path):
    for number in range(1):
        folder = tmp_path / str(number)
        start = time.time() + 8
        command = [sys.executable, "-c", FIRST, str(folder), str(start)]
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(60)]
        errors = [error for process in processes if (error := process.communicate(timeout=300)[1])]
        assert not errors, errors[:2]
        outbox = SQLiteOutbox(folder / "outbox.sqlite")
        assert outbox.stats().pending == 1500
        outbox.close()


def test_a_lease_outlasts_the_sleep_of_the_machine(path):
    clock = FakeClock()
    first, second = (SQLiteOutbox(path, clock, boot="this one") for _ in range(2))
    first.add([new_event()])
    [delivery] = first.claim([ClaimRequest(LISTENER, 5)], 60.0, "token").deliveries
    clock.advance(30)
    clock.sleep(1200)
    assert not second.claim([ClaimRequest(LISTENER, 5)], 60.0, "other").deliveries
    clock.advance(31)
    assert [each.id for each in second.claim([ClaimRequest(LISTENER, 5)], 60.0, "other").deliveries] == [delivery.id]
    first.close()
    second.close()


def test_the_systems_clock_of_boot_time_never_stands_still_behind_the_monotonic_one():
    clock = SystemClock()
    monotonic, before = clock.monotonic(), clock.boottime()
    assert before >= monotonic - 1.0 and clock.boottime() >= before


FAULTY = """
import os, resource, subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from pulp_events.errors import StoreError
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.listeners.listener import Listener
from pulp_events.testing.outbox_contract import new_event
import filelock, pulp_events.system.remedies, tempfile
folder = Path(sys.argv[1])

def mount(*options):
    subprocess.run(["mount", *options, folder], check=True)

def store():
    for name in ("outbox", "listeners"):
        try:
            if name == "outbox":
                outbox = SQLiteOutbox(folder / "outbox.sqlite")
                for _ in range(3000):
                    outbox.add([new_event()])
            else:
                now = datetime.now(UTC)
                big = Listener("0" * 24, "http", {"x": "y" * 2_000_000}, ("*",), ("",), now, now)
                TinyDBListenerStore(folder).add(big)
        except StoreError as error:
            print(error)
"""


@pytest.mark.parametrize(
    ("number", "text", "other_folder"),
    [
        (errno.ENOSPC, "free some space on its disk", True),
        (errno.EDQUOT, "quota", True),
        (errno.EMFILE, "LimitNOFILE=", False),
        (errno.ENFILE, "fs.file-max", False),
        (errno.EACCES, "right to write", True),
        (errno.EPERM, "right to write", True),
        (errno.EROFS, "ReadWritePaths=", True),
        (errno.ENOENT, "create the missing folder", True),
        (errno.EIO, "the kernel log", True),
        (errno.EXDEV, "make sure that this process can write there", True),
    ],
)
def test_a_remedy_goes_by_the_number_of_the_error(tmp_path, number, text, other_folder):
    message = str(data_dir.unusable(tmp_path, OSError(number, os.strerror(number))))
    assert message.startswith(f"{tmp_path}: {os.strerror(number)}; ") and text in message
    assert ("name another folder as data_dir" in message) == other_folder


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount and to become another user")
@pytest.mark.parametrize(
    ("what", "texts"),
    [
        (
            'mount("-t", "tmpfs", "-o", "size=1m", "none"); store()',
            ["No space left on device", "free some space on its disk"],
        ),
        ('mount("-t", "tmpfs", "-o", "ro", "none"); store()', ["Read-only file system", "ReadWritePaths="]),
        (
            'SQLiteOutbox(folder / "outbox.sqlite").close(); mount("--bind", folder); '
            'mount("-o", "remount,ro,bind"); store()',
            ["Read-only file system", "ReadWritePaths="],
        ),
        (
            "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); store()",
            ["Too many open files", "LimitNOFILE="],
        ),
        ("os.setuid(65534); store()", ["Permission denied", "right to write"]),
        ('folder = folder / "file"; folder.write_text(""); store()', ["File exists", "move it away"]),
        ('folder = folder / "file" / "x"; folder.parent.write_text(""); store()', ["Not a directory", "move it away"]),
        ('folder = folder / ("x" * 300); store()', ["File name too long", "shorter"]),
        ('(folder / "loop").symlink_to("loop"); folder = folder / "loop" / "x"; store()', ["symbolic links", "loop"]),
    ],
    ids=["ENOSPC", "EROFS", "EROFS later", "EMFILE", "EACCES", "EEXIST", "ENOTDIR", "ENAMETOOLONG", "ELOOP"],
)
def test_each_error_of_the_system_has_its_own_remedy(tmp_path, what, texts):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if parent.stat().st_uid == os.geteuid() and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | 0o055)
    command = ["unshare", "--mount", sys.executable, "-c", f"{FAULTY}\n{what}", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stdout  # the outbox and the listeners, each in one line
    for line in lines:
        assert all(text.lower() in line.lower() for text in texts), line
        assert ("right to write" in line) == ("right to write" in texts), line
