"""`Announcer`: emits events about events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pulp_events.about.announcement import Announcement, described
from pulp_events.about.audience import may_hear
from pulp_events.about.told import NOTE
from pulp_events.errors import EventsError, StoreFull
from pulp_events.events.own_names import LISTENER_DISABLED
from pulp_events.outbox.store import NotesWithEvents
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.bus.emitter import Emitter, Prepared
    from pulp_events.bus.storing import Storing
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.store import Outbox

_logger = get_logger(__name__)


P = ParamSpec("P")
T = TypeVar("T")


def _apart(announce: Callable[P, T]) -> Callable[P, T]:
    """Outside of the context (`contextvars`) of whoever looks: with `deliver="inline"` that is a request of somebody
    who has nothing to do with the listener, and of whom plugins would add the trace, or the name, to the event."""

    @wraps(announce)
    def run(*arguments: P.args, **named: P.kwargs) -> T:
        return Context().run(announce, *arguments, **named)

    return run


class Announcer:
    """`parts`: what emits, made when it is first needed."""

    def __init__(self, outbox: Outbox, parts: Callable[[], tuple[Emitter, Storing]]) -> None:
        self._outbox = outbox
        self._parts = parts

    @_apart
    def announce(self, announcements: Sequence[Announcement], before: str | None, after: str) -> bool:
        """Store these events for those who may hear of them, with what was said noted in the same transaction.

        False, and nothing is stored, where what was noted is not `before`. Whatever `[events] max_backlog` says: they
        are few, and of use most when the outbox is full.
        """
        emitter, storing = self._parts()
        prepared = [found for each in announcements if (found := self._prepare(emitter, each)) is not None]
        new = [each.new for each in prepared]
        traced = storing.tracing.begin(prepared, new)
        outbox = self._outbox
        if isinstance(outbox, NotesWithEvents):
            if not outbox.add_noting(new, NOTE, before, after):
                return False
        else:  # at the same moment, two processes may both get here
            if outbox.notes(NOTE).get(NOTE) != before:
                return False
            if new:
                outbox.add(new)
            outbox.note(NOTE, after)
        storing.told_of(prepared, traced)
        return True

    @_apart
    def disabled(self, listener: Listener, reason: str) -> None:
        """Emit that a listener was disabled, with why."""
        said = Announcement(LISTENER_DISABLED, {**described(listener), "reason": reason}, listener)
        emitter, storing = self._parts()
        try:
            storing.store([_prepared(emitter, said)], None)  # also while the bus is being closed
        except StoreFull as error:
            _logger.error("%s is not announced: %s", LISTENER_DISABLED, error)

    @staticmethod
    def _prepare(emitter: Emitter, said: Announcement) -> Prepared | None:
        """None where nobody hears of it, so that it is not stored."""
        try:
            prepared = _prepared(emitter, said)
        except EventsError as error:
            _logger.error("%s is not announced: %s", said.event_type, error)
            return None
        return prepared if prepared.new.deliveries else None


def _prepared(emitter: Emitter, said: Announcement) -> Prepared:
    def hears(listener: Listener) -> bool:
        return may_hear(listener, said.subject, said.event_type)

    subject = said.subject
    scope = None if subject is None else subject.scope
    prepared = emitter.prepare(said.event_type, said.payload, scope=scope, hears=hears)
    if subject is not None:
        prepared.new.about_author = subject.author.name if subject.author is not None and subject.untrusted else ""
    return prepared
