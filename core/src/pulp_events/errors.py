"""Every error that pulp-events raises on purpose.

    EventsError
    ├── InvalidEvent             a payload or call report that cannot become a report
    │   ├── EventTooLarge        … because it is over max_event_bytes
    │   └── PayloadRefused       … because its event type's schema refuses it
    ├── EventConflict            the id of another event, one with another content or scope
    ├── UnknownEventType         the type, or a pattern that matches no registered type
    ├── UnknownNotifierType
    ├── InvalidConfig            a listener's configuration, filter or options
    ├── NameTaken                another listener has the name
    ├── NotAllowed               what an untrusted author may not do
    │   └── QuotaExceeded        … because he has as many listeners as [untrusted] max_listeners
    ├── ListenerNotFound
    ├── DeliveryNotFound
    ├── EventNotFound
    ├── SettingsError            server.conf, or a secret reference that cannot be read
    ├── PluginError              why a plugin was left out
    ├── StoreError               listener store or outbox
    │   ├── StoreCorrupt         the file is truncated or not ours; it is left unchanged
    │   ├── StoreTooNew          the file was written by a newer release
    │   ├── StoreFull            beyond [events] max_backlog or min_free_disk
    │   ├── DiskFull             no space is left, or the quota is used up
    │   └── StoreBusy            another transaction kept the lock too long
    ├── IllegalTransition        a delivery was to be changed in a way that its table of states does not have
    ├── BusClosed
    └── DeliveryFailure          raised by notifiers
        ├── TransientFailure     worth another attempt
        │   └── TimedOut         … at least 60 s later
        └── PermanentFailure     no attempt can succeed

A message names the thing, the value and the remedy, in one line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple


class EventsError(Exception):
    """Root of all errors of this package; its text can be shown to a user."""


class InvalidEvent(EventsError):
    """A payload or call report has a value that JSON cannot represent; the text names its path."""


class Reduced(NamedTuple):
    """What `EventTooLarge.reduced` leaves of an event."""

    payload: dict[str, Any]
    call_report: dict[str, Any]
    left_out: tuple[str, ...]
    """Paths of the values that are missing, such as `call_report.traceback`, the first that went first."""


class EventTooLarge(InvalidEvent):
    """The report is larger than `[events] max_event_bytes`; `reduced` is what can be emitted in its place.

    `size`: bytes of the report. `max_bytes`: what the setting allows.
    """

    def __init__(
        self,
        message: str,
        size: int = 0,
        max_bytes: int = 0,
        parts: Callable[[], Sequence[tuple[str, int]]] | None = None,
        reduce: Callable[[int], Reduced] | None = None,
    ) -> None:
        super().__init__(message)
        self.size = size
        self.max_bytes = max_bytes
        self._parts = parts
        self._reduce = reduce

    @property
    def parts(self) -> Sequence[tuple[str, int]]:
        """The values of payload and call report, such as `call_report.traceback`, and the bytes of each, the largest
        first."""
        return () if self._parts is None else self._parts()

    def reduced(self, max_bytes: int | None = None) -> Reduced:
        """The payload and the call report without their largest values, so that they fit; `left_out` names those.

            except EventTooLarge as error:
                payload, call_report, left_out = error.reduced()
                bus.emit(event_type, payload, call_report)

        `max_bytes`: of the report, in place of what the setting allows, as where something is to be added. A schema of
        the event type may require what is left out. Raises ValueError if no report can be so small.
        """
        if self._reduce is None:
            raise ValueError("this error has no event")
        return self._reduce(self.max_bytes if max_bytes is None else max_bytes)


class EventConflict(EventsError):
    """An event was emitted with the id of another one that is stored, and has another content or scope; nothing was
    stored.

    The text names what differs. `stored`, `given`: both reports, as JSON.
    """

    def __init__(self, message: str, stored: bytes = b"", given: bytes = b"") -> None:
        super().__init__(message)
        self.stored = stored
        self.given = given


class PayloadRefused(InvalidEvent):
    """The payload does not fit the schema of its event type, and `[events] payloads` is `strict`.

    `faults`: pairs of the path of a value, such as `payload.lines[0].count`, and what is wrong with it.
    """

    def __init__(self, message: str, faults: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.faults: tuple[tuple[str, str], ...] = tuple(faults)


class UnknownEventType(EventsError):
    """An event type, or a pattern that can match none, is not registered."""


class UnknownNotifierType(EventsError):
    """No installed plugin provides this notifier type."""


class InvalidConfig(EventsError):
    """A listener's configuration was refused; `errors` maps each field to its messages."""

    def __init__(
        self, message: str, errors: dict[str, list[str]] | None = None, parts: Sequence[tuple[str, str]] = ()
    ) -> None:
        """`parts`: what the message lists of keys: each key, and what follows it, for whoever calls keys otherwise."""
        super().__init__(message)
        self.errors: dict[str, list[str]] = errors or {}
        self.parts = parts


