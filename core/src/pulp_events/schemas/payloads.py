"""`Payloads`: checks what is emitted against its type's schema, and refuses or warns as the setting says."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events.errors import PayloadRefused
from pulp_events.events.event import Event
from pulp_events.events.event_type import EventType, EventTypes
from pulp_events.schemas.checks import check_of
from pulp_events.schemas.fault import Check, Fault, UnusableSchema
from pulp_events.system.logs import get_logger
from pulp_events.system.signal_handlers import raised_in_handler
from pulp_events.visible import one_line

OFF, WARN, STRICT = "off", "warn", "strict"
MOST_KINDS = 1000
"""Kinds of faults that are remembered as said; what comes after these is not said."""

_logger = get_logger(__name__)


class Payloads:
    """The checks of one bus. Whatever goes wrong with a schema itself is logged once, and never stops an event."""

    def __init__(self, mode: str, event_types: EventTypes, before: Payloads | None = None) -> None:
        """`mode`: `[events] payloads`. `before`: others of the same mode, whose checks are these at first."""
        self._mode = mode
        self._event_types = event_types
        self._checks: dict[str, tuple[EventType, Check | None]] = {} if before is None else dict(before._checks)
        self._said: set[str] = set()

    def check(self, event: Event, silent: bool = False) -> None:
        """Check the payload as it will leave. Raises PayloadRefused if the setting is `strict`, else warns.

        `silent`: does not warn.
        """
        event_type = self._event_types.require(event.event_type)
        if event_type.schema is None or self._mode == OFF:
            return
        check = self.compiled(event_type)
        if check is not None and (faults := self._faults(event_type, check, event)):
            self._tell(event_type, faults, silent)

    def compiled(self, event_type: EventType) -> Check | None:
        """What checks payloads of this type, made at the first call; None where nothing does."""
        if event_type.schema is None or self._mode == OFF:
            return None
        known = self._checks.get(event_type.name)
        if known is None or known[0] is not event_type:
            known = self._checks[event_type.name] = event_type, self._make(event_type)
        return known[1]

    def _make(self, event_type: EventType) -> Check | None:
        try:
            return check_of(event_type.schema)
        except Exception as error:  # a schema is an application's or plugin's own code
            if raised_in_handler(error):
                raise
            text = str(error) if isinstance(error, UnusableSchema) else f"{type(error).__name__}: {error}"
            _logger.error(
                "the schema of event type %s cannot be used, so its payloads are not checked: %s",
                event_type.name,
                one_line(text),
            )
            return None

    def _faults(self, event_type: EventType, check: Check, event: Event) -> Sequence[Fault]:
        try:
            return check(event.payload)
        except Exception as error:  # as above: $ref to nowhere, a validator that raises
            if raised_in_handler(error):
                raise
            if self._is_new(f"{event_type.name} {type(error).__name__}"):
                _logger.error(
                    "the schema of event type %s fails on a payload, which is emitted unchecked (said once): %s",
                    event_type.name,
                    one_line(f"{type(error).__name__}: {error}")[:300],
                )
            return ()

    def _tell(self, event_type: EventType, faults: Sequence[Fault], silent: bool) -> None:
        if self._mode == STRICT:
            raise PayloadRefused(_text(event_type, faults), [(fault.path, fault.text) for fault in faults])
        if silent:
            return
        new = [fault for fault in faults if self._is_new(f"{event_type.name} {fault.kind}")]
        if new:
            _logger.warning("%s; such events are emitted all the same, and this is said once", _text(event_type, new))

    def _is_new(self, kind: str) -> bool:
        if kind in self._said or len(self._said) >= MOST_KINDS:
            return False
        self._said.add(kind)
        return True


def _text(event_type: EventType, faults: Sequence[Fault]) -> str:
    version = f" (version {event_type.version})" if event_type.version else ""
    first = f"{faults[0].path} {faults[0].text}"
    rest = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return one_line(f"the payload of {event_type.name} does not fit its schema{version}: {first}{rest}")
