"""Calls the observing hooks, one plugin after the other, each under guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.plugins.registry import Plugins
from pulp_events.system.guard import exits
from pulp_events.system.logs import get_logger
from pulp_events.system.signal_handlers import raised_in_handler

if TYPE_CHECKING:
    from pulp_events.events.event import Event
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.delivery import Attempt, Delivery
    from pulp_events.settings.settings import Settings

_logger = get_logger(__name__)


class Observers:
    """What plugins observe. One that raises, even SystemExit or KeyboardInterrupt, is only logged."""

    def __init__(self, plugins: Plugins, settings: Settings) -> None:
        self._settings = settings
        self._before_emit = list(plugins.hooks("pulp_before_emit"))
        self.tracers: list[tuple[str, Callable[..., Any]]] = [
            (plugin.name, call) for plugin, call in plugins.hooks("pulp_trace_context")
        ]
        """The plugins that say in which trace events are emitted; `bus/tracing.py` asks them."""
        self._emitted = list(plugins.hooks("pulp_event_emitted"))
        self._counted = list(plugins.hooks("pulp_events_counted"))
        self._attempted = list(plugins.hooks("pulp_delivery_attempted"))
        self._changed = list(plugins.hooks("pulp_listener_changed"))

    @property
    def enriches(self) -> bool:
        """True if any plugin may replace an event before it is matched."""
        return bool(self._before_emit)

    def before_emit(self, event: Event) -> Event:
        """The event as the plugins, one after the other, want it emitted."""
        from pulp_events.events.event import Event

        for plugin, call in self._before_emit:
            try:
                with exits():
                    replacement = call(event=event, settings=self._settings)
                if replacement is not None:
                    if not isinstance(replacement, Event):
                        raise TypeError(f"returned {type(replacement).__name__}, expected an Event or None")
                    _check(replacement, event)
                    event = replacement
            except Exception as error:  # an observer must never keep an event from being emitted
                if raised_in_handler(error):
                    raise
                _logger.exception(
                    "plugin %s: pulp_before_emit failed; the event is emitted without its changes", plugin.name
                )
        return event

    @property
    def watches_emitted(self) -> bool:
        """True if any plugin wants to see emitted events."""
        return bool(self._emitted)

    def tell_emitted(self, event: Event, listeners: Sequence[Listener]) -> None:
        """The event is stored for these listeners."""
        listeners = tuple(listeners)  # one plugin cannot take them from the next
        for plugin, call in self._emitted:
            try:
                with exits():
                    call(event=event, listeners=listeners, settings=self._settings)
            except Exception as error:
                if raised_in_handler(error):
                    raise
                _logger.exception("plugin %s: pulp_event_emitted failed", plugin.name)

    @property
    def counts_emitted(self) -> bool:
        """True if any plugin wants to know how many events are emitted."""
        return bool(self._counted)

    def tell_counted(self, event_types: Mapping[str, int]) -> None:
        """So many events of these types were emitted."""
        for plugin, call in self._counted:
            try:  # not under `exits`, which takes ten times as long as counting
                call(event_types={**event_types}, settings=self._settings)  # one plugin cannot change it for the next
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                if raised_in_handler(error):
                    raise
                _logger.exception("plugin %s: pulp_events_counted failed", plugin.name)

    def tell_changed(self, pairs: Sequence[tuple[Listener | None, Listener | None]], by: str) -> None:
        """These listeners, as they were and as they are, were changed by somebody."""
        for plugin, call in self._changed:
            for before, after in pairs:
                try:
                    with exits():
                        call(before=before, after=after, by=by, settings=self._settings)
                except Exception as error:
                    if raised_in_handler(error):
                        raise
                    _logger.exception("plugin %s: pulp_listener_changed failed", plugin.name)

    def of_attempts(self) -> list[AttemptObserver]:
        """The plugins that want to see attempts."""
        return [AttemptObserver(plugin.name, call, self._settings) for plugin, call in self._attempted]


class AttemptObserver:
    """One plugin's view of attempts."""

    def __init__(self, plugin: str, call: Callable[..., Any], settings: Settings) -> None:
        self.plugin = plugin
        self._call = call
        self._settings = settings

    def tell(self, attempted: Sequence[tuple[Delivery, Attempt]]) -> None:
        """Attempts were recorded. One that the plugin fails for keeps it from none of the others."""
        told = iter(attempted)
        done = False
        while not done:
            try:
                with exits():
                    for delivery, attempt in told:
                        self._call(delivery=delivery, attempt=attempt, settings=self._settings)
                done = True
            except Exception:  # noqa: BLE001
                _logger.exception("plugin %s: pulp_delivery_attempted failed", self.plugin)


def _check(event: Event, before: Event) -> None:
    """Payload and call report are checked as those of any event; what travels in headers is checked here."""
    from datetime import datetime

    if event.id != before.id:
        # One that was used before could not be stored, and receivers would drop the event as a repeat.
        raise ValueError(f"returned an Event with id {event.id!r:.60}; an event keeps its id, here {before.id}")
    if not isinstance(event.source, str):
        raise TypeError(f"returned an Event with source {event.source!r:.60}, expected text")
    if not isinstance(event.time, datetime) or event.time.utcoffset() is None:
        raise TypeError(f"returned an Event with time {event.time!r:.60}, expected an aware datetime")