class NameTaken(EventsError):
    """Another listener has this name; nothing was stored."""


class NotAllowed(EventsError):
    """An untrusted author may not do this; nothing was stored."""


class QuotaExceeded(NotAllowed):
    """An untrusted author would have more listeners than `[untrusted] max_listeners`; nothing was stored."""


class ListenerNotFound(EventsError):
    """No listener has this id, or name."""


class DeliveryNotFound(EventsError):
    """No delivery has this id."""


class EventNotFound(EventsError):
    """No stored event has this id."""


class SettingsError(EventsError):
    """server.conf has an unknown key or a bad value, or a secret reference cannot be read."""


class PluginError(EventsError):
    """A plugin cannot be used; the text is the reason that `plugin list` shows."""


class StoreError(EventsError):
    """A store could not be read or written."""


class StoreCorrupt(StoreError):
    """The file is truncated or belongs to something else; nothing was changed in it."""


class StoreTooNew(StoreError):
    """The file, or the database, was written by a newer release of pulp-events; nothing was changed in it."""


TOO_NEW: Final = (
    "upgrade this pulp-events too, or restore the backup that was made before the other one was upgraded; "
    "nothing was changed"
)
"""The remedy, as the text of a StoreTooNew ends."""


class StoreFull(StoreError):
    """`emit` would exceed `[events] max_backlog`, or `min_free_disk` is not free any more; nothing was stored."""


class DiskFull(StoreError):
    """The disk has no space left, or the quota of this process's user is used up; nothing was stored."""


class StoreBusy(StoreError):
    """Another transaction, of another process or this one, held the store's lock for longer than the timeout."""


class IllegalTransition(EventsError, ValueError):
    """A delivery was to be changed in a way that `outbox.states.TRANSITIONS` does not have: a mistake in the caller."""


class BusClosed(EventsError):
    """The event bus was closed before this call."""


class DeliveryFailure(EventsError):
    """Base of the two exceptions with which a notifier reports that a delivery failed."""


class TransientFailure(DeliveryFailure):
    """This attempt failed and a later one may succeed.

    `retry_after`: seconds that the receiver asked us to wait, at most a day at a time. All deliveries of the listener
    pause for that long, and the attempt uses up no step of the retry schedule, until the delivery is older than
    `[delivery] max_age`.

    `credentials`: the answer is about credentials or certificates, so the channel may be out of date. If
    the channel was opened for an earlier delivery, the attempt is made once more over a new one.
    """

    def __init__(self, message: str, retry_after: float | None = None, *, credentials: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.credentials = credentials


class TimedOut(TransientFailure):
    """No answer within the time limit. The receiver may have the event; the next attempt is at least 60 s away."""


class PermanentFailure(DeliveryFailure):
    """No later attempt can succeed, so the delivery is dead at once.

    `disable_listener`: the receiver said that it wants no more events (for example HTTP 410 Gone). `credentials`: as
    with TransientFailure.
    """

    def __init__(self, message: str, disable_listener: bool = False, *, credentials: bool = False) -> None:
        super().__init__(message)
        self.disable_listener = disable_listener
        self.credentials = credentials
