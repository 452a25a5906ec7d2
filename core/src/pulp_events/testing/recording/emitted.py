"""`EmittedEvents`: what was emitted, and questions about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pulp_events.events.pattern import matches
from pulp_events.testing.recording import telling
from pulp_events.testing.recording.asked import name_of
from pulp_events.testing.recording.event import EmittedEvent, as_received
from pulp_events.testing.recording.fitting import fits

if TYPE_CHECKING:
    from pulp_events.events.event_type import StandsForType
    from pulp_events.outbox.records import NewEvent
    from pulp_events.outbox.store import Outbox


class Recording(Protocol):
    """What the questions are put to."""

    def noted(self) -> Sequence[tuple[Outbox, str]]:
        """Where each event is, and its id, in the order of `emit`."""

    def uncommitted(self) -> Sequence[NewEvent]:
        """Events in transactions that did not commit by now."""

    def forget(self) -> None:
        """Begin again."""

    def check_known(self, name: str, recorded: Iterable[EmittedEvent]) -> None:
        """Raise UnknownEventType for a name that no bus knows, and none of what is `recorded` has."""


class Found(Sequence[EmittedEvent]):
    """The events that were asked for; false where there are none, and then its text says what was emitted instead."""

    def __init__(self, asked: str, wanted: Mapping[str, Any], events: Sequence[EmittedEvent], among: EmittedEvents):
        self.asked = asked
        self.wanted = wanted
        self._events = events
        self._among = among

    def __getitem__(self, index: Any) -> Any:
        try:
            return self._events[index]
        except IndexError:
            raise IndexError(f"there is no [{index}] in {self!r}") from None

    def __len__(self) -> int:
        return len(self._events)

    def __repr__(self) -> str:
        if self:
            return f"<{len(self)} of {telling.expectation(self.asked, self.wanted)}>"
        return f"<{telling.in_a_line(self.asked, self.wanted, self._among.so_far())}>"

    def text(self) -> str:
        """What was asked for and what was emitted, line by line."""
        return telling.in_full(self.asked, self.wanted, self._among.so_far(), self._among.uncommitted)


class EmittedEvents(Sequence[EmittedEvent]):
    """The events of a recording so far, in the order of `emit`. Those of a transaction are in it once that commits."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.missed: list[Found] = []
        """Questions to `emitted` that found nothing, for whoever reports a failed test."""

    def emitted(self, event_type: str | type[StandsForType], /, **payload: Any) -> Found:
        """The events of this type whose payload has these values; false if there are none.

        `event_type`: a name, a pattern, or a class derived from `EventModel`.
        Values are compared as JSON has them: `order_id=UUID(…)` fits its text. A mapping fits an object that has its
        keys, and maybe more; an object with an `__eq__` of its own, such as `unittest.mock.ANY`, decides by itself.

        Raises UnknownEventType for a name that no recorded bus knows, so that no test passes by a misspelt one.
        """
        name, recorded = name_of(event_type), self.so_far()
        self._recording.check_known(name, recorded)
        events = [
            each for each in recorded if matches(name, each.event_type) and not fits(payload, each.payload, "payload")
        ]
        found = Found(name, payload, events, self)
        if not found:
            self.missed.append(found)
        return found

    def one(self, event_type: str | type[StandsForType], /, **payload: Any) -> EmittedEvent:
        """The only event that `emitted` finds. Raises AssertionError, which says what was emitted, for none or many,
        and what `emitted` raises."""
        found = self.emitted(event_type, **payload)
        if not found:
            raise AssertionError(found.text())
        if len(found) > 1:
            raise AssertionError(telling.too_many(found.asked, payload, found))
        only: EmittedEvent = found[0]
        return only

    @property
    def types(self) -> list[str]:
        """The event types in the order of `emit`: `["order.created", "order.paid"]`."""
        return [each.event_type for each in self]

    @property
    def uncommitted(self) -> list[str]:
        """Event types of those whose transaction is still open, or was rolled back."""
        return [each.event_type for each in self._recording.uncommitted()]

    def clear(self) -> None:
        """Forget what was emitted so far."""
        self._recording.forget()
        self.missed.clear()

    def text(self) -> str:
        """What was emitted, and what was asked for in vain, line by line."""
        asked = [each.text() for each in self.missed[-1:]]
        return "\n".join(asked or [telling.listing(self.so_far(), self.uncommitted)])

    def so_far(self) -> list[EmittedEvent]:
        """Those that were emitted by now."""
        found = ((outbox, outbox.event(event_id)) for outbox, event_id in self._recording.noted())
        return [as_received(stored, outbox.of_event(stored.id)) for outbox, stored in found if stored is not None]

    def __getitem__(self, index: Any) -> Any:
        found = self.so_far()
        try:
            return found[index]
        except IndexError:
            said = (
                f"{len(found)} emitted: {', '.join(each.event_type for each in found)}"
                if found
                else "nothing was emitted"
            )
            open_ones = (
                f"; in transactions that did not commit: {', '.join(self.uncommitted)}" if self.uncommitted else ""
            )
            raise IndexError(f"there is no event [{index}]: {said}{open_ones}") from None

    def __len__(self) -> int:
        return len(self.so_far())

    def __iter__(self) -> Iterator[EmittedEvent]:
        return iter(self.so_far())

    def __repr__(self) -> str:
        return f"<EmittedEvents {self.types}>"
