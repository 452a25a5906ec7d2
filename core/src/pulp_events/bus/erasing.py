"""The steps of `bus.events.erase`: page by page, then the store's files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from pulp_events.errors import EventsError
from pulp_events.outbox.erasure import Erased, ErasureResult
from pulp_events.redaction.expressions import masked

if TYPE_CHECKING:
    from pulp_events.listeners.filters import Search
    from pulp_events.outbox.store import Outbox
    from pulp_events.outbox.stored_event import EventQuery

STEP = 100
"""Events that one transaction erases: it takes some milliseconds."""


def check_chosen(query: EventQuery | None, where: str | None, all_events: bool) -> None:
    """Raise EventsError unless there is a condition, or all events are asked for: a condition that was forgotten, or
    read from where there was none, must not take everything."""
    chosen = where is not None or (
        query is not None
        and (
            any(each is not None for each in (query.event_types, query.since, query.until, query.ids, query.scope))
            or query.without_scope
            or query.scope_unknown
            or bool(query.id_prefix)
            or bool(query.error)
        )
    )
    if chosen == all_events:
        raise EventsError(
            "choose the events to erase: either with where=, or a query that has a condition, or all of them with "
            f"all_events=True; {'both were' if chosen else 'nothing was'} given"
        )


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


def with_failures(result: ErasureResult, search: Search | None) -> ErasureResult:
    """The result, with the events on which the expression failed: to leave them out without a word would look clean."""
    if search is None or not search.failed:
        return result
    remark = (
        f"the expression fails on {search.failed} of the {search.looked} events that it was asked about, which stay as "
        f"they are: {search.why}"
    )
    return replace(result, failed=search.failed, remarks=(*result.remarks, remark))


def with_unknown_scopes(result: ErasureResult, count: int) -> ErasureResult:
    """The result, with the events that may have had the scope asked for: an earlier release did not store it."""
    if not count:
        return result
    events = (
        "1 event that fits otherwise, which stays as it is, has"
        if count == 1
        else (f"{count} events that fit otherwise, which stay as they are, have")
    )
    remark = f"{events} no known scope: an earlier release stored {'it' if count == 1 else 'them'}"
    return replace(result, scope_unknown=count, remarks=(*result.remarks, remark))


def asked(query: EventQuery, where: str | None) -> str:
    """What is to be erased, for the record: nothing that was in a report."""
    parts = [
        f"where {masked(where)}" if where is not None else "",
        f"event type {', '.join(query.event_types)}" if query.event_types is not None else "",
        f"scope {query.scope}" if query.scope is not None else "",
        "without a scope" if query.without_scope else "",
        "of unknown scope" if query.scope_unknown else "",
        f"since {query.since:%Y-%m-%dT%H:%M:%S%z}" if query.since is not None else "",
        f"until {query.until:%Y-%m-%dT%H:%M:%S%z}" if query.until is not None else "",
        f"id {query.id_prefix}…" if query.id_prefix else "",
        _ids(query.ids) if query.ids is not None else "",
        "a text in the detail of a delivery" if query.error else "",
    ]
    return "; ".join(filter(None, parts)) or "all events"


def _ids(ids: Sequence[str]) -> str:
    return f"id {ids[0]}" if len(ids) == 1 else f"{len(ids)} ids"
