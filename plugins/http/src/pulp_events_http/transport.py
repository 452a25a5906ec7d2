"""How a channel reaches its host: requests' adapter, on connections that keep to the channel's deadline."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from pulp_events import TransientFailure
from pulp_events.deadline import Deadline, DeadlineSocket, connect, put_under_deadline


def tls_context(ca_path: str | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name, from TLS 1.2 on.

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
    return context


class DeadlineAdapter(HTTPAdapter):
    """requests' adapter whose connections, through a proxy too, are under `deadline`."""

    def __init__(self, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._pool_classes = _pool_classes(deadline)
        if context is not None:
            put_under_deadline(context, deadline)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        if not proxy.lower().startswith("socks"):  # those connect in a way of their own, with a time-out per read
            manager.pool_classes_by_scheme = self._pool_classes
        return manager


def _pool_classes(deadline: Deadline) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools with connections under `deadline`, by URL scheme."""

    class Deadlined:
        _dns_host: str
        host: str
        port: int

        def _new_conn(self) -> DeadlineSocket:  # the method that urllib3's connections open their socket with
            try:
                return connect(self._dns_host, self.port, deadline)
            except TimeoutError as error:
                raise ConnectTimeoutError(self, "connecting took too long") from error
            except OSError as error:
                if type(error).__name__ == "gaierror":
                    raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
                raise NewConnectionError(self, str(error)) from error  # type: ignore[arg-type]

    class PlainConnection(Deadlined, HTTPConnection):
        pass

    class SecureConnection(Deadlined, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": PlainPool, "https": SecurePool}
