"""The steps of `bus.events.erase`: page by page, then the store's files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from pulp_events.outbox.erasure import Erased, ErasureResult
from pulp_events.redaction.expressions import masked

if TYPE_CHECKING:
    from pulp_events.outbox.store import Outbox
    from pulp_events.outbox.stored_event import EventQuery

STEP = 100
"""Events that one transaction erases: it takes some milliseconds."""


def erase(
    outbox: Outbox,
    ids: Iterable[str],
    erasure: str | None,
    progress: Callable[[Erased], bool] | None,
    timeout: float,
) -> ErasureResult:
    """See `Events.erase`; `erasure`: id of its record, None to count only."""
    left = iter(ids)
    erased = Erased()
    while page := [*islice(left, STEP)]:
        erased += outbox.erase(page, erasure)
        if progress is not None and progress(erased):
            return ErasureResult(erased, interrupted=True)
    return ErasureResult(erased, remarks=() if erasure is None else outbox.scrub(timeout))


def asked(query: EventQuery, where: str | None) -> str:
    """What is to be erased, for the record: nothing that was in a report."""
    parts = [
        f"where {masked(where)}" if where is not None else "",
        f"event type {', '.join(query.event_types)}" if query.event_types is not None else "",
        f"since {query.since:%Y-%m-%dT%H:%M:%S%z}" if query.since is not None else "",
        f"until {query.until:%Y-%m-%dT%H:%M:%S%z}" if query.until is not None else "",
        f"id {query.id_prefix}…" if query.id_prefix is not None else "",
        f"{len(query.ids)} ids" if query.ids is not None else "",
    ]
    return "; ".join(filter(None, parts)) or "all events"
