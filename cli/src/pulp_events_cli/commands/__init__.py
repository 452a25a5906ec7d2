"""The commands of `pulp-admin event`, a module for each group.

A module has `fill(parser, session)`, which adds options or commands to the group's parser and may set its `fill_rest`.
A command sets the default `run` to a function `run(bus, arguments) -> int`, the interface that plugins use too, and may
set `deliver`: how the bus is opened (`external` unless said otherwise; None: not at all, `bus` is then None), or a
function of the arguments that returns it. `arguments` also has `json` and `session`.
"""

from __future__ import annotations

GROUPS = (
    ("backup", "back up listeners and deliveries to one file", "pulp_events_cli.commands.backup"),
    ("config", "show and check the settings", "pulp_events_cli.commands.config"),
    ("delivery", "view and manage deliveries", "pulp_events_cli.commands.delivery"),
    ("emit", "emit an event and wait for its deliveries", "pulp_events_cli.commands.emit"),
    ("erase", "remove what stored events hold, for good", "pulp_events_cli.commands.event_erase"),
    ("erasures", "list what was erased, when and by whom", "pulp_events_cli.commands.event_erasures"),
    ("health", "check whether events are delivered, for probes and monitoring", "pulp_events_cli.commands.health"),
    ("list", "list the events that are stored, newest first", "pulp_events_cli.commands.event_list"),
    ("listener", "manage server-side event listeners", "pulp_events_cli.commands.listener"),
    ("plugin", "show and check installed plugins", "pulp_events_cli.commands.plugin"),
    ("recover", "recover what is readable from a damaged outbox", "pulp_events_cli.commands.recover"),
    ("restore", "restore listeners and deliveries from a backup", "pulp_events_cli.commands.restore"),
    ("show", "show a stored event and what became of it for each listener", "pulp_events_cli.commands.event_show"),
    ("top", "watch rates, failures and what waits, full screen", "pulp_events_cli.commands.top"),
    ("types", "list and describe event types", "pulp_events_cli.commands.types"),
    ("worker", "run a worker, which makes deliveries until stopped", "pulp_events_cli.commands.worker"),
)
"""Name, line in the help of `pulp-admin event`, and module: it is imported when the name is used, or for help."""
