"""Plugins of which nothing leaves: notifiers that send nothing, and nobody who is told of what happens.

The dispatcher makes each attempt by its usual steps. Plugins that change events do so as elsewhere.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from pulp_events.networks import Networks
from pulp_events.notifier import Channel, Config, Notifier
from pulp_events.outbox.delivery import Delivery
from pulp_events.plugins.plugin import Plugin
from pulp_events.plugins.registry import Plugins

DETAIL = "recorded, and not sent"
"""What the attempts of a recording say."""


def _not_told(plugin: Plugin) -> Plugin:
    made = copy.copy(plugin)
    made.hooks = {name: call for name, call in plugin.hooks.items() if name not in OBSERVING}
    return made


class _SilentChannel(Channel):
    detail = DETAIL

    def send(self, delivery: Delivery) -> None:
        """Take it."""
        self.detail = DETAIL


class SilentNotifier(Notifier):
    """Says of itself what another notifier does, as far as that decides what is delivered when."""

    def __init__(self, spoken_for: Notifier) -> None:
        self._spoken_for = spoken_for
        for name in ("type_id", "config_schema", "settings_section", "settings_schema", "time_limit", "connects_to"):
            setattr(self, name, getattr(spoken_for, name))

    def open(self, config: Config, settings: Config) -> Channel:
        """A channel that takes everything."""
        return _SilentChannel()

    def open_within(self, config: Config, settings: Config, networks: Networks) -> Channel:
        """The same for an author who is not trusted."""
        return _SilentChannel()

    def targets(self, config: Config) -> Sequence[str]:
        """Those of the other one."""
        return self._spoken_for.targets(config)

    def window(self, config: Config) -> float | None:
        """That of the other one."""
        return self._spoken_for.window(config)


class _SilentNotifiers(Mapping[str, Notifier]):
    """A view: notifiers may be registered later, as that of functions is."""

    def __init__(self, notifiers: Mapping[str, Notifier]) -> None:
        self._notifiers = notifiers
        self._made: dict[str, SilentNotifier] = {}

    def __getitem__(self, type_id: str) -> Notifier:
        found = self._notifiers[type_id]
        if type_id not in self._made:
            self._made[type_id] = SilentNotifier(found)
        return self._made[type_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._notifiers)

    def __len__(self) -> int:
        return len(self._notifiers)


OBSERVING = ("pulp_event_emitted", "pulp_events_counted", "pulp_delivery_attempted", "pulp_listener_changed")
"""Hooks that tell a plugin of what happened: what it then does with it, such as writing files, is no part of an event.
"""


def silenced(plugins: Plugins) -> Plugins:
    """The same plugins, whose notifiers send nothing, and which are told of nothing."""
    made = copy.copy(plugins)
    made.all = [_not_told(each) for each in plugins.all]
    made.notifiers = cast("dict[str, Notifier]", _SilentNotifiers(plugins.notifiers))
    return made
