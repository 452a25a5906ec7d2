"""`EmailChannel`: one connection to the mail server."""

from __future__ import annotations

import smtplib
import time
from typing import TYPE_CHECKING

from pulp_events import PermanentFailure, TimedOut, TransientFailure
from pulp_events.deadline import Deadline
from pulp_events.errors import DeliveryFailure
from pulp_events.fields import format_duration
from pulp_events.notifier import Config
from pulp_events_email.answer import explain, judge
from pulp_events_email.connection import Connection, dial
from pulp_events_email.mail_channel import Letter, MailChannel
from pulp_events_email.tls import tls_context
from pulp_events_email.transaction import Refused, begin, finish, give_up

if TYPE_CHECKING:
    import ssl

IDLE_LIMIT = 30.0
"""Seconds after which an unused connection is not trusted any more: a firewall may have forgotten it without a word."""


class EmailChannel(MailChannel):
    """Sends messages over a connection that is kept from delivery to delivery.

    The connection is made by the first delivery. When the server closed it since the last one (some take a single
    message on each), another is made: before the answer to DATA nothing of the message has been sent, so nothing can
    come twice. When it goes later, the delivery failed and the next attempt, with the same Message-ID, repeats it.
    """

    def __init__(self, config: Config, settings: Config) -> None:
        super().__init__(config, settings)
        self._deadline = Deadline()
        self._context: ssl.SSLContext | None = None
        self._connection: Connection | None = None
        self._last_used = 0.0

    def open(self) -> None:
        """Prepare what all messages have in common.

        Raises TransientFailure while email is disabled or the CA certificates cannot be read.
        """
        super().open()
        self._context = tls_context(self._settings, self._deadline)

    def close(self) -> None:
        """Say goodbye and close the connection."""
        if self._connection is not None:
            self._connection.hang_up()
            self._connection = None

    def post(self, letter: Letter) -> None:
        """Send it; returns when the server took it.

        Raises PermanentFailure for a 5yz answer to MAIL, RCPT or DATA, TimedOut when the time limit is over, and
        TransientFailure for anything else.
        """
        self._deadline.start(self._settings["timeout"])
        try:
            connection = self._begin(letter)
            answer = finish(connection, letter.octets)
        except Refused as refused:
            if self._connection is not None and give_up(self._connection, refused):
                self._last_used = time.monotonic()
            else:
                self.close_at_once()
            raise judge(refused.command, refused.code, refused.text) from refused
        except (smtplib.SMTPException, OSError) as error:
            self.close_at_once()
            raise self._failure(error) from error
        except DeliveryFailure:
            raise  # nothing was begun
        except BaseException:
            self.close_at_once()  # whatever it was, the server is in the middle of something
            raise
        self._last_used = time.monotonic()
        self.detail = answer.decode("utf-8", "replace")

    def _begin(self, letter: Letter) -> Connection:
        """A connection whose server waits for the message."""
        if self._connection is not None and time.monotonic() - self._last_used > IDLE_LIMIT:
            self.close()
            self._deadline.start(self._settings["timeout"])
        if self._connection is not None:
            try:
                return self._offer(self._connection, letter)
            except smtplib.SMTPServerDisconnected:
                if self._deadline.over:
                    raise
            except Refused as refused:
                if refused.code != 421 or refused.command != "MAIL":
                    raise
            self.close_at_once()
        self._connection = dial(self._settings, self._deadline, self._context)
        self._last_used = time.monotonic()
        return self._offer(self._connection, letter)

    def _offer(self, connection: Connection, letter: Letter) -> Connection:
        for address in (self._composer.sender, letter.recipient):
            if not address.isascii() and not connection.has_extn("smtputf8"):
                raise PermanentFailure(f"the mail server does not take addresses beyond ASCII (SMTPUTF8): {address}")
        if letter.size is not None and letter.size > connection.largest:
            letter.shorten()
        begin(connection, self._composer.sender, letter.recipient, letter.size, meanwhile=letter.make)
        return connection

    def close_at_once(self) -> None:
        """Close the connection without a word; the next delivery makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _failure(self, error: Exception) -> TransientFailure:
        host, port = self._settings["host"], self._settings["port"]
        server = host if host.startswith("/") else f"{host}:{port}"
        if self._deadline.over:
            return TimedOut(f"{server}: no answer within {format_duration(self._settings['timeout'])}")
        match error:
            case smtplib.SMTPServerDisconnected():
                return TransientFailure(f"{server}: it closed the connection")
            case smtplib.SMTPResponseException():
                failure = judge("connecting", error.smtp_code, error.smtp_error)
                return TransientFailure(f"{server}: {failure}")
        return TransientFailure(f"{server}: {explain(error)}")
