"""Events as things of their own in the outbox: what is stored of one, which are asked for, deliveries added later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pulp_events.errors import EventsError
from pulp_events.events.event import Event
from pulp_events.events.report import parse, read_back
from pulp_events.events.trace_context import NO_TRACE, trace_id_of
from pulp_events.system.arguments import check_moment_or_none, check_places, check_scope_asked, check_text, check_texts


@dataclass(frozen=True, eq=False)
class StoredEvent:
    """An event as it stands in the outbox."""

    id: str
    event_type: str
    time: datetime
    """When it was emitted."""
    source: str
    report: bytes
    """The JSON report, UTF-8, serialised once at emit."""

    place: int
    """Rises in the order in which events were stored: a cursor for `Outbox.events`, valid also when the event is gone.
    Where several processes share a database, one that is just being stored may appear below one that is there."""

    deliveries: int = 0
    """How many of its deliveries are still stored."""

    fingerprint: str | None = None
    """`fingerprint` of the report and `expires` as the application gave them, before plugins changed anything, of an
    event whose id the application chose; None of any other."""

    numbers: int = 0
    """How many numbers its deliveries were given, those that were deleted since too: the next is `EVENT_ID.numbers`."""

    erased: datetime | None = None
    """When its content was erased; the report has nothing of it any more. None: it was not."""

    scope: str | None = None
    """The scope that it was emitted with; None: without one, or it is not known. It stays when the event is erased."""

    scope_known: bool = False
    """False for what a release that did not store scopes has stored. Such an event is for nobody who gets only some."""

    trace_context: Mapping[str, str] = NO_TRACE
    """See `Event`. It goes when the event is erased: it leads to what else is known of the same trace."""

    about_author: str | None = None
    """Of an event by which the system itself tells of a listener: the untrusted author of that listener, empty if it
    was an administrator's or a trusted author's. None of any other event, also of one that an application emitted by
    hand under such a name."""

    @property
    def trace_id(self) -> str | None:
        """The trace that it was emitted in, 32 hex digits; None outside of any."""
        return trace_id_of(self.trace_context)

    @cached_property
    def event(self) -> Event:
        """The event, read back from the report. Raises StoreCorrupt if the report is damaged."""
        head = (self.event_type, self.id, self.time, self.source, self.trace_context)
        return read_back(f"event {self.id}", self.report, *head)

    def body(self) -> dict[str, Any]:
        """The report in plain dicts and lists, for filters and templates. Raises StoreCorrupt if it is damaged."""
        return parse(f"event {self.id}", self.report)


@dataclass(frozen=True)
class EventQuery:
    """Which events; None stands for any. Raises EventsError for a value of another kind."""

    event_types: Sequence[str] | None = None
    """Names of event types, or patterns as listeners have them; one that fits is enough."""
    since: datetime | None = None
    """Events of this moment and later."""
    until: datetime | None = None
    """Events before this moment."""
    id_prefix: str | None = None
    """Beginning of their ids."""
    ids: Sequence[str] | None = None
    error: str | None = None
    """Text that the `detail` of one of their deliveries has in it, in capitals or not (of ASCII's letters)."""
    scope: str | None = None
    """The scope that they were emitted with."""
    without_scope: bool = False
    """True: only events of which it is known that they were emitted without a scope."""
    scope_unknown: bool = False
    """True: only events of which it is not known with which scope they were emitted."""
    places: tuple[int, int] | None = None
    """Only events whose `place` is the first of these or above, and below the second.

    Few events are between the two: a store looks at them alone, and not for where `since` and `until` are."""

    def __post_init__(self) -> None:
        check_texts(self.event_types, "event_types")
        check_moment_or_none(self.since, "since")
        check_moment_or_none(self.until, "until")
        check_text(self.id_prefix, "id_prefix")
        check_text(self.error, "error")
        check_scope_asked(self.scope, self.without_scope)
        if self.scope_unknown and (self.scope is not None or self.without_scope):
            raise EventsError("scope_unknown=True finds nothing together with another scope; give one of them")
        check_texts(self.ids, "ids")
        check_places(self.places)


@dataclass(frozen=True, slots=True)
class Addition:
    """A delivery to be added to an event that is stored; see `Outbox.add_deliveries`."""

    event_id: str
    listener_id: str
    target: str = ""
    repeat_of: str | None = None
    """Id of the delivery of the same event that it repeats; None: it must not repeat any."""
