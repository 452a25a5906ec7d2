"""How connections to the mail server are encrypted."""

from __future__ import annotations

import ssl

from pulp_events.deadline import Deadline, put_under_deadline
from pulp_events.notifier import Config
from pulp_events.tls import client_context
from pulp_events_email.settings import NONE, SENDMAIL, STARTTLS_IF_OFFERED


def tls_context(settings: Config, deadline: Deadline) -> ssl.SSLContext | None:
    """A context that verifies certificate and host name, from TLS 1.2 on; None where `security` is none.

    With starttls-if-offered nothing is verified, as in RFC 7435 §1.2: whoever is on the way could as well take the
    offer out, and unverified encryption is still more than none. Raises TransientFailure if `ca_path` cannot be used.
    """
    if settings["security"] == NONE or settings["transport"] == SENDMAIL:
        return None
    context = client_context(settings.get("ca_path"), verify=settings["security"] != STARTTLS_IF_OFFERED)
    put_under_deadline(context, deadline)
    return context
