"""Versions of files: by their content while their times prove nothing, and cheap when asked thousands of times."""

import itertools
import os
import stat
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulp_events.system import file_version
from pulp_events.system.file_version import MANY, TICK, VERIFY, FileVersions
from pulp_events.testing.clock import FakeClock


class CoarseDisk:
    """One file on a file system that counts times in steps of `tick` seconds, and gives its inode again to what
    replaces it."""

    def __init__(self, clock, tick):
        self.clock, self.tick = clock, tick
        self.content, self.time = b"", 0.0
        self.reads = self.stats = 0

    def write(self, content):
        self.content = content
        self.time = self.clock.time() // self.tick * self.tick

    def stat(self, path):
        self.stats += 1
        return SimpleNamespace(
            st_mode=stat.S_IFREG, st_dev=1, st_ino=2, st_size=len(self.content), st_mtime=self.time, st_ctime=self.time,
            st_mtime_ns=int(self.time * 1e9), st_ctime_ns=int(self.time * 1e9),
        )  # fmt: skip

    def open(self, path, mode):
        import io

        self.reads += 1
        return io.BytesIO(self.content)


@pytest.fixture
def clock():
    return FakeClock(1_000_000.0)


@pytest.fixture
def versions(clock):
    return FileVersions(clock)


@pytest.fixture
def coarse(clock, monkeypatch):
    disk = CoarseDisk(clock, 2.0)
    monkeypatch.setattr(file_version, "os", SimpleNamespace(stat=disk.stat, fspath=os.fspath))
    monkeypatch.setattr(file_version, "open", disk.open, raising=False)
    return disk


@given(
    steps=st.lists(
        st.tuples(st.sampled_from([0.0, 0.01, 0.4, 0.999, 1.0, 1.9, 2.0, 2.1, 5.0, 30.0]), st.sampled_from("ab-")),
        max_size=30,
    ),
    tick=st.sampled_from([0.004, 1.0, 2.0]),
)
@settings(deadline=None, max_examples=2 * settings.default.max_examples)
def test_a_version_is_another_exactly_where_the_content_is(steps, tick):
    clock = FakeClock(1_000_000.0)
    disk, versions, seen = CoarseDisk(clock, tick), FileVersions(clock), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_version, "os", SimpleNamespace(stat=disk.stat, fspath=os.fspath))
        patch.setattr(file_version, "open", disk.open, raising=False)
        for wait, written in steps:
            clock.advance(wait)
            if written != "-":
                disk.write(written.encode())  # always of one size
            seen.setdefault(disk.content, set()).add(versions.of("/f", hold=0.0))
    assert all(len(each) == 1 for each in seen.values())
    assert len(set.union(set(), *seen.values())) == len(seen)


def test_a_file_whose_times_are_old_is_not_read_at_each_question(coarse, versions, clock):
    coarse.write(b"x")
    for _ in range(1000):
        clock.advance(0.01)
        versions.of("/f", hold=0.0)
    assert coarse.reads <= TICK / 0.01 + 2
    clock.advance(VERIFY)
    before = coarse.reads
    coarse.content = b"y"  # the times do not tell
    seen = versions.of("/f")
    assert coarse.reads == before + 1
    coarse.content = b"x"
    clock.advance(VERIFY)
    assert versions.of("/f") != seen


def test_times_that_are_still_to_come_are_never_trusted(coarse, versions, clock):
    coarse.write(b"x")
    clock.jump(-3600.0)
    clock.advance(60.0)
    first = versions.of("/f")
    clock.advance(60.0)
    versions.of("/f")
    coarse.content = b"y"
    clock.advance(1.0)
    assert versions.of("/f") != first


def test_an_answer_holds_as_long_as_the_caller_says(coarse, versions, clock):
    for hold, step in ((0.5, 0.01), (0.001, 0.0001)):
        clock.advance(1.0)
        before = coarse.stats
        for _ in range(100):
            versions.of("/f", hold)
            clock.advance(step)
        assert 2 <= coarse.stats - before <= 11


def test_a_large_file_costs_its_beginning_while_its_times_are_young(coarse, versions, clock, monkeypatch):
    spent = itertools.count(0.0, 0.005)  # a reading takes 5 ms
    monkeypatch.setattr(file_version, "time", SimpleNamespace(thread_time=lambda: next(spent)))
    head = b'{"format": {"1": {"changes": %d}}}'
    body = b"x" * 100_000
    coarse.write(head % 1 + body)
    first = versions.of("/f", 0.0)
    coarse.write(head % 2 + body)
    clock.advance(0.001)
    second = versions.of("/f", 0.0)
    assert second != first, "the beginning is compared each time"
    coarse.content = head % 2 + body[:-1] + b"y"
    clock.advance(0.001)
    assert versions.of("/f", 0.0) == second, "the rest is not"
    clock.advance(0.3)
    assert versions.of("/f", 0.0) != second, "but soon"


