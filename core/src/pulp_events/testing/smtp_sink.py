"""`SmtpSink`: a real SMTP server (aiosmtpd) that keeps the messages it takes, and answers or misbehaves as told.

    with SmtpSink() as sink:
        ...                                           # something sends to sink.host, sink.port
        (received,) = sink.wait_for(1)
        assert received.message["Subject"] == "pulp notification"

    sink.reply("RCPT", "550 5.1.1 No such user", recipient="gone@example.com")
    sink.reply("MAIL", "451 4.7.1 Come back later", times=1)
    sink.reply("DATA", DROP)                          # the connection ends where the answer would be
    sink.reply("DATA", "250 2.0.0 OK", delay=0.5)     # the answer takes its time
    sink.reply("MAIL", "452 4.3.2 Enough", after=10)  # on each connection, after ten messages

Needs the extra `pulp-events[test-smtp]`.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from pulp_events.testing import _smtp_session
from pulp_events.testing._smtp_auth import MECHANISMS
from pulp_events.testing._smtp_session import SinkSession

DROP = _smtp_session.DROP
"""In place of an answer: the connection is closed."""

HANG = _smtp_session.HANG
"""In place of an answer: silence until the client goes away or the sink is closed."""


_COMMANDS = (
    "CONNECT", "EHLO", "LHLO", "STARTTLS", "AUTH", *(f"AUTH {each}" for each in MECHANISMS), "MAIL", "RCPT", "DATA",
    "RSET", "NOOP", "QUIT",
)  # fmt: skip
"""Those that the sink asks for an answer to."""
_OF_RECIPIENTS = ("RCPT", "DATA")


@dataclass(frozen=True)
class Received:
    """One message as the sink took it, or was about to when it gave another answer than 250."""

    mail_from: str
    recipients: tuple[str, ...]
    """Of the envelope."""

    raw: bytes
    """The message, dot-stuffing undone."""

    time: float
    """Seconds since the epoch."""

    accepted: bool
    """True if the answer was 250."""

    connection: int
    """Number of the connection that it came on, from 1."""

    tls: bool
    user: str | None
    """Who logged in on the connection."""

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


@dataclass
class _Reply:
    """An answer that `SmtpSink.reply` set."""

    command: str
    text: str
    recipient: str | None
    times: int | None
    delay: float
    after: int

    def check(self) -> None:
        """Raise ValueError for what no client would ever be answered with."""
        if self.command not in _COMMANDS:
            raise ValueError(f"command={self.command!r} is never answered; use one of {', '.join(_COMMANDS)}")
        if self.recipient is not None and self.command not in _OF_RECIPIENTS:
            raise ValueError(f"recipient= is for {' and '.join(_OF_RECIPIENTS)}, not for {self.command}; leave it out")


class SmtpSink:
    """A server on 127.0.0.1 and a free port, in a thread of its own; a context manager.

    `starttls`: offer STARTTLS with this context; `require_starttls`: accept nothing without it. `smtps`: use TLS from
    the first byte. `credentials`: (user name, password or XOAUTH2 token) that a client must log in with before it can
    send a message; `mechanisms`: any of PLAIN, LOGIN, CRAM-MD5 and XOAUTH2. `pipelining` and `smtputf8`: offer these
    extensions. `lmtp`: speak LMTP (RFC 2033). `path`: listen on this Unix socket instead of a port. `size_limit`:
    largest accepted message, in octets; `announce_size`: False: do not announce it.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        require_starttls: bool = False,
        smtps: ssl.SSLContext | None = None,
        credentials: tuple[str, str] | None = None,
        mechanisms: Sequence[str] = ("PLAIN", "LOGIN"),
        pipelining: bool = True,
        smtputf8: bool = False,
        lmtp: bool = False,
        path: str | None = None,
        size_limit: int = 64 * 1024 * 1024,
        announce_size: bool = True,
    ) -> None:
        self.received: list[Received] = []
        """Every message that came in whole, oldest first."""
        self.connections: int = 0
        """How many connections were accepted so far."""
        self.commands: list[str] = []
        """Names of the commands that came, in order."""
        self.credentials = credentials
        self.pipelining = pipelining
        self.announce_size = announce_size
        self.lmtp = lmtp
        self.path = path
        self._replies: list[_Reply] = []
        self._arrived = threading.Condition()
        self._sessions: set[SinkSession] = set()
        self._listener = _smtp_session.listen(self.host, path)
        self.port: int = 0 if path else self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        options: dict[str, Any] = {
            "hostname": "sink.test",
            "ident": "ESMTP",
            "loop": self._loop,
            "tls_context": starttls,
            "require_starttls": require_starttls,
            "auth_required": credentials is not None,
            "auth_require_tls": False,
            "auth_exclude_mechanism": [name for name in MECHANISMS if name not in mechanisms],
            "enable_SMTPUTF8": smtputf8,
            "authenticator": self._authenticate,
            "data_size_limit": size_limit,
        }
        self._thread = threading.Thread(target=self._run, args=(options, smtps), name=f"smtp-sink-{self.port}")
        self._thread.daemon = True
        self._started = threading.Event()
        self._thread.start()
        if not self._started.wait(30):
            raise RuntimeError("the SMTP sink did not start within 30 s")

    @property
    def messages(self) -> list[Received]:
        """The messages that were accepted, oldest first."""
        with self._arrived:
            return [received for received in self.received if received.accepted]

    def reply(
        self,
        command: str,
        text: str,
        *,
        recipient: str | None = None,
        times: int | None = None,
        delay: float = 0.0,
        after: int = 0,
    ) -> None:
        """From now on answer `command` with `text`, for example `550 5.1.1 No such user`, or with DROP or HANG.

        `command`: `CONNECT` (the greeting), `EHLO`, `LHLO`, `STARTTLS`, `AUTH` or `AUTH LOGIN` (that mechanism),
        `MAIL`, `RCPT`, `DATA` (the answer to the message, after its last dot), `RSET`, `NOOP` or `QUIT`. `recipient`:
        only for this one (`RCPT`, `DATA`). `times`: how many times, then as before. `delay`: seconds before the answer.
        `after`: only on connections that have accepted this many messages.

        Raises ValueError for a command that is none of these, and a `recipient` of another. `text` may be any, as some
        servers answer with what is none.
        """
        made = _Reply(command.upper(), text, recipient, times, delay, after)
        made.check()
        with self._arrived:
            self._replies.append(made)

    def clear_replies(self) -> None:
        """Answer every command as a working server does again."""
        with self._arrived:
            self._replies.clear()

    def wait_for(self, count: int, timeout: float = 30.0) -> list[Received]:
        """The accepted messages, once there are at least `count`. Raises AssertionError after `timeout` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: sum(one.accepted for one in self.received) >= count, timeout):
                raise AssertionError(f"{len(self.messages)} of {count} messages came within {timeout:g} s")
        return self.messages

    def drop_connections(self) -> None:
        """Close the connections that are open now, as a server does that restarts."""
        done = threading.Event()

        def drop() -> None:
            for session in list(self._sessions):
                session.abort()
            done.set()

        self._loop.call_soon_threadsafe(drop)
        done.wait(30)

    def close(self) -> None:
        """Stop; returns once the thread has ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, options: dict[str, Any], smtps: ssl.SSLContext | None) -> None:
        asyncio.set_event_loop(self._loop)
        create = self._loop.create_unix_server if self.path else self._loop.create_server
        server = self._loop.run_until_complete(
            create(lambda: SinkSession(self, options, smtps is not None), sock=self._listener, ssl=smtps)
        )
        self._loop.call_soon(self._started.set)
        self._loop.run_forever()
        server.close()
        for session in list(self._sessions):
            session.abort()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        ok = given is not None and given == self.credentials
        return AuthResult(success=ok, handled=ok, auth_data=given and given[0])

    # What follows is for SinkSession, in the sink's thread.

    def connected(self, session: SinkSession) -> int:
        """Not for applications: count a connection; its number."""
        self._sessions.add(session)
        self.connections += 1
        return self.connections

    def disconnected(self, session: SinkSession) -> None:
        """Not for applications: forget a connection."""
        self._sessions.discard(session)

    def reply_to(self, command: str, recipients: tuple[str, ...] = (), connection: int = 0) -> tuple[str, float] | None:
        """Not for applications: what `reply` set last for this command, and its delay; None: what a server does."""
        with self._arrived:
            taken = sum(one.accepted and one.connection == connection for one in self.received)
            for reply in reversed(self._replies):
                meant = reply.recipient is None or reply.recipient in recipients
                if reply.command == command and meant and reply.times != 0 and taken >= reply.after:
                    if reply.times is not None:
                        reply.times -= 1
                    return reply.text, reply.delay
        return None

    def take(self, **fields: Any) -> None:
        """Not for applications: keep a message."""
        with self._arrived:
            self.received.append(Received(**fields))
            self._arrived.notify_all()
