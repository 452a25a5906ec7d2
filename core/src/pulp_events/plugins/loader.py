"""Finds and loads plugins, one by one, so that a broken one harms nothing but itself."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Container, Iterable
from functools import wraps
from types import ModuleType
from typing import Any

import pluggy

from pulp_events import hookspecs
from pulp_events.errors import PluginError
from pulp_events.plugins import api
from pulp_events.plugins.discovery import EntryPoint, entry_points
from pulp_events.plugins.notifier_plugin import as_plugin
from pulp_events.plugins.plugin import BLOCKED, FAILED, Plugin
from pulp_events.plugins.validation import check_data_files, check_event_types, check_notifiers, check_sections
from pulp_events.system import guard
from pulp_events.system.logs import get_logger
from pulp_events.visible import one_line

GROUP = hookspecs.PROJECT
BLOCK_VARIABLE = "PULP_EVENTS_BLOCK"

_logger = get_logger(__name__)


class Loader:
    """Loads plugins into a pluggy manager that knows our hooks."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)

    def discover(self) -> list[Plugin]:
        """Load every entry point of the group `pulp_events`, in the order of their names."""
        blocked = {name.strip() for name in os.environ.get(BLOCK_VARIABLE, "").split(",")}
        plugins = []
        for entry_point in sorted(entry_points(GROUP), key=lambda found: (found.name, found.value)):
            if entry_point.name in blocked:
                reason = f"named in {BLOCK_VARIABLE}"
                plugins.append(Plugin(entry_point.name, entry_point, state=BLOCKED, reason=reason))
            else:
                plugins.append(self.load(entry_point.name, entry_point.load, entry_point))
        return plugins

    def load(self, name: str, importer: Callable[[], Any], entry_point: EntryPoint | None = None) -> Plugin:
        """Load one plugin: `importer` returns its module or object. Never raises for what the plugin does wrong."""
        plugin = Plugin(name, entry_point)
        began = time.perf_counter()
        try:
            with guard.loading(name), api.noting_deprecations(plugin):
                self._load(plugin, importer)
        except KeyboardInterrupt:  # somebody pressed Ctrl-C
            raise
        except guard.RaisedExit as error:
            self.fail(plugin, error if isinstance(error.__cause__, KeyboardInterrupt) else error.__cause__ or error)
        except Exception as error:  # noqa: BLE001  # a plugin may raise anything, and it is only left out
            self.fail(plugin, error)
        plugin.seconds = time.perf_counter() - began
        return plugin

    def _load(self, plugin: Plugin, importer: Callable[[], Any]) -> None:
        module = as_plugin(importer())
        plugin.needs_api = api.stated_range(module)
        api.check(plugin.needs_api)
        self._refuse_taken(plugin.name, module)
        try:
            self._register(plugin.name, module)
            self._collect(plugin, module)
        except BaseException:
            # pluggy may keep a plugin that failed its validation; this also unhooks what it had hooked so far.
            if self._manager.is_registered(module):
                self._manager.unregister(module)
            raise

    def _collect(self, plugin: Plugin, module: Any) -> None:
        plugin.hooks = self._implementations(module)
        if collect := plugin.hooks.get("pulp_event_types"):
            plugin.event_types = check_event_types(collect())
        if collect := plugin.hooks.get("pulp_notifiers"):
            plugin.notifiers = check_notifiers(collect())
        if collect := plugin.hooks.get("pulp_settings_sections"):
            plugin.own_sections = check_sections(collect())
        if collect := plugin.hooks.get("pulp_data_files"):
            plugin.data_files = check_data_files(collect())

    @staticmethod
    def fail(plugin: Plugin, error: BaseException) -> None:
        """Mark the plugin as failed, with the reason, and log it once."""
        from pulp_events.plugins import boundary

        kind = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
        plugin.state = FAILED
        plugin.reason = one_line(f"{kind}{boundary.words_of(error)}") or kind
        plugin.notifiers = plugin.event_types = ()
        plugin.own_sections = {}
        plugin.data_files = {}
        plugin.hooks = {}
        trace = None if isinstance(error, PluginError) else error
        _logger.warning("plugin %s is left out: %s", plugin.name, plugin.reason)
        _logger.debug("plugin %s failed here", plugin.name, exc_info=trace)

    def _register(self, name: str, module: Any) -> None:
        try:
            self._manager.register(module, name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(one_line(str(error))) from error

    def _refuse_taken(self, name: str, module: Any) -> None:
        if self._manager.has_plugin(name):
            raise PluginError(f"another entry point already has the name {name}; uninstall one of the two packages")
        if self._manager.is_registered(module):
            raise PluginError(f"another entry point has already registered the same module ({module!r:.80})")

    def _implementations(self, module: Any) -> dict[str, Callable[..., Any]]:
        found = {}
        for caller in self._manager.get_hookcallers(module) or ():
            for implementation in caller.get_hookimpls():
                if implementation.plugin is not module:
                    continue
                if implementation.hookwrapper or implementation.wrapper:
                    raise PluginError(f"{caller.name} is a hook wrapper; only plain implementations are supported")
                named = () if caller.spec is None else caller.spec.argnames
                found[caller.name] = _by_keyword(implementation.function, implementation.argnames, named)
        if isinstance(module, ModuleType):
            _refuse_unmarked(module, found)
        return found


def _by_keyword(function: Callable[..., Any], names: Iterable[str], given: Iterable[str]) -> Callable[..., Any]:
    """What is called with the arguments `given`, by keyword, and passes on those that the function takes."""
    wanted = tuple(names)
    if {*wanted} == {*given}:
        return function

    @wraps(function)
    def call(**arguments: Any) -> Any:
        return function(*map(arguments.__getitem__, wanted))

    return call


def _refuse_unmarked(module: ModuleType, marked: Container[str]) -> None:
    for name, _function in inspect.getmembers(module, inspect.isfunction):
        if hasattr(hookspecs, name) and name.startswith("pulp_") and name not in marked:
            raise PluginError(f"{name} is not marked with @hookimpl, so it would never be called")
