"""The ids that tables show, as kinds of values."""

from __future__ import annotations

from pulp_events_cli.ids import shortening
from pulp_events_cli.output.kinds import Ids, NamedIds

DELIVERY_ID = Ids(shortening.deliveries)
EVENT_ID = Ids(shortening.events)
LISTENER_ID = Ids(shortening.listeners)
LISTENER = NamedIds(shortening.named_listeners)
"""A listener's id in a pipe; on a terminal its name, if it has one."""
