"""Writes into a file are heard from the system, of whatever process they are, and whatever becomes of the file."""

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pulp_events.system import write_watch
from pulp_events.system.write_watch import WriteWatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class Heard:
    """Counts calls; `within` waits for the next one."""

    def __init__(self):
        self.count = 0
        self._called = threading.Condition()

    def __call__(self):
        with self._called:
            self.count += 1
            self._called.notify_all()

    def within(self, seconds, at_least):
        with self._called:
            return self._called.wait_for(lambda: self.count >= at_least, seconds)


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def watched(tmp_path, heard, monkeypatch):
    monkeypatch.setattr(write_watch, "DEAF", 0.01)
    monkeypatch.setattr(write_watch, "DEAF_TO_OTHERS", 0.01)
    watch = WriteWatch(str(tmp_path / "log"), heard)
    yield watch
    watch.close()


def descriptors():
    """Those of watches: threads that an earlier test left may open others at any time."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if "inotify" in str(one.readlink()):
                found.add(one.name)
    return found


def ends(watch):
    deadline = time.monotonic() + 30
    while watch.hears:
        assert time.monotonic() < deadline, "it listens on"
        time.sleep(0.005)


def test_a_file_that_is_made_written_and_replaced_is_heard(tmp_path, watched, heard):
    log = tmp_path / "log"
    subprocess.run([sys.executable, "-c", f"open({str(log)!r}, 'w').write('by another process')"], check=True)
    assert heard.within(30, 1)
    time.sleep(0.05)
    for change in (lambda: log.write_text("again"), lambda: (tmp_path / "other").replace(log)):
        (tmp_path / "other").write_text("in its place")
        before = heard.count
        change()
        assert heard.within(30, before + 1), change
    assert watched.hears and watched.silence < 60


def test_other_files_of_the_folder_are_not_heard(tmp_path, watched, heard):
    (tmp_path / "log-of-others").write_text("nothing")
    assert not heard.within(0.1, 1)
    (tmp_path / "log").write_text("something")
    assert heard.within(30, 1)


def test_what_is_written_all_the_time_is_heard_now_and_then(tmp_path, heard, monkeypatch):
    monkeypatch.setattr(write_watch, "DEAF", 60.0)
    watch = WriteWatch(str(tmp_path / "log"), heard)
    with (tmp_path / "log").open("w") as log:
        for _ in range(1000):
            log.write("more")
            log.flush()
    assert heard.within(30, 1)
    watch.close()
    assert heard.count <= 2  # the second one where closing wakes it


def test_a_link_is_followed(tmp_path, heard):
    (tmp_path / "far").mkdir()
    (tmp_path / "log").symlink_to(tmp_path / "far" / "log")
    watch = WriteWatch(str(tmp_path / "log"), heard)
    (tmp_path / "far" / "log").write_text("through the link")
    assert heard.within(30, 1)
    watch.close()


@pytest.mark.parametrize("away", ["moved", "deleted"])
def test_once_its_folder_is_away_it_says_that_it_hears_no_more(tmp_path, heard, away):
    folder = tmp_path / "folder"
    folder.mkdir()
    watch = WriteWatch(str(folder / "log"), heard)
    if away == "moved":
        folder.rename(tmp_path / "elsewhere")
    else:
        folder.rmdir()
    ends(watch)
    assert heard.within(30, 1), "whoever relied on it is told"
    watch.close()


def test_closing_ends_the_thread_and_gives_back_what_the_system_gave(tmp_path, heard):
    before = descriptors()
    watch = WriteWatch(str(tmp_path / "log"), heard)
    watch.close()
    watch.close()
    ends(watch)
    deadline = time.monotonic() + 30
    while not descriptors() <= before:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert not heard.count


def test_a_child_lets_go_of_it_and_the_parent_listens_on(tmp_path, watched, heard):
    number = watched._number
    child = os.fork()
    if child == 0:
        watched.close()
        try:
            os.fstat(number)
        except OSError:
            os._exit(0 if not watched.hears else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    (tmp_path / "log").write_text("after the fork")
    assert heard.within(30, 1) and watched.hears


@pytest.mark.parametrize("fault", ["too many", "no such function", "no thread"])
def test_where_it_cannot_be_had_that_is_said_and_nothing_stays_open(tmp_path, heard, monkeypatch, fault):
    class System:
        def inotify_init1(self, flags):
            ctypes.set_errno(24)
            return -1

    if fault == "no thread":
        monkeypatch.setattr(threading.Thread, "start", lambda thread: (_ for _ in ()).throw(RuntimeError("no more")))
    else:
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: System() if fault == "too many" else object())
    before = descriptors()
    with pytest.raises(OSError, match=r"Too many open files|no inotify|cannot be watched"):
        WriteWatch(str(tmp_path / "log"), heard)
    assert descriptors() <= before  # an earlier test may have left some to the garbage collector


def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path, heard):
    with pytest.raises(OSError, match="cannot be watched"):
        WriteWatch(str(tmp_path / "nowhere" / "log"), heard)
