"""A connection to the mail server, encrypted and logged in as the settings say."""

from __future__ import annotations

import contextlib
import math
import smtplib
import socket
import ssl

from pulp_events import TransientFailure
from pulp_events.deadline import Deadline, DeadlineSocket, connect
from pulp_events.notifier import Config
from pulp_events_email.login import log_in
from pulp_events_email.settings import LMTP, SMTPS, STARTTLS, STARTTLS_IF_OFFERED


class Connection(smtplib.SMTP):
    """smtplib's client on a socket that keeps to a deadline; `connect` it, or `dial` does all there is to do."""

    greeting = ""
    """What the server said first."""

    offers_starttls = False
    mechanism = ""
    """How we logged in."""

    def __init__(self, deadline: Deadline, context: ssl.SSLContext | None, settings: Config) -> None:
        # A name must be given, as smtplib would look one up in the DNS, without a time limit.
        super().__init__(local_hostname=settings.get("local_hostname", "localhost"))
        self._deadline = deadline
        self._context = context
        self._settings = settings
        self._host = settings["host"]  # where starttls() looks for the name that the certificate must have
        self._is_lmtp = settings["transport"] == LMTP
        if self._is_lmtp:
            self.ehlo_msg = "lhlo"  # RFC 2033 §4.1; all else is the same for a message to one recipient

    def _get_socket(self, host: str, port: int, timeout: object) -> DeadlineSocket | ssl.SSLSocket:
        if host.startswith("/"):
            return _connect_unix(host, self._deadline)
        plain = connect(host, port, self._deadline)
        if "local_hostname" not in self._settings:
            # RFC 5321 §4.1.4: a client without a name of its own sends its address.
            address = plain.getsockname()[0]
            self.local_hostname = f"[IPv6:{address}]" if plain.family == socket.AF_INET6 else f"[{address}]"
        if self._settings["security"] != SMTPS:
            return plain
        assert self._context is not None
        try:
            return self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    @property
    def encrypted(self) -> bool:
        """True once TLS is on."""
        return isinstance(self.sock, ssl.SSLSocket)

    @property
    def largest(self) -> float:
        """Octets of the largest message that the server says it takes (RFC 1870 §4)."""
        limit = self.esmtp_features.get("size", "").strip()
        return int(limit) if limit.isdigit() and int(limit) else math.inf

    def greet(self) -> None:
        """EHLO, or HELO to a server that does not know it; LHLO in LMTP."""
        if not self._is_lmtp:
            self.ehlo_or_helo_if_needed()
        elif self.ehlo_resp is None:
            code, text = self.ehlo()
            if not 200 <= code <= 299:
                raise smtplib.SMTPHeloError(code, text)

    def write(self, octets: bytes) -> None:
        """Send as it is. Raises SMTPServerDisconnected."""
        self.send(octets)

    def hang_up(self) -> None:
        """Say goodbye if that takes no time, and close."""
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._deadline.start(1.0)
            self.putcmd("quit")
        self.close()


def dial(settings: Config, deadline: Deadline, context: ssl.SSLContext | None) -> Connection:
    """Connect, encrypt and log in.

    Raises TransientFailure for what an administrator can mend; what smtplib raises otherwise is its caller's to judge.
    """
    connection = Connection(deadline, context, settings)
    try:
        code, text = connection.connect(settings["host"], settings["port"])
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        connection.greeting = text.decode("utf-8", "replace")
        connection.greet()
        connection.offers_starttls = connection.has_extn("starttls")
        if settings["security"] == STARTTLS or (
            settings["security"] == STARTTLS_IF_OFFERED and connection.offers_starttls
        ):
            _start_tls(connection, context)
            connection.greet()
        if "username" in settings:
            connection.mechanism = log_in(connection, settings, connection.encrypted)
    except BaseException:
        connection.close()
        raise
    return connection


def _start_tls(connection: Connection, context: ssl.SSLContext | None) -> None:
    try:
        code, _ = connection.starttls(context=context)
    except smtplib.SMTPNotSupportedError as error:
        raise TransientFailure("the mail server offers no STARTTLS; nothing was sent") from error
    if code != 220:
        raise TransientFailure(f"the mail server refused STARTTLS with {code}; nothing was sent")


def _connect_unix(path: str, deadline: Deadline) -> DeadlineSocket:
    connection = DeadlineSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.deadline = deadline
    try:
        connection.settimeout(deadline.left())
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection
