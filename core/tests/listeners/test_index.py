"""The index: records in memory, read again when they changed, and kept while they cannot be read."""

import errno
import os
import subprocess
import sys
import threading
import time

import pytest

from pulp_events.errors import StoreCorrupt, StoreError, StoreTooNew
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.tinydb_store import HOLD
from pulp_events.testing.listener_store_contract import new_listener


class Store:
    """Records and a version; each `trouble` that is set is raised by the read."""

    def __init__(self):
        self.records, self.number, self.trouble, self.lost, self.reads = [], 1, None, None, 0

    def version(self):
        if self.lost:
            raise self.lost
        return self.number

    def all(self):
        self.reads += 1
        if self.trouble:
            raise self.trouble
        return list(self.records)

    def change(self, *records):
        self.records, self.number = list(records), self.number + 1


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def index(store):
    return ListenerIndex(store)


def test_nobody_is_in_the_middle_of_reading_while_the_process_forks(store, index):
    store.change(new_listener(event_types=("*",)))
    index.before_fork()
    read = threading.Event()
    thread = threading.Thread(target=lambda: index.matching("repo.sync.start") and read.set())
    thread.start()
    assert not read.wait(0.05)
    index.after_fork(in_child=False)
    assert read.wait(60)
    thread.join()


def test_records_are_read_once_for_each_version(store, index):
    store.change(new_listener(event_types=("*",)))
    for _ in range(10):
        assert len(index.matching("repo.sync.start")) == 1
    assert store.reads == 1
    store.change()
    assert index.matching("repo.sync.start") == () and store.reads == 2


def test_matching_goes_by_names_and_patterns_and_includes_disabled_listeners(store, index):
    exact, pattern, other, off = (
        new_listener(event_types=types, enabled=enabled)
        for types, enabled in ((("repo.sync.start",), True), (("x.y", "repo.#"), True), (("repo.publish.*",), True),
                               (("*",), False))
    )  # fmt: skip
    store.change(exact, pattern, other, off)
    assert index.matching("repo.sync.start") == (exact, pattern, off)
    assert index.get(other.id) == other and index.get("0" * 24) is None
    assert index.all() == [exact, pattern, other, off]


def test_an_error_that_may_pass_is_tried_again_at_the_next_event(store, index, caplog):
    index.matching("x.y")
    new = new_listener(event_types=("*",))
    store.change(new)
    store.trouble = StoreError("too many open files")
    assert index.matching("x.y") == () and index.matching("x.y") == ()
    store.trouble = None
    assert index.matching("x.y") == (new,), "though the version is the one that could not be read"
    assert caplog.text.count("too many open files") == 1


@pytest.mark.parametrize("kind", [StoreCorrupt, StoreTooNew])
def test_what_is_corrupt_or_too_new_is_not_read_again_until_it_changes(store, index, caplog, kind):
    old = new_listener(event_types=("*",))
    store.change(old)
    index.matching("x.y")
    store.change()
    store.trouble = kind("torn")
    for _ in range(5):
        assert index.matching("x.y") == (old,)
    assert store.reads == 2 and caplog.text.count("torn") == 1
    store.trouble = None
    store.change()
    assert index.matching("x.y") == ()


def test_trouble_that_comes_back_is_logged_again(store, index, caplog):
    index.matching("x.y")
    for _ in range(2):
        store.lost = StoreError("the database is away")
        index.matching("x.y")
        index.matching("x.y")
        store.lost = None
        index.matching("x.y")
    assert caplog.text.count("the database is away") == 2


def test_without_any_good_records_the_error_is_raised(store, index):
    store.trouble = StoreError("away")
    with pytest.raises(StoreError, match="away"):
        index.matching("x.y")
    store.trouble = None
    assert index.matching("x.y") == ()


def test_a_file_that_this_process_cannot_open_for_a_while_is_heard_afterwards(open_bus, room, monkeypatch):
    from pulp_events.listeners import atomic_storage

    bus, other = open_bus(), open_bus()
    bus.emit("repo.sync.start")
    other.listeners.create("room", {"room": "x"}, ["*"])

    def no_more_files(self):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    tried = []
    with monkeypatch.context() as trouble:
        trouble.setattr(atomic_storage.Path, "read_bytes", lambda self: tried.append(self) or no_more_files(self))
        time.sleep(1.5 * HOLD)
        bus.emit("repo.sync.start")
    assert tried and room.calls == []
    time.sleep(1.5 * HOLD)
    bus.emit("repo.sync.finish")
    assert [event.event_type for event, _ in room.calls] == ["repo.sync.finish"]


MAKE = """
import sys
from pathlib import Path
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.testing.listener_store_contract import new_listener
TinyDBListenerStore(Path(sys.argv[1])).add(new_listener(notifier_type_id="room", notifier_config={"room": "x"},
                                                        event_types=("*",), targets=("x",)))
"""


def test_another_process_is_heard_as_soon_as_what_was_seen_holds_no_more(bus, room, file):
    bus.listeners.create("room", {"room": "old"}, ["repo.publish.*"])
    bus.emit("repo.sync.start")
    assert room.calls == []
    subprocess.run([sys.executable, "-c", MAKE, str(file.parent)], check=True)
    time.sleep(1.5 * HOLD)
    bus.emit("repo.sync.finish")
    assert len(room.calls) == 1 and HOLD < 1
