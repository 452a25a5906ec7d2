"""How many events each process emitted, by type: in a file of its own, which outlives it.

Applications emit, a worker is asked for metrics. So each process that emits has a file below the data folder, mapped
into its memory: counting writes eight bytes there and makes no system call, and what was counted is there also if the
process is killed the next moment. The file is locked while its process lives. Whoever reads adds up the files, and adds
those whose processes are gone to `emitted.json`.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from os import getpid
from pathlib import Path

from pulp_events.errors import EventsError
from pulp_events.system import data_dir
from pulp_events.system.file_lock import locked
from pulp_events.system.logs import get_logger
from pulp_events_prometheus.files import folder_of, prepare, replace_file

try:
    import fcntl
except ImportError:  # no such locks on this system: nothing is shared
    fcntl = None  # type: ignore[assignment]

OTHER = "other"
"""What event types are called that have no series of their own."""
_SUMS = "emitted.json"
_BEGINNING = "emitted-"
_NAME = 248
"""Bytes of a name, at most; longer ones are `other`."""
_MANY = 50
"""Files from which on a process that begins adds up those that are left, as nobody seems to ask for metrics."""
_SLOT = struct.Struct(f"<Q{_NAME}s")
_write = struct.Struct("<Q").pack_into

_logger = get_logger(__name__)


class Counting:
    """Counts what this process emits. Never raises: where there can be no file, nothing is counted."""

    def __init__(self, data_folder: Path, most: int) -> None:
        """`most`: event types that are told apart."""
        self._folder = folder_of(data_folder)
        self._most = most
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._opened = False
        self._slots: dict[str, list[int]] = {}
        """Type → where its number stands, and the number."""
        self._map: mmap.mmap | None = None
        self._handle = -1

    def add(self, event_types: Mapping[str, int]) -> None:
        """So many more of each type."""
        if self._pid != getpid():  # a child: the file is its parent's
            self._begin()
        with self._lock:
            if not self._opened:
                self._opened = True
                self._open()
            if self._map is None:
                return
            for event_type, count in event_types.items():
                slot = self._slots.get(event_type) or self._slot_for(event_type)
                slot[1] += count
                _write(self._map, *slot)

    def _slot_for(self, event_type: str) -> list[int]:
        name = event_type.encode()
        others = self._slots[OTHER]
        if len(self._slots) > self._most or len(name) > _NAME:
            if len(self._slots) <= 2 * self._most:
                self._slots[event_type] = others  # the same list: it is counted there
            return others
        assert self._map is not None
        place = len({id(each) for each in self._slots.values()}) * _SLOT.size
        _SLOT.pack_into(self._map, place, 0, name)
        slot = self._slots[event_type] = [place, 0]
        return slot

    def _open(self) -> None:
        if fcntl is None:
            return
        new = self._folder / f".{_BEGINNING}{os.getpid()}-{os.urandom(4).hex()}"
        try:
            prepare(self._folder)
            data_dir.create(new)
            self._handle = os.open(new, os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._handle, (self._most + 1) * _SLOT.size)
            self._map = mmap.mmap(self._handle, 0)
            _SLOT.pack_into(self._map, 0, 0, OTHER.encode())
            self._slots[OTHER] = [0, 0]
            new.rename(new.with_name(new.name[1:]))
            if len([*self._folder.glob(f"{_BEGINNING}*")]) > _MANY:
                emitted(self._folder.parent, self._most)
        except (OSError, EventsError, ValueError) as error:
            _logger.info("what this process emits is not counted: %s", error)
            self._map = None
            with suppress(OSError):
                new.unlink(missing_ok=True)


def emitted(data_folder: Path, most: int) -> Counter[str]:
    """How many events were emitted in all, by type; those beyond the first `most` types are `other`.

    Adds the files of processes that are gone to the sums, and deletes them.
    """
    folder = folder_of(data_folder)
    if not folder.is_dir():
        return Counter()
    with _alone(folder) as may_write:
        counts, added = _sums(folder / _SUMS)
        gone: dict[Path, Counter[str]] = {}
        alive: Counter[str] = Counter()
        left = []
        for path in sorted(folder.glob(f"{_BEGINNING}*")):
            if path.name in added:  # whoever added it was killed before it was deleted
                left.append(path)
                continue
            found, over = _read(path)
            if over and may_write:
                gone[path] = found
            else:
                alive.update(found)
        if gone or left:
            with suppress(OSError, EventsError):
                for path in left:
                    path.unlink()
                for found in gone.values():
                    counts.update(found)
                kept = {"counts": counts, "added": sorted(path.name for path in gone)}
                replace_file(folder / _SUMS, json.dumps(kept) + "\n")
                for path in gone:
                    path.unlink()
    counts.update(alive)
    return _bounded(counts, most)


def _bounded(counts: Counter[str], most: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for event_type, count in counts.items():
        named = len(found) - (OTHER in found) < most or event_type in found
        found[event_type if named else OTHER] += count
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """False where files cannot be locked, which are then only read."""
    held = False
    try:
        with locked(folder / "lock"):
            held = True
            yield True
    except (EventsError, OSError):
        if held:
            raise
        yield False


def _sums(path: Path) -> tuple[Counter[str], set[str]]:
    try:
        kept = json.loads(path.read_text("utf-8"))
        return Counter({str(key): int(count) for key, count in kept["counts"].items()}), set(kept["added"])
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        _logger.error("%s is damaged; emitted events are counted from 0 again", path)
    return Counter(), set()


def _read(path: Path) -> tuple[Counter[str], bool]:
    """What a file says, and whether its process is gone."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return Counter(), False
    try:
        over = False
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                over = True
        found: Counter[str] = Counter()
        with os.fdopen(handle, "rb", closefd=False) as file:
            while len(slot := file.read(_SLOT.size)) == _SLOT.size:
                count, name = _SLOT.unpack(slot)
                if name[:1] == b"\0":
                    break
                if count:
                    found[name.rstrip(b"\0").decode("utf-8", "replace")] += count
        return found, over
    finally:
        os.close(handle)
