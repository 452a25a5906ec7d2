"""The history of the listeners in a TinyDB file: lines of JSON in a file beside it, which nobody else reads.

A change appends its lines, each with the number that the file of records gets by it (`changes` in its first bytes),
syncs them, and then replaces that file. Should it be killed in between, the last lines have the number that comes next:
they tell of what never happened, are shown by nobody, and the next change takes their place. So there is no change
without its lines, and there are no lines without their change.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from pulp_events.listeners.history import ListenerChange, change_from_document, change_to_document
from pulp_events.system import data_dir
from pulp_events.system.logs import get_logger

FILE_NAME = "listeners.history"
MOST = 64 * 1024 * 1024
"""Bytes beyond which the file shrinks to half of that: the oldest lines go of the listeners that have most of them."""
SLACK = 0.1
"""Of the time for which lines are kept: only when the first one is so much older are they taken out."""
_CHUNK = 65536
_TIME = re.compile(rb'{"number": \d+, "time": "([0-9T:.Z+-]+)"')
"""How `line_of` begins a line."""

_logger = get_logger(__name__)


class Journal:
    """The file. `keep`: seconds for which a change is kept; 0: not at all, nor what was kept before.

    To `append`, hold the lock of the file of records.
    """

    def __init__(self, path: Path, keep: float) -> None:
        self._path = path
        self._keep = timedelta(seconds=keep)

    def append(self, changes: Sequence[ListenerChange], written: int, number: int) -> None:
        """Add the lines of the change by which the file of records, which has the number `written`, gets `number`.

        Raises StoreError.
        """
        if not changes:
            return
        if not self._keep:
            self._remove()
            return
        data_dir.create(self._path)
        lines = b"".join(line_of(change, number) for change in changes)
        try:
            with self._path.open("r+b", buffering=0) as file:
                end = _end(file, written)
                if self._is_due(file, end, changes[0].time):
                    self._rewrite(file, end, lines, changes[0].time - self._keep)
                    return
                try:
                    file.truncate(end)
                    file.seek(end)
                    _write(file, lines)
                except OSError:
                    with contextlib.suppress(OSError):
                        file.truncate(end)
                    raise
        except OSError as error:
            raise data_dir.unusable(self._path, error) from error

    def newest_first(
        self, listener_id: str | None = None, since: datetime | None = None
    ) -> Generator[tuple[int, ListenerChange]]:
        """Number and change of each line; one that cannot be read is left out, and logged at the end.

        The newest did not happen if their number comes next after that of the file of records: read that later than
        the first line. `listener_id`, `since`: lines of others, and older ones, may be left out, unread. The file is
        read from its end, and only as far as somebody goes. Raises StoreError.
        """
        if not self._keep:
            return
        damaged, part = 0, None if listener_id is None else _part_of_lines(listener_id)
        try:
            with self._path.open("rb") as file:
                for line in _from_the_end(file):
                    if (part is not None and part not in line) or (since is not None and _is_older(line, since)):
                        continue
                    try:
                        found = read_line(line)
                    except ValueError:
                        damaged += 1
                    else:
                        yield found
        except FileNotFoundError:
            return
        except OSError as error:
            raise data_dir.unusable(self._path, error) from error
        finally:
            if damaged:
                what = "1 damaged line is" if damaged == 1 else f"{damaged} damaged lines are"
                _logger.warning("%s: %s left out of the history of listeners", self._path, what)

    def _remove(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise data_dir.unusable(self._path, error) from error

    def _is_due(self, file: BinaryIO, end: int, now: datetime) -> bool:
        if end > MOST:
            return True
        first = next((change.time for change in _readable(file)), now) if end else now
        return first < now - self._keep * (1 + SLACK)

    def _rewrite(self, file: BinaryIO, end: int, lines: bytes, oldest: datetime) -> None:
        """Replace the file by one without what is too old, and with these lines."""
        import tempfile

        file.seek(0)
        kept = _young(file.read()[:end].splitlines(keepends=True), oldest)
        if end > MOST:
            there, kept = len(kept), _shed(kept, MOST // 2)
            if len(kept) < there:
                text = "%s: %d of the oldest changes of listeners were removed, since it was larger than %d MiB"
                _logger.warning(text, self._path, there - len(kept), MOST >> 20)
        handle, temporary = tempfile.mkstemp(".tmp", f".{self._path.name}.", self._path.parent)
        try:
            with os.fdopen(handle, "wb", buffering=0) as new:
                old = os.fstat(file.fileno())
                if os.geteuid() == 0:
                    os.fchown(new.fileno(), old.st_uid, old.st_gid)
                _write(new, b"".join(line for line, _ in kept) + lines)
            Path(temporary).replace(self._path)
            data_dir.sync(self._path.parent)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _young(lines: list[bytes], oldest: datetime) -> list[tuple[bytes, str]]:
    """Those lines that are no older, and the id of the listener of each."""
    kept = []
    for line in lines:
        with contextlib.suppress(ValueError):
            change = read_line(line)[1]
            if change.time >= oldest:
                kept.append((line, change.listener_id))
    return kept


def _shed(lines: list[tuple[bytes, str]], room: int) -> list[tuple[bytes, str]]:
    """The newest lines of each listener for which there is room; what one does not need of its share, others get."""
    sizes: Counter[str] = Counter()
    for line, listener_id in lines:
        sizes[listener_id] += len(line)
    share = _share(sorted(sizes.values()), room)
    kept, used = [], Counter[str]()
    for line, listener_id in reversed(lines):
        used[listener_id] += len(line)
        if used[listener_id] <= share:
            kept.append((line, listener_id))
    return kept[::-1]


def _share(sizes: Sequence[int], room: int) -> int:
    """Most that each of these, the smallest first, can have, so that all of them have room."""
    for number, size in enumerate(sizes):
        others = len(sizes) - number
        if size * others > room:
            return room // others
        room -= size
    return max(sizes, default=0)


def _readable(file: BinaryIO) -> Iterator[ListenerChange]:
    """The changes, the oldest first, without lines that are damaged."""
    file.seek(0)
    buffered = io.BufferedReader(file, _CHUNK)  # type: ignore[type-var]
    try:
        for line in buffered:
            with contextlib.suppress(ValueError):
                yield read_line(line)[1]
    finally:
        buffered.detach()


def _from_the_end(file: BinaryIO) -> Iterator[bytes]:
    """The lines, the last one first, without one that was not written to its end."""
    position, pieces, whole = file.seek(0, os.SEEK_END), [b""], False
    while position:
        step = min(_CHUNK, position)
        position = file.seek(position - step)
        first, *others = file.read(step).split(b"\n")
        if others:
            if whole:
                yield b"".join([others[-1], *reversed(pieces)])
            yield from reversed(others[:-1])
            pieces, whole = [], True
        pieces.append(first)
    if whole:
        yield b"".join(reversed(pieces))


def _part_of_lines(listener_id: str) -> bytes | None:
    """What is in each line of this listener; None: any line may be of it."""
    return listener_id.encode() if listener_id.isascii() and listener_id.isalnum() else None


def _is_older(line: bytes, since: datetime) -> bool:
    """Whether the beginning of a line tells that it is. Clocks are set: what is before it may be younger."""
    found = _TIME.match(line)
    try:
        return found is not None and datetime.fromisoformat(found[1].decode()) < since
    except (ValueError, TypeError):
        return False


def line_of(change: ListenerChange, number: int) -> bytes:
    """The line of a change by which the file of records gets this number."""
    return json.dumps({"number": number, **change_to_document(change)}, ensure_ascii=False).encode() + b"\n"


def read_line(line: bytes) -> tuple[int, ListenerChange]:
    """Number and change; ValueError for a line that is damaged."""
    try:
        document = json.loads(line)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict) or not isinstance(number := document.get("number"), int):
        raise ValueError("it has no number")
    return number, change_from_document(document)


def _write(file: BinaryIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def _end(file: BinaryIO, written: int) -> int:
    """Where the lines end that tell of what happened: before those of a change that was begun and never made, and
    before a line that was not written to its end."""
    position, tail = file.seek(0, os.SEEK_END), b""
    while position and tail.count(b"\n") < 2:
        step = min(_CHUNK, position)
        position = file.seek(position - step)
        tail = file.read(step) + tail
    tail = tail[: tail.rfind(b"\n") + 1]
    end = position + len(tail)
    if not tail or not is_undone(tail.splitlines()[-1], written):
        return end
    file.seek(0)
    lines = file.read(end).splitlines(keepends=True)
    while lines and is_undone(lines[-1], written):
        end -= len(lines.pop())
    return end


def is_undone(line: bytes, written: int) -> bool:
    """Whether the last line tells of what never happened, as the file of records has the number `written`."""
    try:
        number = json.loads(line)["number"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return bool(number == written + 1)
