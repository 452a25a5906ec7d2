"""A connection to the mail server, encrypted and logged in as the settings say."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from pathlib import Path
from socket import AF_INET6

from pulp_events import TransientFailure
from pulp_events.deadline import Deadline, DeadlineSocket, connect, put_under_deadline
from pulp_events.notifier import Config
from pulp_events_email.settings import NONE, SMTPS, STARTTLS


class Connection(smtplib.SMTP):
    """smtplib's client on a socket that keeps to a deadline; `connect` it, or `dial` does all there is to do."""

    def __init__(self, deadline: Deadline, context: ssl.SSLContext | None, settings: Config) -> None:
        # A name must be given, as smtplib would look one up in the DNS, without a time limit.
        super().__init__(local_hostname=settings.get("local_hostname", "localhost"))
        self._deadline = deadline
        self._context = context
        self._settings = settings
        self._host = settings["host"]  # where starttls() looks for the name that the certificate must have

    def _get_socket(self, host: str, port: int, timeout: object) -> DeadlineSocket | ssl.SSLSocket:
        plain = connect(host, port, self._deadline)
        if "local_hostname" not in self._settings:
            # RFC 5321 §4.1.4: a client without a name of its own sends its address.
            address = plain.getsockname()[0]
            self.local_hostname = f"[IPv6:{address}]" if plain.family == AF_INET6 else f"[{address}]"
        if self._settings["security"] != SMTPS:
            return plain
        assert self._context is not None
        try:
            return self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def path(self, command: str, keyword: str, address: str) -> tuple[int, bytes]:
        """MAIL or RCPT with an address that is known to be good; smtplib's own parse it anew for each message."""
        return self.docmd(command, f"{keyword}:<{address}>")

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
        if settings["security"] == STARTTLS:
            _start_tls(connection, context)
        connection.ehlo_or_helo_if_needed()
        if "username" in settings:
            _log_in(connection, settings["username"], settings["password"])
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


def _log_in(connection: Connection, username: str, password: str) -> None:
    try:
        connection.login(username, password)
    except smtplib.SMTPAuthenticationError as error:
        # Not the server's text: it may repeat what it was sent.
        raise TransientFailure(
            f"the mail server refused the user name and password with {error.smtp_code}; "
            "check username and password in the section [email] of server.conf"
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise TransientFailure("the mail server offers no log-in on this connection; check `security`") from None
    except UnicodeEncodeError:
        raise TransientFailure("user name and password must be ASCII to log in to the mail server") from None
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException:
        raise TransientFailure("the mail server offers none of CRAM-MD5, PLAIN and LOGIN to log in with") from None


def tls_context(settings: Config, deadline: Deadline) -> ssl.SSLContext | None:
    """A context that verifies certificate and host name, from TLS 1.2 on; None where `security` is none.

    Raises TransientFailure if `ca_path` cannot be used.
    """
    if settings["security"] == NONE:
        return None
    path = settings.get("ca_path")
    is_folder = path is not None and Path(path).is_dir()
    try:
        context = ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)
    except OSError as error:  # ssl.SSLError, for a file that is no certificate, is one too
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no CA certificates in PEM form"
        raise TransientFailure(f"the CA certificates in {path} cannot be used: {reason}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    put_under_deadline(context, deadline)
    return context
