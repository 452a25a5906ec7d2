"""`Plugins`: what the loaded plugins contribute, without a name being taken twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

from pulp_events.errors import PluginError, SettingsError, StoreError, UnknownNotifierType
from pulp_events.notifier import Notifier
from pulp_events.plugins.loader import Loader
from pulp_events.plugins.plugin import LOADED, Plugin
from pulp_events.plugins.validation import missing_methods
from pulp_events.secrets import mask_passwords
from pulp_events.system import guard
from pulp_events.system.suggestion import did_you_mean
from pulp_events.visible import one_line

if TYPE_CHECKING:
    from pulp_events.events.event_type import EventTypes

FIRST_PARTY = {
    "email": "pulp-events-email",
    "http": "pulp-events-http",
    "amqp": "pulp-events-amqp",
}
"""Notifier types whose packages are published with this one: named in hints only, never imported."""

FUNCTION = "function"
"""Notifier type of listeners that are functions of an application, which `EventBus.on` adds, and the key of such a
listener's configuration, which is no secret; here for hints, and to be shown, where there is no function."""


class Plugins:
    """The plugins of this process. `notifiers` and `event_types` hold what the loaded ones contribute."""

    def __init__(self, plugins: Sequence[Plugin] = ()) -> None:
        self.all: list[Plugin] = list(plugins)
        self.notifiers: dict[str, Notifier] = {}
        self.settings_sections: dict[str, type[Schema]] = {}
        for plugin in self.all:
            self._admit(plugin)

    @cached_property
    def event_types(self) -> EventTypes:
        """The types that core and the plugins have; made when they are first asked for."""
        from pulp_events.events.builtin import BUILTIN_EVENT_TYPES
        from pulp_events.events.event_type import EventTypes

        return EventTypes(BUILTIN_EVENT_TYPES)

    @classmethod
    def load(cls) -> Plugins:
        """Every installed plugin; one that cannot be used is in `all` with its reason, and contributes nothing."""
        return cls(Loader().discover())

    def add(self, name: str, module: Any) -> Plugin:
        """Load one more plugin, given as a module, an object with hooks or a notifier: for tests, and for applications
        with a plugin inside.

        Raises PluginError if it cannot be used.
        """
        plugin = Loader().load(name, lambda: module)
        self.all.append(plugin)
        self._admit(plugin)
        if plugin.state != LOADED:
            raise PluginError(f"plugin {name}: {plugin.reason}")
        return plugin

    @property
    def loaded(self) -> list[Plugin]:
        """Those that work."""
        return [plugin for plugin in self.all if plugin.state == LOADED]

    def notifier(self, type_id: str) -> Notifier:
        """The notifier of this type; raises UnknownNotifierType with what is installed and how to get the other."""
        try:
            return self.notifiers[type_id]
        except (KeyError, TypeError):
            raise UnknownNotifierType(f"unknown notifier type {type_id!r}{self._remedy(str(type_id))}") from None

    def hooks(self, name: str) -> Iterator[tuple[Plugin, Callable[..., Any]]]:
        """The implementations of a hook, in the order of the plugins' names."""
        for plugin in self.all:
            if plugin.state == LOADED and name in plugin.hooks:
                yield plugin, plugin.hooks[name]

    def offer(self, plugin: Plugin, name: str, protocol: type, **arguments: Any) -> Any:
        """What a plugin's implementation of a hook returned, or None. `protocol`: what a result must fulfil.

        A store must never be replaced silently, so what it raises goes on: StoreError and SettingsError as they are,
        anything else as PluginError, which names the plugin; so does a result that lacks a method of the protocol.
        """
        try:
            with guard.exits():
                result = plugin.hooks[name](**arguments)
        except (StoreError, SettingsError):
            raise
        except Exception as error:
            reason = mask_passwords(one_line(str(error))) or type(error).__name__
            raise PluginError(f"plugin {plugin.name}, {name}: {reason}") from error
        if result is not None and (lacking := missing_methods(result, protocol)):
            raise PluginError(
                f"plugin {plugin.name}, {name}: it returned an object of type {type(result).__name__} without "
                f"{', '.join(lacking)}; return one that implements {protocol.__module__}.{protocol.__name__}"
            )
        return result

    @property
    def data_files(self) -> dict[str, str]:
        """Files in the data folder that plugins keep → what each holds."""
        return {name: what for plugin in self.all for name, what in plugin.data_files.items()}

    def _admit(self, plugin: Plugin) -> None:
        try:
            self._check_names(plugin)
        except PluginError as error:
            Loader.fail(plugin, error)
            return
        for event_type in plugin.event_types:
            self.event_types.register(event_type)
        for notifier in plugin.notifiers:
            self.notifiers[notifier.type_id] = notifier
        self.settings_sections.update(plugin.sections)

    def _check_names(self, plugin: Plugin) -> None:
        seen = dict(self.notifiers)
        for notifier in plugin.notifiers:
            if notifier.type_id in seen:
                owner = type(seen[notifier.type_id]).__module__
                raise PluginError(f"notifier type {notifier.type_id!r} is already taken by {owner}")
            seen[notifier.type_id] = notifier
        sections = dict(self.settings_sections)
        for section, schema in plugin.sections:
            if sections.setdefault(section, schema) is not schema:
                raise PluginError(f"section [{section}] of server.conf is already taken by another schema")
        if plugin.event_types:
            from pulp_events.events.event_type import EventTypes

            EventTypes(self.event_types).register(*plugin.event_types)

    def _remedy(self, type_id: str) -> str:
        if type_id == FUNCTION:
            return "; its listeners are functions of an application, and only the application's processes have it"
        if type_id in FIRST_PARTY:
            from pulp_events.plugins.leftovers import leftovers

            for leftover in leftovers([FIRST_PARTY[type_id]]):
                if leftover.distribution.lstrip("~") == FIRST_PARTY[type_id].replace("-", "_"):
                    return f"; {leftover.folder} {leftover.text}"
            return f"; install it with `pip install {FIRST_PARTY[type_id]}`"
        if not self.notifiers:
            return "; no notifier is installed; install one with pip: " + ", ".join(FIRST_PARTY.values())
        return f"{did_you_mean(type_id, self.notifiers)}; installed: {', '.join(sorted(self.notifiers))}"
