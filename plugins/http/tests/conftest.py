"""What the tests of the HTTP notifier share."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from pulp_events import Channel, Delivery
from pulp_events_http import pulp_notifiers
from pulp_events_http.connections import kept

REPORT = json.dumps({"call_report": {}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}).encode()


def a_delivery(report: bytes = REPORT, number: int = 1) -> Delivery:
    """One that is due for the event of the guide."""
    return Delivery(
        id=f"01929e5f-0000-7000-8000-000000000001.{number}",
        event_id="01929e5f-0000-7000-8000-000000000001",
        event_type="repo.sync.start",
        event_time=datetime(2012, 10, 19, 19, 9, 16, tzinfo=UTC),
        source="",
        report=report,
        listener_id="50bf51ffdd01fb5b9d000003",
        target="",
    )


@pytest.fixture(autouse=True)
def rests_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine more than `IDLE_LIMIT` may pass between two requests of a test, which count on one connection.

    Those that are about the limit set it themselves.
    """
    monkeypatch.setattr(kept, "IDLE_LIMIT", 60.0)


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until something is true, looking every few milliseconds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "did not become true in time"
            time.sleep(0.002)

    return wait


Opening = Callable[..., AbstractContextManager[Channel]]


@pytest.fixture
def open_channel() -> Opening:
    """Opens a channel as the dispatcher does: configuration and settings go through the schemas."""

    @contextlib.contextmanager
    def opening(config: dict[str, Any], settings: dict[str, Any] | None = None) -> Iterator[Channel]:
        (notifier,) = pulp_notifiers()
        assert notifier.settings_schema is not None
        loaded = notifier.settings_schema().load(settings or {})
        with notifier.open(notifier.config_schema().load(config), loaded) as channel:
            yield channel

    return opening


@pytest.fixture
def socks_server() -> Callable[..., Any]:
    """Runs a SOCKS server: `with socks_server(account=(b"me", b"pw")) as socks`; see socks_server.py."""
    spec = importlib.util.spec_from_file_location(
        "http_tests_socks_server", Path(__file__).with_name("socks_server.py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.socks_server  # type: ignore[no-any-return]


RawServer = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def raw_server() -> RawServer:
    """`with raw_server(serve, context) as url`: a server that hands its connections to `serve(connection, number)`.

    Each has a thread of its own; number counts from 1. `context`: speak TLS. The server ends with the block.
    """

    @contextlib.contextmanager
    def serving(serve: Callable[[Any, int], None], context: ssl.SSLContext | None = None) -> Iterator[str]:
        open_now: list[socket.socket] = []
        threads: list[threading.Thread] = []

        def work(raw: socket.socket, number: int) -> None:
            with contextlib.suppress(OSError):
                connection = context.wrap_socket(raw, server_side=True) if context else raw
                open_now.append(connection)
                with connection:
                    serve(connection, number)

        def accept() -> None:
            with contextlib.suppress(OSError):
                for number in itertools.count(1):
                    raw, _ = listening.accept()
                    # Nagle's algorithm would hold an answer back, and a close then drop it: no client could read it.
                    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    open_now.append(raw)
                    threads.append(threading.Thread(target=work, args=(raw, number), daemon=True))
                    threads[-1].start()

        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            try:
                yield f"{'https' if context else 'http'}://127.0.0.1:{listening.getsockname()[1]}/"
            finally:
                for one in (listening, *open_now):
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
                for one in (thread, *threads):
                    one.join(30)

    return serving


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """Of a server at 127.0.0.1 under that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "ci.example").configure_cert(context)
    return context


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The authority's certificate in a file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def delivery() -> Delivery:
    """A delivery of the guide's event."""
    return a_delivery()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts unless told to."""
    return trustme.CA()
