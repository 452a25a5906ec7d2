"""The open channels of one listener: opened when needed, reused, closed when idle or outdated."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import Any

from pulp_events.clock import Clock
from pulp_events.frozen import thaw
from pulp_events.listeners.config import complete
from pulp_events.listeners.listener import Listener
from pulp_events.logs import get_logger
from pulp_events.notifier import Channel, Notifier
from pulp_events.secrets import Scrubber, is_reference, resolve, secret_fields
from pulp_events.settings.settings import Settings

IDLE_TIMEOUT = 60.0
"""Seconds after which an unused channel is closed."""

_logger = get_logger(__name__)


@dataclass
class OpenChannel:
    """A channel and what the dispatcher must know of it."""

    channel: Channel
    generation: int
    limit: float
    """Seconds that one send may take."""
    scrub: Scrubber
    idle_since: float = 0.0


class Channels:
    """Channels for the present configuration of one listener. A channel is used by one thread at a time."""

    def __init__(self, listener: Listener, notifier: Notifier, settings: Settings, clock: Clock) -> None:
        self._listener = listener
        self._notifier = notifier
        self._settings = settings
        self._clock = clock
        self._generation = 0
        self._idle: list[OpenChannel] = []
        self._scrubber: Scrubber | None = None
        self._lock = threading.Lock()

    def take(self) -> OpenChannel:
        """An idle channel, or a new one. Raises what opening it raises."""
        if (idle := self.take_idle()) is not None:
            return idle
        made = self.make()
        made.channel.__enter__()
        return made

    def take_idle(self) -> OpenChannel | None:
        """An idle channel, if there is one."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def make(self) -> OpenChannel:
        """A channel that is not connected yet; what its notifier needs to import is imported."""
        with self._lock:
            listener, generation = self._listener, self._generation
            self._scrubber = None  # what a reference stands for may have changed
        section = self._notifier.settings_section
        settings = self._settings.section(section) if section else {}
        config = complete(self._notifier, listener.notifier_config)
        channel = self._notifier.open(config, settings)
        if not isinstance(channel, Channel):
            raise TypeError(f"open() returned {type(channel).__name__}; it must return a Channel")
        limit = float(self._notifier.limit(config, settings))
        return OpenChannel(channel, generation, limit, self.scrubber())

    def give_back(self, opened: OpenChannel) -> None:
        """Keep the channel for the next delivery, unless it is broken or made for an older configuration."""
        with self._lock:
            if not opened.channel.broken and opened.generation == self._generation:
                opened.idle_since = self._clock.monotonic()
                self._idle.append(opened)
                return
        self.discard(opened)

    @staticmethod
    def discard(opened: OpenChannel) -> None:
        """Close a channel; what it raises at that is of no use to anybody."""
        try:
            opened.channel.__exit__(None, None, None)
        except BaseException as error:  # noqa: BLE001  # a notifier's close() may do anything
            _logger.debug("closing a channel failed: %s", opened.scrub(f"{type(error).__name__}: {error}"))

    def reconfigure(self, listener: Listener) -> None:
        """The listener changed: channels that are open are used no more."""
        with self._lock:
            self._listener = listener
            self._generation += 1
            self._scrubber = None
            outdated, self._idle = self._idle, []
        for opened in outdated:
            self.discard(opened)

    def close_idle(self, older_than: float = IDLE_TIMEOUT) -> None:
        """Close channels that were not used for that many seconds."""
        now = self._clock.monotonic()
        with self._lock:
            outdated = [opened for opened in self._idle if now - opened.idle_since >= older_than]
            self._idle = [opened for opened in self._idle if now - opened.idle_since < older_than]
        for opened in outdated:
            self.discard(opened)

    def scrubber(self) -> Scrubber:
        """Knows the secrets of the listener's configuration and of the notifier's settings."""
        with self._lock:
            if self._scrubber is None:
                self._scrubber = Scrubber(self._secrets())
            return self._scrubber

    def _secrets(self) -> list[Any]:
        section = self._notifier.settings_section
        secrets = []
        config = thaw(self._listener.notifier_config)
        for key in secret_fields(self._notifier.config_schema()):
            value = config.get(key)
            items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            for each in (value,) if is_reference(value) else (*items, value):
                with contextlib.suppress(Exception):  # a reference that cannot be read now
                    secrets.append(resolve(each, key))
        if section and self._notifier.settings_schema is not None:
            settings = self._settings.section(section)
            secrets += [settings.get(key) for key in secret_fields(self._notifier.settings_schema())]
        return secrets
