"""`pulp-admin event failures`: the listeners whose last attempt failed, and why."""

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from pulp_events import EventBus, hookimpl


@hookimpl
def pulp_admin_commands(commands: Any) -> None:
    """Called when `pulp-admin` needs to know its commands; `commands.add_parser` is that of argparse."""
    parser: ArgumentParser = commands.add_parser("failures", help="show the listeners that fail now, and why")
    parser.add_argument("--at-least", type=int, default=1, metavar="N", help="failures since the last success")
    parser.set_defaults(run=failures)


def failures(bus: EventBus, arguments: Namespace) -> int:
    """Exit code 1 if there is such a listener, for the use in a check."""
    health = bus.deliveries.health()
    found = [
        (listener, health[listener.id])
        for listener in bus.listeners.list()
        if listener.id in health and health[listener.id].failures >= arguments.at_least
    ]
    if arguments.json:
        print(json.dumps([{"id": one.id, "failures": its.failures, "detail": its.detail} for one, its in found]))
    else:
        for listener, its in found:
            last = its.detail.partition("\n")[0]  # what the receiver answered follows
            print(f"{listener.id}  {listener.notifier_type_id}  {its.failures} failures, the last: {last}")
    return 1 if found else 0
