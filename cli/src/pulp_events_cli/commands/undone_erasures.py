"""What was erased and comes back with a file of an earlier time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events_cli.output.streams import warning
from pulp_events_cli.output.text import local_time

if TYPE_CHECKING:
    from pulp_events.outbox.erasure import Erasure

MOST = 1000
"""Erasures that are looked at, the latest."""


def erasures(outbox: Path) -> Sequence[Erasure]:
    """What was erased, the latest first; nothing where that cannot be read, which may be why this is asked."""
    from pulp_events.errors import EventsError
    from pulp_events.outbox.sqlite import erasing
    from pulp_events.outbox.sqlite.onlooker import Onlooker

    if not outbox.exists():
        return []
    try:
        with Onlooker(outbox) as file:
            return erasing.erasures(file, MOST)
    except EventsError:
        return []


def warn(undone: Iterable[Erasure], file: Path) -> None:
    """Say of each that it is to be done again."""
    for each in undone:
        warning(
            f"what was erased at {local_time(each.began)} by {each.by} is back if {file} has it: run `pulp-admin event "
            f"erase` for it again ({each.asked})"
        )
