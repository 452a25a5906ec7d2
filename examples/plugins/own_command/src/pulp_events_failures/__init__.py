"""`pulp-admin event failures`.

Importing this package must stay cheap, because each start of pulp-admin does it: what the command needs is imported
when the command line is made.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from pulp_events import hookimpl

__all__ = ["pulp_admin_commands"]


@hookimpl
def pulp_admin_commands(commands: Any) -> None:
    """Called when `pulp-admin` needs to know its commands; `commands.add_parser` is that of argparse."""
    from pulp_events_failures.command import run

    parser: ArgumentParser = commands.add_parser("failures", help="show the listeners that fail now, and why")
    parser.add_argument("--at-least", type=int, default=1, metavar="N", help="failures since the last success")
    parser.set_defaults(run=run)
