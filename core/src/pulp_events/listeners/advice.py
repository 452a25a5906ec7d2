"""What a listener's configuration comes to, and what its administrator should know about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulp_events.errors import EventsError, SettingsError, UnknownNotifierType
from pulp_events.listeners.actor import Actor
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.muting import said
from pulp_events.listeners.notifier_config import readable_part, secrets_of, window
from pulp_events.listeners.time_limit import settings_for
from pulp_events.listeners.untrusted import Limits
from pulp_events.notifier import Notifier
from pulp_events.plugins import boundary
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import Scrubber
from pulp_events.settings.settings import Settings
from pulp_events.system import guard
from pulp_events.system.clock import Clock


class Advice:
    """Asks notifiers about configurations; whatever they do instead of answering is part of the answer."""

    def __init__(self, plugins: Plugins, settings: Settings, clock: Clock, limits: Limits) -> None:
        self._plugins = plugins
        self._settings = settings
        self._clock = clock
        self._limits = limits

    def window(self, listener: Listener) -> float | None:
        """Seconds of events that leave together for this listener; None where each leaves by itself."""
        notifier = self._plugins.notifiers.get(listener.notifier_type_id)
        return None if notifier is None else window(notifier, listener.notifier_config)

    def scrubber(self, listener: Listener) -> Scrubber:
        """Takes the secrets of the listener's configuration, those it refers to included, out of a text.

        Raises UnknownNotifierType: without the listener's plugin nobody knows which values are secret.
        """
        notifier = self._plugins.notifier(listener.notifier_type_id)
        schema = notifier.config_schema()
        return Scrubber(secrets_of(schema, listener.notifier_config, reads=not listener.untrusted))

    def warnings(self, listener: Listener, told: Actor) -> Sequence[str]:
        """What the administrator should know about a listener that was created or updated.

        The listener is stored already, so a notifier that cannot say it is itself something to be told. `told`: who
        asks; untrusted authors learn nothing of the machine.
        """
        try:
            notifier: Notifier = self._plugins.notifier(listener.notifier_type_id)
        except UnknownNotifierType:
            return []
        try:
            self._refuse_untrusted(listener, notifier)
        except EventsError as error:
            return [str(error)]
        if told.untrusted:  # what a notifier warns of is about settings and networks of the machine, too
            return [*self._joined(listener), *self._expires_too_soon(listener)]
        section = notifier.settings_section
        what = f"notifier type {notifier.type_id!r} could not check this listener for warnings"
        try:
            config = readable_part(notifier, listener.notifier_config)
        except EventsError as error:
            return [str(error)]
        try:
            with boundary.mistakes(what, lambda text: self.scrubber(listener)(text)):
                values = self._settings.section(section) if section else {}
                values = settings_for(notifier, values, listener.timeout)
                found = boundary.texts(notifier.warnings(config, values), "warnings()")
        except SettingsError as error:  # a secret in the section cannot be read here
            found = [*self._warnings_without(notifier, config, section), str(error)]
        except EventsError as error:
            found = [str(error)]
        found = [*self._joined(listener), *self._expires_too_soon(listener), *found]
        return [self.scrubber(listener)(text) for text in found]

    def _joined(self, listener: Listener) -> Sequence[str]:
        """It is muted, though nobody muted this one."""
        if not (listener.muted_with_all and listener.muted_for(self._clock.time())):
            return []
        return [f"it is muted like all listeners, {said(listener)}"]

    def _refuse_untrusted(self, listener: Listener, notifier: Notifier) -> None:
        """Before anything of the plugin gets its configuration, which somebody may have written into the record."""
        if listener.untrusted:
            self._limits.refuse_config(notifier, listener.notifier_config)

    def _expires_too_soon(self, listener: Listener) -> Sequence[str]:
        """Deliveries that leave with others at the end of a window may have expired by then."""
        try:
            span = None if listener.expires is None else self.window(listener)
        except Exception:  # noqa: BLE001  # a notifier may raise anything; the dispatcher says so with the delivery
            return []
        if span is None or listener.expires is None or listener.expires > span:
            return []
        from pulp_events.fields import format_duration

        expire, wait = format_duration(listener.expires), format_duration(span)
        return [
            f"deliveries expire after {expire}, and wait up to {wait} to be sent together: some are dead before they "
            "are sent; let them expire later, or shorten the digest"
        ]

    def _warnings_without(self, notifier: Notifier, config: Mapping[str, Any], section: str | None) -> Sequence[str]:
        """What can be said with the settings as they are written, their secrets spelt as references."""
        values = self._settings.section_as_written(section) if section else {}
        try:
            with guard.exits():
                return boundary.texts(notifier.warnings(config, values), "warnings()")
        except Exception:  # noqa: BLE001  # such as a reference for a URL
            return []
