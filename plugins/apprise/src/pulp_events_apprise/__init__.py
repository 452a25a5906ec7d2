"""Apprise notifier for pulp-events: one message for each event and service.

Importing this package is cheap: apprise and jinja2 are imported when a listener is created or a channel opens.
"""

from __future__ import annotations

from pulp_events import Notifier, hookimpl
from pulp_events_apprise.notifier import AppriseNotifier


@hookimpl
def pulp_notifiers() -> list[Notifier]:
    """The notifier type `apprise`."""
    return [AppriseNotifier()]
