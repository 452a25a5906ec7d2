"""Which plugin's store is used: the one that `[storage]` names, or the only one that is offered."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from pulp_events.errors import EventsError, SettingsError
from pulp_events.plugins.plugin import LOADED, Plugin
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.suggestion import did_you_mean

FILES = "files"
"""What `[storage] outbox` and `listeners` call our own files, which no plugin is asked for."""


class _Closable(Protocol):
    def close(self) -> None: ...


S = TypeVar("S", bound=_Closable)


def choose(settings: Settings, plugins: Plugins, key: str, hook: str, protocol: type[S]) -> S | None:
    """What a plugin answers to `hook`; None where the store is to be in files. `key`: that of `[storage]` which says.

    Raises SettingsError where the plugin that is named cannot be used or offers none, and where several offer one and
    none is named; and what a hook raises.
    """
    chosen = str(settings.section("storage")[key])
    asked = [plugin for plugin, _ in plugins.hooks(hook)]
    if chosen == FILES:
        return None
    if chosen:
        return _named(settings, plugins, key, hook, protocol, chosen, asked)
    offered: list[tuple[Plugin, S]] = []
    try:
        for plugin in asked:
            store: S | None = plugins.offer(plugin, hook, protocol, settings=settings)
            if store is not None:
                offered.append((plugin, store))
    except BaseException:
        _close(offered)
        raise
    if len(offered) > 1:
        _close(offered)
        names = [plugin.name for plugin, _ in offered]
        raise SettingsError(
            f"{settings.where('storage', key)} is not set, and {len(names)} plugins offer a store: "
            f"{', '.join(names)}; write {' or '.join(f'{key} = {name}' for name in names)}"
        )
    return offered[0][1] if offered else None


def _named(
    settings: Settings, plugins: Plugins, key: str, hook: str, protocol: type[S], chosen: str, asked: Sequence[Plugin]
) -> S:
    where = f"{settings.where('storage', key)} = {chosen!r}"
    for plugin in asked:
        if plugin.name == chosen:
            found: S | None = plugins.offer(plugin, hook, protocol, settings=settings)
            if found is None:
                raise SettingsError(
                    f"{where}: this plugin offers no store with these settings; look at url in [storage], and at what "
                    "the plugin asks for, or choose another"
                )
            return found
    names = [plugin.name for plugin in asked]
    for plugin in plugins.all:
        if plugin.name == chosen and plugin.state != LOADED:
            raise SettingsError(f"{where}: this plugin cannot be used: {plugin.reason}")
        if plugin.name == chosen:
            raise SettingsError(f"{where}: this plugin has no such store; choose one of {', '.join([*names, FILES])}")
    raise SettingsError(
        f"{where}: no such plugin is installed{did_you_mean(chosen, [*names, FILES])}; choose one of "
        f"{', '.join([*names, FILES])}"
    )


def _close(offered: Sequence[tuple[Plugin, _Closable]]) -> None:
    for _, store in offered:
        with suppress(EventsError):  # there is something else to be said
            store.close()
