"""What stands in an outbox that was set aside, as far as it can be counted."""

from __future__ import annotations

from pathlib import Path

from pulp_events.errors import StoreError
from pulp_events.outbox.sqlite.onlooker import Onlooker
from pulp_events.outbox.states import State

_PLACES = ("pulp_delivery", "pulp_delivery NOT INDEXED")
"""An index has the states, and the table has them: one may be damaged, and not the other."""


def count(path: Path, state: State, since: float | None = None) -> int | None:
    """Deliveries in this state in the damaged outbox `path`; None where that part of it cannot be read. `since`: those
    that ended at this time (Unix seconds) or later."""
    later = "" if since is None else " AND finished >= ?"
    for place in _PLACES:
        try:
            with Onlooker(path) as file:
                query = f"SELECT count(*) FROM {place} WHERE state = '{state}'{later}"
                return int(file.rows(query, () if since is None else (since,))[0][0])
        except StoreError:
            continue
    return None
