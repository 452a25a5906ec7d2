"""Settings that a plugin offers: those of the application that this machine runs."""

from __future__ import annotations

from collections.abc import Mapping

from pulp_events.errors import SettingsError
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.given import GivenSettings

HOOK = "pulp_settings"


def offered(plugins: Plugins) -> GivenSettings | None:
    """What the one plugin that answers `pulp_settings` says; None where none does.

    Raises SettingsError where several do, and what the hook raises.
    """
    found: dict[str, GivenSettings] = {}
    for plugin, _ in plugins.hooks(HOOK):
        answer = plugins.offer(plugin, HOOK, Mapping)
        if answer is not None:
            found[plugin.name] = GivenSettings.of(answer, f"settings of the plugin {plugin.name}")
    if len(found) > 1:
        raise SettingsError(
            f"{len(found)} plugins offer settings: {', '.join(found)}; name a server.conf with --config, or exclude "
            f"one of them with PULP_EVENTS_BLOCK={next(iter(found))}"
        )
    return next(iter(found.values()), None)
