"""Email notifier for pulp-events: one message for each event and recipient.

Importing this package is cheap: smtplib, ssl, the email package and email-validator are imported when they are needed.
"""

from __future__ import annotations

from pulp_events import Notifier, hookimpl
from pulp_events_email.notifier import EmailNotifier


@hookimpl
def pulp_notifiers() -> list[Notifier]:
    """The notifier type `email`."""
    return [EmailNotifier()]
