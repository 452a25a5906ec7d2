"""What the tests of the email notifier share."""

from __future__ import annotations

import contextlib
import dataclasses
import email
import email.policy
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import IO, Any, Self

import pytest
import trustme

from pulp_events import Channel, Delivery, PermanentFailure, TransientFailure
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_email import pulp_notifiers
from pulp_events_email.message import Composer

REPORT = {
    "call_report": {"task_id": "79be77a8-1a20-11e2-aeb9-1803731e94c4", "tags": ["pulp:action:sync"], "result": None},
    "event_type": "repo.sync.start",
    "payload": {"repo_id": "pulp2"},
}


@pytest.fixture(scope="session")
def delivery() -> Delivery:
    """A delivery of the guide's event to the first of its recipients."""
    return Delivery(
        id="01929e5f-0000-7000-8000-000000000001.1",
        event_id="01929e5f-0000-7000-8000-000000000001",
        event_type="repo.sync.start",
        event_time=datetime(2012, 10, 19, 19, 9, 16, tzinfo=UTC),
        source="",
        report=json.dumps(REPORT).encode(),
        listener_id="5081a42ce19a00ea4300000e",
        target="someone@redhat.com",
    )


@pytest.fixture
def to(delivery: Delivery) -> Callable[[str], Delivery]:
    """The same delivery to another recipient."""
    return lambda address: dataclasses.replace(delivery, target=address)


Opening = Callable[..., AbstractContextManager[Channel]]


@pytest.fixture
def open_channel() -> Opening:
    """Opens a channel to a sink as the dispatcher does: configuration and settings go through the schemas."""

    @contextlib.contextmanager
    def opening(
        sink: SmtpSink | None,
        subject: str = "pulp notification",
        listener: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Iterator[Channel]:
        (notifier,) = pulp_notifiers()
        assert notifier.settings_schema is not None
        where = {} if sink is None else {"host": sink.path} if sink.path else {"host": sink.host, "port": sink.port}
        loaded = notifier.settings_schema().load({"enabled": True, "timeout": "30s", **where, **settings})
        given = {"subject": subject, "addresses": "someone@redhat.com", **(listener or {})}
        config = notifier.config_schema().load(given)
        with notifier.open(config, loaded) as channel:
            yield channel

    return opening


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts unless told to."""
    return trustme.CA()


@pytest.fixture
def failure_of() -> Callable[[Channel, Delivery], TransientFailure | PermanentFailure]:
    """What sending the delivery fails with."""

    def failing(channel: Channel, delivery: Delivery) -> TransientFailure | PermanentFailure:
        with pytest.raises((TransientFailure, PermanentFailure)) as caught:
            channel.send(delivery)
        return caught.value

    return failing


@pytest.fixture
def made(delivery: Delivery) -> Callable[..., Delivery]:
    """A delivery of another event to the same recipient."""

    def making(
        event_type: str, payload: dict[str, Any], call_report: dict[str, Any] | None = None, **more: Any
    ) -> Delivery:
        report = {"call_report": call_report or {}, "event_type": event_type, "payload": payload}
        return dataclasses.replace(delivery, event_type=event_type, report=json.dumps(report).encode(), **more)

    return making


def _composed(
    delivery: Delivery, subject: str = "pulp notification", sender: str = "no-reply@your.domain", **config: str
) -> bytes:
    composer = Composer({"subject": subject, **config}, {"from_": sender, "format": "report"})
    return composer.compose(delivery, "someone@redhat.com")


def _parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw.replace(b"\r\n", b"\n"), policy=email.policy.default)  # as in a Maildir
    assert isinstance(message, EmailMessage)
    return message


def _assert_valid(raw: bytes) -> None:
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    assert raw.isascii()
    message = _parsed(raw)
    assert message.defects == []
    for name in ("Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID"):
        assert len(message.get_all(name)) == 1


@pytest.fixture(scope="session")
def composed() -> Callable[..., bytes]:
    """The message that is made of a delivery."""
    return _composed


@pytest.fixture(scope="session")
def parsed() -> Callable[[bytes], EmailMessage]:
    """A message, read as a mail client does."""
    return _parsed


@pytest.fixture(scope="session")
def assert_valid() -> Callable[[bytes], None]:
    """Fails for what is no message by RFC 5322, or has lines that some server does not take."""
    return _assert_valid


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Skips the test for the lack of something; fails it where nothing may be skipped."""

    def lacking(what: str) -> None:
        if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            pytest.fail(what)
        pytest.skip(what)

    return lacking


@pytest.fixture(scope="session")
def taken_port() -> Callable[[], socket.socket]:
    """A socket with a port of 127.0.0.1 and nobody listening: a mail server may take it over, and nobody else gets it.
    Servers bind with SO_REUSEADDR, and that is also what lets them in."""

    def take() -> socket.socket:
        place = socket.socket()
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        return place

    return take


CLOSE = "close"
"""In place of an answer."""

Say = Callable[[str, int, int], str | None]
"""Command (`DOT` for the end of a message), number of the connection, how many of this command came on it → answer."""

OK = {"EHLO": "250-x\r\n250 SIZE 100000", "DATA": "354 go", "QUIT": "221 bye", "STARTTLS": "220 go"}


def _message_from(file: IO[bytes]) -> bytes:
    lines = []
    while (line := file.readline()) != b".\r\n":
        if not line:  # at the end of the connection it would be read for ever
            raise ConnectionError
        lines.append(line)
    return b"".join(lines)


@dataclass
class Scripted:
    """A mail server on a real socket, for answers that no well-meant server gives.

    `say` gives the answers that are not the usual ones; one may have several lines, and end
    with CLOSE.
    """

    say: Say
    address: str = "127.0.0.1"
    port: int = 0
    extensions: str = ""
    smtps: ssl.SSLContext | None = None
    connections: int = 0
    lines: list[bytes] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    """Those whose answer was 2yz."""

    answered: threading.Event = field(default_factory=threading.Event)
    """All is said in answer to the last command."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.address, self.port))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection, self.connections), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what was said is there
            if self.smtps is not None:
                connection = stack.enter_context(self.smtps.wrap_socket(connection, server_side=True))
            connection.settimeout(60)
            file = stack.enter_context(connection.makefile("rb"))
            counts: dict[str, int] = {}

            def answer(command: str, usual: str, message: bytes | None = None) -> str:
                counts[command] = counts.get(command, 0) + 1
                said = self.say(command, number, counts[command])
                text = usual if said is None else said
                ends = text.endswith(CLOSE)
                if message is not None and text.startswith("2"):
                    self.messages.append(message)
                lines = text.removesuffix(CLOSE)
                # Within TLS each line is a record of its own: what is read of one leaves the others where they are.
                for part in filter(None, lines.split("\r\n") if self.smtps else [lines]):
                    connection.sendall(part.encode() + b"\r\n")
                if ends:
                    raise ConnectionError
                return text

            answer("CONNECT", "220 x")
            usual = OK | ({"EHLO": f"250-x\r\n250-{self.extensions}\r\n250 HELP"} if self.extensions else {})
            for line in file:
                self.answered.clear()
                self.lines.append(line.rstrip())
                command = line[:8].split()[0].decode().upper() if line.strip() else ""
                if answer(command, usual.get(command, "250 2.0.0 OK")).startswith("354"):
                    answer("DOT", "250 2.0.0 queued", _message_from(file))
                self.answered.set()


@pytest.fixture(scope="session")
def scripted() -> type[Scripted]:
    """The class."""
    return Scripted
