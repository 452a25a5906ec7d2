"""A connection to the mail server: smtplib's client on a socket that keeps to a deadline."""

from __future__ import annotations

import contextlib
import math
import smtplib
import socket
import ssl
from collections.abc import Iterator

from pulp_events import TransientFailure
from pulp_events.deadline import AddressInfo, Deadline, DeadlineSocket, open_to
from pulp_events.notifier import Config
from pulp_events_email.answer import TlsFailed, TurnedAway, Unasked, describe
from pulp_events_email.reader import LineReader
from pulp_events_email.settings import LMTP, SMTPS


class Connection(smtplib.SMTP):
    """Not connected yet; `call` does that."""

    greeting = ""
    """What the server said first."""

    offers_starttls = False
    tls_failure = ""
    """Why it is not encrypted although that is offered, where that is no reason to give up."""

    mechanism = ""
    """How we logged in."""

    messages = 0
    """How many were offered on it, taken or not."""

    def __init__(self, deadline: Deadline, context: ssl.SSLContext | None, settings: Config) -> None:
        # A name must be given, as smtplib would look one up in the DNS, without a time limit.
        super().__init__(local_hostname=settings.get("local_hostname", "localhost"))
        self._deadline = deadline
        self._context = context
        self._settings = settings
        # Where starttls() looks for the name that the certificate must have; certificates have no dot at the end.
        self._host = settings["host"].rstrip(".")
        self._is_lmtp = settings["transport"] == LMTP
        if self._is_lmtp:
            self.ehlo_msg = "lhlo"  # RFC 2033 §4.1; all else is the same for a message to one recipient

    def call(self, found: AddressInfo | None) -> None:
        """Connect to this address, or to the Unix socket that the settings name; returns when the server has greeted.

        Raises TurnedAway, also for a greeting; what smtplib does; OSError; and TlsFailed.
        """
        host = self._settings["host"]
        self.sock = _connect_unix(host, self._deadline) if found is None else self._connect(found)
        code, text = self.getreply()
        if code != 220:
            raise TurnedAway("connecting", code, text)
        self.greeting = text.decode("utf-8", "replace")
        self.greet()
        self.offers_starttls = self.has_extn("starttls")

    def _connect(self, found: AddressInfo) -> DeadlineSocket | ssl.SSLSocket:
        plain = DeadlineSocket.around(open_to(found, self._deadline), self._deadline)
        if "local_hostname" not in self._settings:
            # RFC 5321 §4.1.4: a client without a name of its own sends its address.
            address = plain.getsockname()[0].partition("%")[0]
            self.local_hostname = f"[IPv6:{address}]" if plain.family == socket.AF_INET6 else f"[{address}]"
        if self._settings["security"] != SMTPS:
            return plain
        assert self._context is not None
        try:
            with _handshake():
                return self._context.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise

    def start_tls(self) -> None:
        """Encrypt the connection (RFC 3207), and greet once more.

        Raises TransientFailure where the server does not want to, after which it can be used as it is; TlsFailed,
        TurnedAway and SMTPServerDisconnected, after which it cannot.
        """
        if not self.offers_starttls:
            raise TransientFailure("the mail server offers no STARTTLS; nothing was sent")
        assert isinstance(self.sock, socket.socket)
        self.sock.settimeout(self._deadline.left())  # of the whole handshake
        try:
            with _handshake():
                self.starttls(context=self._context)
        except smtplib.SMTPResponseException as error:
            if not 400 <= error.smtp_code <= 599 or error.smtp_code == 421:
                raise TurnedAway("STARTTLS", error.smtp_code, error.smtp_error) from error
            said = describe(error.smtp_code, error.smtp_error)[:200]
            raise TransientFailure(
                f"the mail server refused STARTTLS with {said}; nothing was sent", credentials=True
            ) from error
        self.greet()

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
        """EHLO, or HELO to a server that does not know it (RFC 5321 §3.2); LHLO in LMTP. Raises TurnedAway."""
        command = self.ehlo_msg.upper()
        code, text = self.ehlo()
        if 500 <= code <= 599 and not self._is_lmtp:
            try:
                again, more = self.helo()
            except smtplib.SMTPServerDisconnected:
                raise TurnedAway(command, code, text) from None  # what it said before it went
            if 200 <= again <= 299:
                return
            command, code, text = "HELO", again, more
        if not 200 <= code <= 299:
            raise TurnedAway(command, code, text)

    def write(self, octets: bytes) -> None:
        """Send as it is. Raises SMTPServerDisconnected."""
        self.send(octets)

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's, by way of a reader that shows what is left unread."""
        if self.file is None and self.sock is not None:
            self.file = LineReader(self.sock)
        return super().getreply()

    def send(self, s: str | bytes) -> None:
        """As smtplib's, if the server waits for a command.

        Raises Unasked, with nothing sent, if it has said something else or is gone; and SMTPServerDisconnected. The
        next answer would be taken for that of another command: what is read first after the last dot decides whether a
        message is the server's.
        """
        left = self.file.unread() if isinstance(self.file, LineReader) else None
        if left is not None:
            self.close()
            raise Unasked(left)
        super().send(s)

    def hang_up(self) -> None:
        """Say goodbye if that takes no time, and close."""
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._deadline.start(1.0)
            self.putcmd("quit")
        self.close()


@contextlib.contextmanager
def _handshake() -> Iterator[None]:
    """Say TlsFailed where a handshake fails, however it does; a server that is silent has not failed."""
    try:
        yield
    except (TimeoutError, smtplib.SMTPException):
        raise
    except OSError as error:
        raise TlsFailed("the connection cannot be encrypted") from error


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
