"""The history of listeners after a backup was restored: what either file knows, and what restoring did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain

from pulp_events.listeners.history import ListenerChange
from pulp_events.listeners.journal import is_undone, line_of, read_line

_START = datetime.min.replace(tzinfo=UTC)


def merged(
    own: bytes, own_number: int, other: bytes, other_number: int, changes: Sequence[ListenerChange], number: int
) -> bytes:
    """The lines of the history that is there and of the one in the backup, by time and each once, then of `changes`.

    `own_number`, `other_number`: how often the files of records beside them were changed; `number`: the same of the one
    that takes their place. Lines of changes that never happened are left out, as they could not be told from then on,
    and so are lines that cannot be read.
    """
    dated = chain(_dated(own, own_number), _dated(other, other_number))
    lines = [line for _, line in sorted({line: (time, line) for time, line in dated}.values(), key=_time)]
    return b"".join([*lines, *(line_of(change, number) for change in changes)])


def _time(dated: tuple[datetime, bytes]) -> datetime:
    return dated[0]


def _dated(content: bytes, number: int) -> Iterator[tuple[datetime, bytes]]:
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    while lines and is_undone(lines[-1], number):
        lines.pop()
    for line in lines:
        try:
            time = read_line(line)[1].time
        except ValueError:
            continue
        yield time, line
