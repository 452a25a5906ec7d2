"""What we say when a connection opens, and why it may have ended."""

from __future__ import annotations

from dataclasses import dataclass

from proton import Connection, Endpoint, Transport

from pulp_events_amqp.credentials import Credentials

VIRTUAL_HOST = "vhost:"
"""Before the name of a virtual host, in the hostname of an open frame: RabbitMQ's convention."""


@dataclass(frozen=True)
class Opening:
    """What our open frame and the SASL exchange say (AMQP 1.0 §2.7.1, §5.3)."""

    container: str
    hostname: str
    credentials: Credentials
    heartbeat: float
    """Seconds of silence after which the broker is taken for dead (idle time-out, AMQP 1.0 §2.4.5)."""

    tls: bool = False


def describe_end(broker: str, connection: Connection, transport: Transport, opening: Opening) -> str:
    """Why the connection to `broker` ended: in the broker's words if it had any."""
    remote, local = connection.remote_condition, transport.condition
    if remote is not None:
        return f"{broker} closed the connection: {remote.name}: {remote.description or 'no description'}"
    if login_refused(transport):
        return (
            f"{broker} refused {opening.credentials.describe()}; check user name and password in [messaging], and "
            "which mechanisms the broker offers"
        )
    reason = (
        f"{local.name}: {local.description or 'no description'}" if local else "closed by the broker without a reason"
    )
    return f"connection to {broker} lost: {reason}{hint(connection, transport, opening)}"


def login_refused(transport: Transport) -> bool:
    """True if the broker did not agree to the SASL exchange (AMQP 1.0 §5.3.3.6)."""
    sasl, local = transport.sasl(), transport.condition
    return sasl.outcome not in (None, sasl.OK) or (local is not None and local.name == "amqp:unauthorized-access")


def hint(connection: Connection, transport: Transport, opening: Opening) -> str:
    """What a broker that hung up without a reason may have had in mind, from how far it let us come."""
    if connection.state & Endpoint.REMOTE_ACTIVE:
        return ""
    sasl = transport.sasl()
    if sasl.outcome == sasl.OK and opening.hostname.startswith(VIRTUAL_HOST):  # RabbitMQ 4.0 does so
        return f"; is there a virtual host {opening.hostname.removeprefix(VIRTUAL_HOST)!r} that we may use?"
    if sasl.outcome is None and opening.tls:  # with TLS 1.3 the client's part of the handshake has ended by then
        return "; does the broker demand another client certificate ([messaging] clientcert)?"
    return ""
