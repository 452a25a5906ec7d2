"""An HTTP server for Prometheus, in threads of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any

from prometheus_client.exposition import MetricsHandler
from prometheus_client.registry import CollectorRegistry

from pulp_events.errors import EventsError
from pulp_events.system.logs import get_logger
from pulp_events_prometheus.address import Address

PATH = "/metrics"
PATIENCE = 10.0
"""Seconds that a client may be silent."""
_MOST = 16
"""Connections at the same time; a server that scrapes has one."""

_logger = get_logger("pulp_events.prometheus")


class CannotServe(EventsError):
    """The address cannot be used; the text says why, and what to do."""


class _Handler(MetricsHandler):
    timeout = PATIENCE
    server_version, sys_version = "pulp-events", ""

    def do_GET(self) -> None:
        """The metrics, at their path alone."""
        if self.path.partition("?")[0] == PATH:
            super().do_GET()
        else:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"metrics are at {PATH}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_port = False

    def __init__(self, address: Address, registry: CollectorRegistry) -> None:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        self._free = threading.BoundedSemaphore(_MOST)
        super().__init__(found[0][4][:2], _Handler.factory(registry))  # type: ignore[arg-type]

    def server_bind(self) -> None:
        """Without asking what the address is called, which may take long."""
        import socketserver

        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread, as long as there are few."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""
        _logger.debug("a request for metrics failed", exc_info=True)


@contextmanager
def serving(address: Address, registry: CollectorRegistry) -> Iterator[Address]:
    """Serve a registry until left; yields where. Raises CannotServe."""
    try:
        server = _Server(address, registry)
    except OSError as error:
        raise CannotServe(
            f"metrics cannot be served at {address}: {error.strerror or error}; choose another address or port with "
            "--metrics HOST:PORT"
        ) from error
    found = Address(address.host, server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="pulp-events-metrics", daemon=True)
    try:
        thread.start()
        _logger.info("metrics are served at http://%s%s", found, PATH)
        yield found
    finally:
        if thread.ident is not None:
            server.shutdown()
            thread.join()
        server.server_close()
