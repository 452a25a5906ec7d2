"""The installed plugins: do they load, how long does that take, and what hides or doubles them?"""

from __future__ import annotations

from collections.abc import Iterator

from pulp_events.plugins.leftovers import leftovers
from pulp_events.plugins.registry import Plugins
from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
from pulp_events_cli.plugin_check.claims import the_schema_can_be_used

SLOW = 0.5
"""Seconds of loading above which a plugin is named: every command takes that much longer."""


def check(plugins: Plugins) -> Iterator[Finding]:
    """Findings on each plugin, and on metadata that is not as it should be."""
    for plugin in plugins.all:
        state = {"loaded": OK, "blocked": NOTE}.get(plugin.state, PROBLEM)
        remedy = "; fix or uninstall its package, or block it with PULP_EVENTS_BLOCK" if state == PROBLEM else ""
        yield Finding(state, f"plugin {plugin.name}", (plugin.reason or plugin.state) + remedy)
        if plugin.seconds > SLOW:
            text = f"loading it adds {plugin.seconds:.1f} s to each command; see `plugin check {plugin.name}`"
            yield Finding(NOTE, f"plugin {plugin.name}", text)
        for event_type in plugin.event_types:
            for wrong in the_schema_can_be_used(event_type) if event_type.schema is not None else ():
                yield Finding(PROBLEM, f"plugin {plugin.name}", f"{wrong}; its payloads are not checked")
    if not plugins.notifiers:
        yield Finding(NOTE, "plugins", "no notifier type is available, so no listener can be created")
    for leftover in leftovers(plugin.distribution for plugin in plugins.all if plugin.distribution):
        yield Finding(NOTE, "plugins", f"{leftover.folder} {leftover.text}")
