"""`pulp event …`: the commands that pulp-cli gets from this package.

Other plugins of pulp-cli live in the namespace `pulpcore.cli`. Where a Pulp server is installed, `pulpcore` is a
regular package, in which nothing can be installed editable: so this one has a package of its own.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import click
from pulp_cli.generic import pulp_group

from pulp_cli_events.catalogue import event_type, notifier
from pulp_cli_events.delivery import delivery
from pulp_cli_events.listener import listener

__version__ = version("pulp-cli-events")


@pulp_group(name="event", help="Manage event listeners and their deliveries.", short_help="manage event listeners")
def event() -> None:
    """What the server has to have is checked when it is asked."""


def mount(main: click.Group, **_: Any) -> None:
    """Called by pulp-cli."""
    for each in (listener, delivery, notifier, event_type):
        event.add_command(each)
    main.add_command(event)
