"""The commands of `pulp-admin event`, a module for each group.

A module has `fill(parser, session)`, which adds options or commands to the group's parser and may set its `fill_rest`.
A command sets the default `run` to a function `run(bus, arguments) -> int`, the interface that plugins use too, and may
set `deliver`: how the bus is opened (`external` unless said otherwise; None: not at all, `bus` is then None), or a
function of the arguments that returns it. `arguments` also has `json` and `session`.
"""

from __future__ import annotations

GROUPS = (
    ("backup", "write listeners and deliveries into one file", "pulp_events_cli.commands.backup"),
    ("config", "show and check the settings", "pulp_events_cli.commands.config"),
    ("delivery", "see and manage deliveries", "pulp_events_cli.commands.delivery"),
    ("emit", "emit an event and see it delivered", "pulp_events_cli.commands.emit"),
    ("listener", "manage server-side event listeners", "pulp_events_cli.commands.listener"),
    ("plugin", "see installed plugins", "pulp_events_cli.commands.plugin"),
    ("recover", "take what can be read out of a damaged outbox", "pulp_events_cli.commands.recover"),
    ("restore", "put a backup in the place of what is there", "pulp_events_cli.commands.restore"),
    ("types", "list the types of events", "pulp_events_cli.commands.types"),
    ("worker", "make deliveries until told to stop", "pulp_events_cli.commands.worker"),
)
"""Name, line in the help of `pulp-admin event`, and module: it is imported when the name is used, or for help."""
