"""The TCP connection to the broker, with TLS when the URL asks for it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from pulp_events import TransientFailure
from pulp_events.deadline import Deadline, open_tcp
from pulp_events.errors import TimedOut
from pulp_events_amqp.address import BrokerAddress
from pulp_events_amqp.durations import seconds
from pulp_events_amqp.unusable import Unusable


def connect(address: BrokerAddress, context: Callable[[], ssl.SSLContext], timeout: float) -> socket.socket:
    """A connected, non-blocking socket.

    `context` makes the TLS context, if one is needed; `timeout`: seconds for look-up, TCP and TLS together. Raises
    TransientFailure, for a broker that does not answer TimedOut.
    """
    tls = context() if address.tls else None
    deadline = Deadline()
    deadline.start(timeout)
    try:
        plain = open_tcp(address.host, address.port, deadline)
    except TimeoutError as error:
        raise TimedOut(
            f"no connection to {address} within {seconds(timeout)}; check [messaging] url and the broker"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise TransientFailure(
            f"cannot connect to {address}: {reason}; check [messaging] url and the broker"
        ) from error
    if tls is None:
        plain.setblocking(False)
        return plain
    try:
        plain.settimeout(deadline.left())
        secured = tls.wrap_socket(plain, server_hostname=address.host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        raise Unusable(
            f"the certificate of {address} is not trusted: {error.verify_message}; check [messaging] cacert and the "
            "host name in [messaging] url"
        ) from error
    except TimeoutError as error:
        plain.close()
        raise TimedOut(f"no TLS handshake with {address} within {seconds(timeout)}; is that its TLS port?") from error
    except OSError as error:  # ssl.SSLError is one
        plain.close()
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise TransientFailure(
            f"no TLS with {address}: {reason}; is that its TLS port (without TLS: amqp:// in [messaging] url)?",
            credentials=True,
        ) from error
    secured.setblocking(False)
    return secured
