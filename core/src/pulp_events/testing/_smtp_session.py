"""One connection of an `SmtpSink`: aiosmtpd's server with the sink's answers in place of its own."""

from __future__ import annotations

import asyncio
import re
import socket
import time
import warnings
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session

from pulp_events.testing._smtp_auth import ExtraMechanisms

DROP = "drop"
HANG = "hang"
_PATH = re.compile(r"<([^>]*)>")


class Sink(Protocol):
    """What a connection asks of the server that it belongs to."""

    credentials: tuple[str, str] | None
    announce_size: bool
    pipelining: bool
    lmtp: bool
    commands: list[str]

    def connected(self, session: SinkSession) -> int:
        """Count a connection; its number."""

    def disconnected(self, session: SinkSession) -> None:
        """Forget a connection."""

    def reply_to(self, command: str, recipients: tuple[str, ...] = (), connection: int = 0) -> tuple[str, float] | None:
        """What is to be answered, and after how many seconds; None: as a working server does."""

    def take(self, **fields: Any) -> None:
        """Keep a message."""


class SinkHandler(ExtraMechanisms):
    """Takes the messages; aiosmtpd calls `handle_DATA` after the last dot."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(sink.credentials)
        self._sink = sink

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer what the sink was told to."""
        session.host_name = hostname
        if not self._sink.announce_size:
            responses = [line for line in responses if not line[4:].startswith("SIZE")]
        offers = "250-PIPELINING"  # RFC 2920; aiosmtpd answers in order, so that it can
        return [*responses[:-1], offers, responses[-1]] if self._sink.pipelining else responses

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message and answer."""
        assert isinstance(server, SinkSession)
        recipients = tuple(envelope.rcpt_tos)
        text, delay = self._sink.reply_to("DATA", recipients, server.number) or ("250 2.0.0 OK", 0.0)
        content = envelope.original_content or b""
        self._sink.take(
            mail_from=envelope.mail_from or "",
            recipients=recipients,
            raw=content,
            time=time.time(),
            accepted=text.startswith("250"),
            connection=server.number,
            tls=server.transport is not None and server.transport.get_extra_info("sslcontext") is not None,
            user=session.auth_data if isinstance(session.auth_data, str) else None,
        )
        await asyncio.sleep(delay)  # as servers do that have the message and look for viruses in it
        if text in (DROP, HANG):
            await server.misbehave(text)
        return text


class SinkSession(SMTP):
    """Asks the sink before each command whether it has an answer of its own."""

    def __init__(self, sink: Sink, options: dict[str, Any], implicit_tls: bool) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that logging in without TLS is no good: this is a test
            super().__init__(SinkHandler(sink), **options)
        self._sink = sink
        self._implicit_tls = implicit_tls
        self.number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; after STARTTLS this is called once more for the same one."""
        if not self.number:
            self.number = self._sink.connected(self)
            # asyncio does this only for sockets that were made with the protocol's number. Without it, an answer of
            # several lines waits for the client's delayed ACK, 40 ms.
            connection = transport.get_extra_info("socket")
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._sink.disconnected(self)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Close at the end of input; with TLS the answer must be False, else asyncio warns."""
        result = super().eof_received()
        return False if self._implicit_tls else result

    def abort(self) -> None:
        """Close the connection without another word."""
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]

    async def misbehave(self, text: str) -> None:
        """Close the connection, or wait until it is closed; either way this never returns."""
        if text == DROP:
            self.abort()
        await asyncio.Event().wait()

    async def _said(self, command: str, recipients: tuple[str, ...] = ()) -> bool:
        """True if the sink had an answer, which was given."""
        self._sink.commands.append(command)
        found = self._sink.reply_to(command, recipients, self.number)
        if found is None:
            return False
        text, delay = found
        await asyncio.sleep(delay)
        if text in (DROP, HANG):
            await self.misbehave(text)
        await self.push(text)
        if text.startswith("421") and self.transport is not None:
            self.transport.close()  # RFC 5321 §3.8: after 421 the server closes the channel
        return True

    async def _handle_client(self) -> None:
        if not await self._said("CONNECT"):
            await super()._handle_client()
        elif self.transport is not None:
            self.transport.close()

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if self._sink.lmtp:
            await self.push("500 5.5.1 This is LMTP")
        elif not await self._said("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        if self._sink.lmtp:
            await self.push("500 5.5.1 This is LMTP")
        else:
            await super().smtp_HELO(hostname)

    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        if not self._sink.lmtp:
            await self.push("500 5.5.1 This is SMTP")
        elif not await self._said("LHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if not await self._said("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        mechanism = f"AUTH {(arg or '').partition(' ')[0].upper()}"
        if not await self._said("AUTH") and not await self._said(mechanism):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._said("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        found = _PATH.search(arg or "")
        if not await self._said("RCPT", (found[1],) if found else ()):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._sink.commands.append("DATA")
        await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        if not await self._said("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_NOOP(self, arg: str) -> None:  # noqa: N802
        if not await self._said("NOOP"):
            await super().smtp_NOOP(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if not await self._said("QUIT"):
            await super().smtp_QUIT(arg)


def listen(host: str, path: str | None) -> socket.socket:
    """A listening socket: a free port of `host`, or the Unix socket `path`."""
    if path is None:
        return socket.create_server((host, 0), backlog=128)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(128)
    return listener
