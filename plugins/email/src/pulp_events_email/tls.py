"""How connections to the mail server are encrypted."""

from __future__ import annotations

import ssl
from pathlib import Path

from pulp_events import TransientFailure
from pulp_events.deadline import Deadline, put_under_deadline
from pulp_events.notifier import Config
from pulp_events_email.settings import NONE, SENDMAIL, STARTTLS_IF_OFFERED


def tls_context(settings: Config, deadline: Deadline) -> ssl.SSLContext | None:
    """A context that verifies certificate and host name, from TLS 1.2 on; None where `security` is none.

    With starttls-if-offered nothing is verified, as in RFC 7435 §1.2: whoever is on the way could as well take the
    offer out, and unverified encryption is still more than none. Raises TransientFailure if `ca_path` cannot be used.
    """
    if settings["security"] == NONE or settings["transport"] == SENDMAIL:
        return None
    path = settings.get("ca_path")
    is_folder = path is not None and Path(path).is_dir()
    try:
        context = ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)
    except OSError as error:  # ssl.SSLError, for a file that is no certificate, is one too
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no CA certificates in PEM form"
        raise TransientFailure(f"the CA certificates in {path} cannot be used: {reason}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings["security"] == STARTTLS_IF_OFFERED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    put_under_deadline(context, deadline)
    return context
