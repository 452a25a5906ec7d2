"""What the command does: the listeners whose last attempt failed, and why."""

from __future__ import annotations

import json
from argparse import Namespace

from pulp_events import EventBus


def run(bus: EventBus, arguments: Namespace) -> int:
    """Print them; the exit code is 1 if there is such a listener, for the use in a check.

    `arguments` has what was parsed, and the options of every command, such as `json`.
    """
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
