"""`Sessions`: the sessions of one connection, each used by one link at a time and then by the next.

A session is never ended before its connection is: an ended session's channel goes to the next one that begins, and
RabbitMQ 4.0 at times loses the `begin` on a channel just left. So a connection wears out as brokers end sessions to
refuse something (RabbitMQ does), and is replaced when it has few channels left.
"""

from __future__ import annotations

from proton import Connection, Endpoint, Session, Transport

_RESERVE = 4
"""Channels that a connection keeps for those who use it already."""


class Sessions:
    """Used on the engine's thread, but for `worn_out`."""

    worn_out = False
    """True if nobody new should use the connection. RabbitMQ permits 64 sessions (`channel_max` 63)."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._connection = connection
        self._transport = transport
        self._free: list[Session] = []
        self._all: list[Session] = []
        self._begun = 0

    def take(self) -> Session:
        """A session that no link uses."""
        while self._free:
            session = self._free.pop()
            if not session.state & Endpoint.REMOTE_CLOSED:
                return session
        self._begun += 1
        most = min(self._transport.channel_max, self._transport.remote_channel_max) + 1
        self.worn_out = self._begun >= most - _RESERVE
        session = self._connection.session()
        session.open()
        self._all.append(session)
        return session

    @property
    def stuck(self) -> bool:
        """True if a session has something to send, and the broker keeps its window closed (AMQP 1.0 §2.5.6)."""
        return any(one.outgoing_bytes for one in self._all if not one.state & Endpoint.REMOTE_CLOSED)

    def give_back(self, session: Session) -> None:
        """The links of a session are gone; it is free for others unless the broker has ended it."""
        if not session.state & Endpoint.REMOTE_CLOSED:
            self._free.append(session)
