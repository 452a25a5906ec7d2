"""`EmailChannel`: one connection to the mail server."""

from __future__ import annotations

import smtplib
import time

from pulp_events import PermanentFailure, TimedOut, TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events.notifier import Config
from pulp_events_email.answer import (
    NoAddressAnswers,
    Refused,
    TlsFailed,
    TurnedAway,
    Unasked,
    explain,
    is_about_size,
    is_end,
    is_spent,
    judge,
)
from pulp_events_email.connection import Connection
from pulp_events_email.dialer import Dialer
from pulp_events_email.limits import Limits
from pulp_events_email.mail_channel import Letter, MailChannel
from pulp_events_email.notices import Notices
from pulp_events_email.tls import tls_context
from pulp_events_email.transaction import begin, finish, give_up

IDLE_LIMIT = 30.0
"""Seconds after which an unused connection is no longer trusted: a firewall may have dropped it silently."""


class EmailChannel(MailChannel):
    """Sends messages over a connection that is kept from delivery to delivery.

    The connection is made by the first delivery, and again after `messages_per_connection`. When the server closed it
    since the last one, or takes no further message on it, another is made: before the answer to DATA nothing of the
    message has been sent, so nothing can come twice. When it goes later, the delivery failed and the next attempt, with
    the same Message-ID, repeats it. A new one that the server ends before that leads on to its next address.
    """

    def __init__(self, config: Config, settings: Config, notices: Notices) -> None:
        super().__init__(config, settings)
        self._notices = notices
        self._limits = Limits(settings["timeout"])
        self._connection: Connection | None = None
        self._last_used = 0.0

    def open(self) -> None:
        """Prepare what all messages have in common.

        Raises TransientFailure while email is disabled or the CA certificates cannot be read.
        """
        super().open()
        context = tls_context(self._settings, self._limits)
        self._dialer = Dialer(self._settings, self._limits, context, self._notices)

    def close(self) -> None:
        """Say goodbye and close the connection."""
        if self._connection is not None:
            self._connection.hang_up()
            self._connection = None

    def post(self, letter: Letter) -> None:
        """Send it; returns when the server took it.

        Raises PermanentFailure for an answer that is about this recipient or message, TimedOut when a time limit is
        over, and TransientFailure for anything else.
        """
        self._limits.begin()
        try:
            answer = self._transact(letter)
        except Refused as refused:
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

    def _transact(self, letter: Letter) -> bytes:
        """What the server says when it took the letter, or a shorter one where it is too large."""
        while True:
            try:
                return finish(self._begin(letter), letter.octets, sent=self._limits.await_answer)
            except Unasked:
                if not self._was_used:
                    raise
                self.close_at_once()
                self._limits.short()
            except Refused as refused:
                self._limits.short()
                if self._was_used and is_spent(refused):
                    if not 400 <= refused.code <= 599 or refused.code == 421 or refused.data_is_open:
                        self.close_at_once()
                    self.close()
                    continue
                if self._connection is not None and give_up(self._connection, refused):
                    self._last_used = time.monotonic()
                else:
                    self.close_at_once()
                if not (is_about_size(refused.code, refused.text) and letter.shorten()):
                    raise

    @property
    def _was_used(self) -> bool:
        """True if something had been offered on the connection before what is under way: a new one may do better."""
        return self._connection is not None and self._connection.messages > 1

    def _begin(self, letter: Letter) -> Connection:
        """A connection whose server waits for the message."""
        kept = self._connection
        if kept is not None and (
            time.monotonic() - self._last_used > IDLE_LIMIT
            or kept.messages >= self._settings["messages_per_connection"]
        ):
            self.close()
            self._limits.short()
        if self._connection is not None:
            try:
                return self._offer(self._connection, letter)
            except smtplib.SMTPServerDisconnected:
                if self._limits.over:
                    raise
                self.close_at_once()
        connections = self._dialer.connections()
        connection = next(connections)
        while True:
            self._connection = connection
            self._last_used = time.monotonic()
            try:
                return self._offer(connection, letter)
            except (smtplib.SMTPServerDisconnected, Refused) as error:
                if not is_end(error):
                    raise
                self._connection = None  # the generator closes it
                connection = connections.throw(error)

    def _offer(self, connection: Connection, letter: Letter) -> Connection:
        if not connection.has_extn("smtputf8"):
            needs = "not ASCII, and the mail server does not accept such addresses (SMTPUTF8)"
            if not letter.recipient.isascii():
                raise PermanentFailure(f"the recipient {letter.recipient} is {needs}")
            if not self._composer.sender.isascii():
                raise TransientFailure(f"the sender {self._composer.sender} is {needs}; set another `from`")
        letter.fit(connection.largest)
        # RFC 1870: it can refuse one that is too large, or has no room for it, before it is sent.
        size = len(letter.octets) if connection.has_extn("size") else None
        begin(connection, self._composer.sender, letter.recipient, size, meanwhile=letter.make)
        return connection

    def close_at_once(self) -> None:
        """Close the connection without a word; the next delivery makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _failure(self, error: Exception) -> TransientFailure:
        host, port = self._settings["host"], self._settings["port"]
        server = host if host.startswith("/") else f"{host}:{port}"
        match error:
            case NoAddressAnswers():
                return TransientFailure(f"{server}: {error}", credentials=error.failed_in_tls)
            case _ if self._limits.over:
                return TimedOut(f"{server}: {self._limits.exceeded()}")
            case smtplib.SMTPResponseException():
                command = error.command if isinstance(error, TurnedAway) else "connecting"
                failure = judge(command, error.smtp_code, error.smtp_error)
                if not isinstance(failure, TransientFailure):
                    return TransientFailure(f"{server}: {failure}")
                return TransientFailure(f"{server}: {failure}", failure.retry_after, credentials=failure.credentials)
        return TransientFailure(f"{server}: {explain(error)}", credentials=isinstance(error, TlsFailed))
