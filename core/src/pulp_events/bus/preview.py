"""What a message of a listener would say: the notifier's own rendering, of which nothing leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pulp_events.errors import DeliveryFailure, EventsError
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.notifier_config import readable_part
from pulp_events.listeners.time_limit import settings_for
from pulp_events.listeners.untrusted import Limits
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.plugins import boundary
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import Scrubber
from pulp_events.settings.settings import Settings


class Previews:
    """Renders for one listener."""

    def __init__(self, listener: Listener, plugins: Plugins, settings: Settings, scrubber: Scrubber | None) -> None:
        self._listener = listener
        self._notifier = plugins.notifiers.get(listener.notifier_type_id)
        self._settings = settings
        self._scrub: Callable[[str], str] = scrubber or (lambda text: text)

    def of(self, events: Sequence[StoredEvent], target: str) -> tuple[str | None, bool]:
        """The message in which these events would leave together; None where that is the report as it is.

        What keeps a message from being made is said in its place; then the second value is True.
        """
        deliveries = [self._delivery(event, target) for event in events]
        try:
            found = self._ask(deliveries)
        except (EventsError, DeliveryFailure) as error:
            return self._scrub(f"(cannot be rendered: {error})"), True
        return None if found is None else self._scrub(found), False

    def _ask(self, deliveries: Sequence[Delivery]) -> str | None:
        if self._notifier is None:
            return None
        what = f"notifier type {self._notifier.type_id!r}, preview"
        with boundary.mistakes(what, self._scrub, passes=DeliveryFailure):
            if self._listener.untrusted:  # a preview may read what the configuration names
                Limits(self._settings).refuse_config(self._notifier, self._listener.notifier_config)
            config = readable_part(self._notifier, self._listener.notifier_config)
            section = self._notifier.settings_section
            values = self._settings.section(section) if section else {}
            values = settings_for(self._notifier, values, self._listener.timeout)
            found: object = self._notifier.preview(deliveries, config, values)
            return None if found is None else boundary.text(found, "what preview() returned")

    def _delivery(self, event: StoredEvent, target: str) -> Delivery:
        found = Delivery(
            id=f"{event.id}.0",
            event_id=event.id,
            event_type=event.event_type,
            event_time=event.time,
            source=event.source,
            report=event.report,
            listener_id=self._listener.id,
            target=target,
            attempts=1,
            trace_context=event.trace_context,
        )
        return found.as_for_untrusted() if self._listener.untrusted else found
