"""`Dialer`: makes connections to the mail server, encrypted and logged in as the settings say."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from pulp_events import TransientFailure
from pulp_events.deadline import AddressInfo, Deadline, look_up
from pulp_events.notifier import Config
from pulp_events_email.answer import NoAddressAnswers, Refused, explain, is_end
from pulp_events_email.connection import Connection
from pulp_events_email.login import log_in
from pulp_events_email.notices import Notices
from pulp_events_email.settings import STARTTLS, STARTTLS_IF_OFFERED

if TYPE_CHECKING:
    import ssl


class Dialer:
    """Knows which address of the server answered last, and tries it first."""

    def __init__(self, settings: Config, deadline: Deadline, context: ssl.SSLContext | None, notices: Notices) -> None:
        self._settings = settings
        self._deadline = deadline
        self._context = context
        self._notices = notices
        self._last: str | None = None

    def dial(self) -> Connection:
        """The first connection that can be made. Raises what `connections` does."""
        return next(self.connections())

    def connections(self) -> Generator[Connection, None, None]:
        """Connections, encrypted and logged in, to one address of the server after the other (RFC 5321 §5.1).

        Whoever finds that one is of no use after all throws what it ended with into the generator, for the next. Making
        each has an equal share of the time.

        Raises TransientFailure for what an administrator can fix; what smtplib raises otherwise, TlsFailed and
        NoAddressAnswers are the caller's to judge. What is thrown comes back where the server has one address.
        """
        host = self._settings["host"]
        found: list[AddressInfo | None] = []
        if host.startswith("/"):
            found.append(None)
        else:
            found.extend(look_up(host, self._settings["port"], self._deadline))
            found.sort(key=lambda each: _place(each) != self._last)
        failures: list[tuple[str, Exception]] = []
        for each, seconds in self._deadline.shares(found):
            try:
                with self._deadline.within(seconds):
                    connection = self._open(each)
            except (OSError, TransientFailure) as error:
                failure: Exception = error
            else:
                try:
                    self._log_in(connection)
                    self._last = _place(each)
                    yield connection
                    return
                except (OSError, Refused) as error:
                    connection.close()
                    if not is_end(error):
                        raise
                    failure = error
            if len(found) == 1:
                raise failure
            failures.append((_place(each), failure))
        raise NoAddressAnswers(failures)

    def _log_in(self, connection: Connection) -> None:
        if "username" not in self._settings:
            return
        try:
            if self._settings["security"] == STARTTLS_IF_OFFERED and not connection.encrypted:
                raise TransientFailure(_no_password("the mail server offers no STARTTLS"), credentials=True)
            connection.mechanism = log_in(connection, self._settings, connection.encrypted)
        except BaseException:
            connection.close()
            raise

    def _open(self, found: AddressInfo | None) -> Connection:
        """A connection that is encrypted where it is to be."""
        connection = self._call(found)
        security = self._settings["security"]
        try:
            if security == STARTTLS:
                connection.start_tls()
            elif security == STARTTLS_IF_OFFERED and connection.offers_starttls:
                return self._try_tls(connection, found)
        except BaseException:
            connection.close()
            raise
        return connection

    def _call(self, found: AddressInfo | None) -> Connection:
        connection = Connection(self._deadline, self._context, self._settings)
        try:
            connection.call(found)
        except BaseException:
            connection.close()
            raise
        return connection

    def _try_tls(self, connection: Connection, found: AddressInfo | None) -> Connection:
        """Encrypted if that can be done; else in the clear (RFC 7435 §3), and a log line says so once."""
        where = f"{self._settings['host']}:{self._settings['port']}"
        try:
            with self._deadline.within(self._deadline.left() / 2):
                connection.start_tls()
        except (OSError, TransientFailure) as error:
            reason = explain(error).partition("; nothing was sent")[0]
            if "username" in self._settings:
                raise TransientFailure(_no_password(f"STARTTLS failed ({reason})"), credentials=True) from error
            self._notices.say(where, f"{where} offers STARTTLS, but {reason}: mail is sent unencrypted")
            if not isinstance(error, TransientFailure):  # which is a refusal in good order
                connection.close()
                connection = self._call(found)
            connection.tls_failure = reason
        else:
            self._notices.forget(where)
        return connection


def _place(found: AddressInfo | None) -> str:
    return "" if found is None else str(found[4][0])


def _no_password(what: str) -> str:
    return (
        f"{what}, and with security = starttls-if-offered no password is sent unencrypted; set security = starttls in "
        "the section [email], or none"
    )