def test_a_small_file_is_read_whole_though_reading_it_took_long(coarse, versions, clock, monkeypatch):
    spent = itertools.count(0.0, 0.05)  # as where garbage is collected just then
    monkeypatch.setattr(file_version, "time", SimpleNamespace(thread_time=lambda: next(spent)))
    head = b'{"listeners": ' + b" " * 256
    coarse.write(head + b"x")
    first = versions.of("/f", 0.0)
    coarse.content = head + b"y"
    clock.advance(1)
    assert versions.of("/f", 0.0) != first


def test_a_real_file_of_the_same_size_and_time_is_seen(versions, clock, tmp_path):
    path = tmp_path / "token"
    seen = set()
    for number in range(50):
        path.write_text(f"secret-{number:03}")
        os.utime(path, ns=(10**18, 10**18))
        seen.add(versions.of(path, 0.0))
    assert len(seen) == 50
    clock.advance(TICK + 1)
    versions.of(path, 0.0)
    before = versions.of(path, 0.0)
    replacement = tmp_path / "new"
    replacement.write_text("secret-xyz")
    os.utime(replacement, ns=(10**18, 10**18))
    replacement.replace(path)
    assert versions.of(path, 0.0) != before


def test_the_same_content_again_is_the_same_version(versions, clock, tmp_path):
    path = tmp_path / "token"
    path.write_text("a")
    first = versions.of(path)
    clock.advance(5.0)
    path.unlink()
    assert versions.of(path) is None
    clock.advance(5.0)
    path.write_text("a")
    assert versions.of(path) == first


def test_a_link_that_points_elsewhere_is_seen(versions, tmp_path):
    (tmp_path / "1").write_text("old")
    (tmp_path / "2").write_text("new")
    link = tmp_path / "token"
    link.symlink_to("1")
    before = versions.of(link, 0.0)
    link.unlink()
    link.symlink_to("2")
    assert versions.of(link, 0.0) not in (before, None)


def test_what_is_missing_unreadable_or_no_file_has_a_version_and_raises_nothing(versions, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    readable = versions.of(tmp_path / "file", 0.0)
    assert versions.of(tmp_path / "absent") is None
    assert versions.of(tmp_path / "file" / "below") is None
    assert versions.of(tmp_path / "pipe") is not None  # and nothing waits for a writer
    assert versions.of(tmp_path / "loop") is not None

    def refuse(path, mode):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(file_version, "open", refuse, raising=False)
        assert versions.of(tmp_path / "file", 0.0) not in (readable, None)
    assert versions.of(tmp_path / "file", 0.0) == readable


def test_a_folder_of_certificates_changes_with_any_of_them(versions, clock, tmp_path):
    (tmp_path / "a.pem").write_text("a")
    seen = [versions.of(tmp_path)]
    for change in (
        lambda: (tmp_path / "b.pem").write_text("b"),
        lambda: (tmp_path / "a.pem").write_text("c"),
        lambda: (tmp_path / "a.pem").unlink(),
    ):
        change()
        clock.advance(1.0)
        seen.append(versions.of(tmp_path))
    assert len(set(seen)) == 4


def test_files_that_nobody_asks_for_are_forgotten(coarse, versions, clock):
    for number in range(20 * MANY):
        versions.of(f"/{number}")
        clock.advance(0.1)
    assert len(versions._files) <= 2 * MANY


def test_threads_that_ask_at_once_look_once(coarse, versions):
    barrier = threading.Barrier(8, timeout=30)

    def ask():
        barrier.wait()
        for _ in range(200):
            versions.of("/f", 0.5)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert coarse.stats == 1


def test_a_child_process_looks_for_itself(tmp_path):
    path = tmp_path / "token"
    path.write_text("a")
    versions = FileVersions()
    before = versions.of(path, 0.0)
    file = next(iter(versions._files.values()))
    looking, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=file._exclusive.run, args=(lambda: (looking.set(), done.wait(30)),))
    thread.start()
    looking.wait(30)
    child = os.fork()
    if child == 0:
        path.write_text("b")
        os._exit(0 if versions.of(path, 0.0) not in (None, before) else 1)
    done.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_a_signal_handler_that_asks_while_its_thread_is_looking_gets_what_was_seen_last(tmp_path):
    path = tmp_path / "token"
    path.write_text("a")
    versions = FileVersions()
    first = versions.of(path)
    file = versions._files[str(path)]
    assert file._exclusive.run(versions.of, path, 0.0) == first
