"""How a channel reaches its host: requests' adapter, on connections that keep to the channel's limits."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from pulp_events import TransientFailure
from pulp_events.deadline import DeadlineSocket, put_under_deadline
from pulp_events_http.limits import TimeLimits
from pulp_events_http.networks import Networks
from pulp_events_http.proxies import is_socks


def tls_context(ca_path: str | None, insecure: bool = False) -> ssl.SSLContext:
    """A context that verifies certificate and host name, from TLS 1.2 on; `insecure`: that verifies nothing.

    It trusts what the file or directory `ca_path` holds; without one, what requests trusts. Raises TransientFailure
    when that cannot be read: an administrator can mend it before the delivery's last attempt.
    """
    path = ca_path or DEFAULT_CA_BUNDLE_PATH
    is_folder = Path(path).is_dir()
    try:
        context = ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)
    except OSError as error:  # ssl.SSLError, for a file that is no certificate, is one too
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no CA certificates in PEM form"
        raise TransientFailure(f"the CA certificates in {path} cannot be used: {reason}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def load_client_certificate(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    """Present this certificate to servers that ask for one. Raises TransientFailure if the files cannot be used."""

    def refuse() -> str:  # without this OpenSSL would ask on the terminal
        raise ValueError("the key is encrypted; store it without a pass phrase, readable for the worker alone")

    try:
        context.load_cert_chain(cert, key, password=refuse)
    except ValueError as error:
        raise TransientFailure(f"the client certificate {cert} cannot be used: {error}") from None
    except OSError as error:
        if isinstance(error, ssl.SSLError):
            reason = "the key does not belong to it" if error.reason == "KEY_VALUES_MISMATCH" else "not in PEM form"
        else:
            reason = error.strerror or "cannot be read"
        files = cert if key is None else f"{cert} with the key {key}"
        raise TransientFailure(f"the client certificate {files} cannot be used: {reason}") from error


class GuardedAdapter(HTTPAdapter):
    """requests' adapter whose connections, through a proxy too, are under `limits` and reach only `networks`.

    A proxy is the administrator's own choice: its address is not held against `networks`.
    """

    def __init__(self, limits: TimeLimits, context: ssl.SSLContext | None, networks: Networks) -> None:
        self._context = context
        self._limits = limits
        self._networks = networks
        if context is not None:
            put_under_deadline(context, limits)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._limits, self._networks)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        if is_socks(proxy):
            from pulp_events_http.socks_pools import socks_pool_classes

            manager.pool_classes_by_scheme = socks_pool_classes(self._limits, self._networks)
        else:
            manager.pool_classes_by_scheme = _pool_classes(self._limits, None)
        return manager


class GuardedSocket(DeadlineSocket):
    """A socket that connects only to an address of `networks`; None: to any."""

    networks: Networks | None = None

    def connect(self, address: Any) -> None:
        if self.networks is not None:
            self.networks.check(str(address[0]))
        super().connect(address)


def connect(host: str, port: int, limits: TimeLimits, networks: Networks | None) -> GuardedSocket:
    """Connect to the first address of `host` that is allowed and takes the connection, all of them within the limits.

    An address may take its share of the time that is left, so that one that swallows packets leaves some for the next.
    Raises OSError: that of the name look-up, TimeoutError, ForbiddenAddress, or that of the last address tried.
    """
    last: OSError | None = None
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, address) in enumerate(found):
        connection = GuardedSocket(family, kind, protocol)
        connection.deadline = limits
        connection.networks = networks
        try:
            # Without this a request in two segments, head and body, waits for the receiver's delayed ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(limits.left() / (len(found) - number))
            connection.connect(address)
            connection.settimeout(limits.left())  # for the TLS handshake, which takes this as its whole time
        except OSError as error:
            last = error
            connection.close()
        else:
            return connection
    raise last or OSError("the name has no address")


def _pool_classes(limits: TimeLimits, networks: Networks | None) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools with connections under `limits`, by URL scheme."""

    class Guarded(HTTPConnection):
        def connect(self) -> None:
            limits.connecting()
            super().connect()
            limits.connected()

        def _new_conn(self) -> GuardedSocket:  # the method that urllib3's connections open their socket with
            try:
                return connect(self._dns_host, self.port, limits, networks)
            except TimeoutError as error:
                raise ConnectTimeoutError(self, "connecting took too long") from error
            except OSError as error:
                if type(error).__name__ == "gaierror":
                    raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
                raise NewConnectionError(self, str(error)) from error

    class PlainConnection(Guarded):
        pass

    class SecureConnection(Guarded, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

        def _validate_conn(self, conn: Any) -> None:
            # Without the base class's warning about an unverified host: `--insecure` was the administrator's word, and
            # the listener says so wherever it is shown.
            if conn.is_closed:
                conn.connect()

    return {"http": PlainPool, "https": SecurePool}
