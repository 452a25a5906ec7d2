"""`EmailChannel`: one connection to the mail server."""

from __future__ import annotations

import smtplib
import time
from typing import TYPE_CHECKING

from pulp_events import Channel, Delivery, TimedOut, TransientFailure
from pulp_events.deadline import Deadline
from pulp_events.errors import DeliveryFailure
from pulp_events.fields import format_duration
from pulp_events.notifier import Config
from pulp_events_email.addresses import envelope_form, split_sender
from pulp_events_email.answer import explain, judge
from pulp_events_email.connection import Connection, dial, tls_context
from pulp_events_email.message import Composer
from pulp_events_email.notifier import DISABLED

if TYPE_CHECKING:
    import ssl

IDLE_LIMIT = 30.0
"""Seconds after which an unused connection is not trusted any more: a firewall may have forgotten it without a word."""


class EmailChannel(Channel):
    """Sends messages over a connection that is kept from delivery to delivery.

    The connection is made by the first delivery. When the server closed it since the last one (some take a single
    message on each), another is made: up to the answer to MAIL nothing of the message has been sent, so nothing can
    come twice. When it goes later, the delivery failed and the next attempt, with the same Message-ID, repeats it.
    """

    def __init__(self, config: Config, settings: Config) -> None:
        self._config = config
        self._settings = settings
        self._deadline = Deadline()
        self._context: ssl.SSLContext | None = None
        self._connection: Connection | None = None
        self._last_used = 0.0

    def open(self) -> None:
        """Prepare what all messages have in common.

        Raises TransientFailure while email is disabled or the CA certificates cannot be read.
        """
        if not self._settings["enabled"]:
            raise TransientFailure(DISABLED)
        name, address = split_sender(self._settings["from_"])
        self._sender = envelope_form(address)
        self._composer = Composer(self._config["subject"], name, self._sender)
        self._context = tls_context(self._settings, self._deadline)

    def close(self) -> None:
        """Say goodbye and close the connection."""
        if self._connection is not None:
            self._connection.hang_up()
            self._connection = None

    def send(self, delivery: Delivery) -> None:
        """Send the report to `delivery.target`; returns when the server took the message.

        Raises PermanentFailure for a 5yz answer to MAIL, RCPT or DATA, TimedOut when the time limit is over, and
        TransientFailure for anything else.
        """
        recipient = envelope_form(delivery.target)
        message = self._composer.compose(delivery, recipient)
        self._deadline.start(self._settings["timeout"])
        try:
            connection = self._begin()
            self._expect("RCPT", connection.path("rcpt", "TO", recipient))
            code, text = connection.data(message)
            self._expect("DATA", (code, text))
        except smtplib.SMTPDataError as error:  # anything but 354, which asks for the message
            raise self._refused("DATA", error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close_at_once()
            raise self._failure(error) from error
        self._last_used = time.monotonic()
        self.detail = f"{code} {text.decode('utf-8', 'replace')}"

    def _begin(self) -> Connection:
        """A connection on which the server has taken MAIL."""
        if self._connection is not None and time.monotonic() - self._last_used > IDLE_LIMIT:
            self.close()
            self._deadline.start(self._settings["timeout"])
        if self._connection is not None:
            try:
                code, text = self._connection.path("mail", "FROM", self._sender)
            except smtplib.SMTPServerDisconnected:
                if self._deadline.over:
                    raise
                code = 421
            if code != 421:
                self._expect("MAIL", (code, text))
                return self._connection
            self.close_at_once()
        self._connection = dial(self._settings, self._deadline, self._context)
        self._expect("MAIL", self._connection.path("mail", "FROM", self._sender))
        return self._connection

    def _expect(self, command: str, answer: tuple[int, bytes]) -> None:
        """Raise what an answer other than 2yz means."""
        if not 200 <= answer[0] <= 299:
            raise self._refused(command, *answer)

    def _refused(self, command: str, code: int, text: bytes | str) -> DeliveryFailure:
        """What this answer means; the connection is made fit for the next message, or closed."""
        if 400 <= code <= 599 and code != 421 and self._reset():
            self._last_used = time.monotonic()
        else:
            self.close_at_once()
        return judge(command, code, text)

    def _reset(self) -> bool:
        """End the mail transaction (RFC 5321 §4.1.1.5); True if that succeeded."""
        if self._connection is None:
            return False
        try:
            return self._connection.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def close_at_once(self) -> None:
        """Close the connection without a word; the next delivery makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _failure(self, error: Exception) -> TransientFailure:
        server = f"{self._settings['host']}:{self._settings['port']}"
        if self._deadline.over:
            return TimedOut(f"{server}: no answer within {format_duration(self._settings['timeout'])}")
        match error:
            case smtplib.SMTPServerDisconnected():
                return TransientFailure(f"{server}: it closed the connection")
            case smtplib.SMTPResponseException():
                failure = judge("connecting", error.smtp_code, error.smtp_error)
                return TransientFailure(f"{server}: {failure}")
        return TransientFailure(f"{server}: {explain(error)}")
