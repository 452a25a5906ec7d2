"""AMQP 1.0 notifier for pulp-events: publishes event reports to a topic exchange.

Importing this package is cheap: proton and ssl are imported when the first channel is opened.
"""

from __future__ import annotations

from pulp_events import hookimpl
from pulp_events_amqp.notifier import AmqpNotifier


@hookimpl
def pulp_notifiers() -> list[AmqpNotifier]:
    """The one notifier type of this package."""
    return [AmqpNotifier()]
