"""HTTP notifier for pulp-events: POSTs the event report to a URL.

Importing this package is cheap: requests, urllib3 and ssl are imported when the first channel opens.
"""

from __future__ import annotations

from pulp_events import Notifier, hookimpl
from pulp_events_http.notifier import HttpNotifier


@hookimpl
def pulp_notifiers() -> list[Notifier]:
    """The notifier type `http`."""
    return [HttpNotifier()]
