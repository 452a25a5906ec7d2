"""What the mail server that the settings name is like; for `pulp-admin event config check --probe`."""

from __future__ import annotations

import os
import smtplib
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLSocket

from pulp_events import TransientFailure
from pulp_events.deadline import Deadline
from pulp_events.notifier import Config
from pulp_events_email.addresses import envelope_form, split_sender
from pulp_events_email.answer import describe, explain
from pulp_events_email.connection import Connection
from pulp_events_email.dialer import Dialer
from pulp_events_email.headers import one_line
from pulp_events_email.notices import Notices
from pulp_events_email.settings import DEFAULT_FROM, SENDMAIL, STARTTLS_IF_OFFERED
from pulp_events_email.tls import tls_context

_HIDDEN = ("auth", "starttls")


def probe(settings: Config) -> list[str]:
    """Connect, encrypt and log in as a delivery would, offer the sender, send nothing; what was found, line by line.

    Raises TransientFailure for what a delivery would fail with.
    """
    if settings["from_"] == DEFAULT_FROM:
        first = [f"the sender is {DEFAULT_FROM}, which is only an example; set `from` in the section [email]"]
    else:
        first = []
    if settings["transport"] == SENDMAIL:
        return first + [_sendmail(settings["sendmail_path"])]
    host = settings["host"]
    server = host if host.startswith("/") else f"{host}:{settings['port']}"
    deadline = Deadline()
    deadline.start(settings["timeout"])
    try:
        connection = Dialer(settings, deadline, tls_context(settings, deadline), Notices()).dial()
        try:
            return first + list(_found(connection, settings, server))
        finally:
            connection.hang_up()
    except (smtplib.SMTPException, OSError) as error:
        raise TransientFailure(f"{server}: {explain(error)}") from error


def _sendmail(path: str) -> str:
    if not Path(path).is_file() or not os.access(path, os.X_OK):
        raise TransientFailure(f"{path} is not an executable program; see sendmail_path in the section [email]")
    return f"{path} exists; only sending a message can show whether it accepts one"


def _found(connection: Connection, settings: Config, server: str) -> Iterator[str]:
    yield f"{server} greets with 220 {one_line(connection.greeting, 200)}"
    yield _tls(connection, settings)
    names = sorted(name.upper() for name in connection.esmtp_features if name not in _HIDDEN)
    yield f"extensions: {', '.join(names)[:500]}" if names else "no extensions"
    if connection.mechanism:
        yield f"login as {settings['username']} accepted ({connection.mechanism})"
    else:
        offered = connection.esmtp_features.get("auth", "").upper().split()
        yield f"no login; offered: {', '.join(offered)}" if offered else "no login, and none is offered"
    sender = envelope_form(split_sender(settings["from_"])[1])
    # smtplib's own mail() would encode once more what is known to be good
    options = " SMTPUTF8" if not sender.isascii() else ""
    connection.write(f"MAIL FROM:<{sender}>{options}\r\n".encode())
    code, text = connection.getreply()
    if not 200 <= code <= 299:
        raise TransientFailure(f"{server}: the sender {sender} is refused: {describe(code, text)}")
    connection.rset()
    yield f"the sender {sender} is accepted"


def _tls(connection: Connection, settings: Config) -> str:
    if isinstance(connection.sock, SSLSocket):
        verified = "not verified" if settings["security"] == STARTTLS_IF_OFFERED else "valid"
        certificate = connection.sock.getpeercert() or {}
        until = f" until {certificate['notAfter']}" if certificate.get("notAfter") else ""
        return f"encrypted with {connection.sock.version()}; its certificate is {verified}{until}"
    if connection.tls_failure:
        return f"not encrypted, although STARTTLS is offered: {connection.tls_failure}"
    hint = "; STARTTLS is offered, set security = starttls" if connection.offers_starttls else ""
    return f"not encrypted{hint}"
