"""What we say when a connection opens, and why it may have ended."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from proton import Condition, Connection, Endpoint, Transport

from pulp_events_amqp.address import BrokerAddress
from pulp_events_amqp.conditions import said
from pulp_events_amqp.credentials import Credentials
from pulp_events_amqp.durations import seconds

VIRTUAL_HOST = "vhost:"
"""Before the name of a virtual host, in the hostname of an open frame: RabbitMQ's convention."""

HEADER = 8
"""Bytes of a protocol header (AMQP 1.0 §2.2)."""


def hostnames(address: BrokerAddress) -> tuple[str, ...]:
    """What to call the broker's host in an open frame, in the order in which it is to be tried.

    RabbitMQ takes a virtual host's name for one only with a prefix, and without it means its default; all others take
    the bare name. Which broker it is, is known only when it has answered.
    """
    if not address.virtual_host:
        return (address.host,)
    return f"{VIRTUAL_HOST}{address.virtual_host}", address.virtual_host


@dataclass(frozen=True)
class Opening:
    """What our open frame and the SASL exchange say (AMQP 1.0 §2.7.1, §5.3)."""

    container: str
    hostname: str
    credentials: Credentials
    heartbeat: float
    """Seconds of silence after which the broker is taken for dead (idle time-out, AMQP 1.0 §2.4.5)."""

    tls: bool = False


def describe_end(broker: str, connection: Connection, transport: Transport, opening: Opening, first: bytes) -> str:
    """Why the connection to `broker` ended: in the broker's words if it had any. `first`: the first that it said."""
    remote, local = connection.remote_condition, transport.condition
    if remote is not None:
        return f"{broker} closed the connection: {said(remote)}{_remedy(remote, opening)}"
    if login_refused(transport):
        return (
            f"{broker} refused {opening.credentials.describe()}; check the user name and password in [messaging], "
            "and the mechanisms that the broker offers"
        )
    if another := another_protocol(first, opening):
        return f"no AMQP 1.0 with {broker}: {another}"
    return f"connection to {broker} lost: {_cause(local, opening)}{hint(connection, transport, opening, first)}"


def _cause(local: Condition | None, opening: Opening) -> str:
    """What proton noticed, where that is all that is known."""
    if local is None or "connection aborted" in (local.description or ""):  # proton's words for the end of the input
        return "it ended without a message from the broker, as when the broker stops or a firewall intervenes"
    if local.name == "amqp:resource-limit-exceeded" and "idle-timeout" in (local.description or ""):
        return f"the broker said nothing for {seconds(opening.heartbeat)} ([messaging] heartbeat)"
    return f"{local.name}: {local.description or 'no description'}"


def another_protocol(first: bytes, opening: Opening) -> str | None:
    """What the other side speaks in place of AMQP 1.0, from what it said first; None if that is not known."""
    if first[:1] in (b"\x15", b"\x16") and first[1:2] == b"\x03" and not opening.tls:  # RFC 8446 §5.1: alert, handshake
        return "that is a TLS port; write amqps:// in [messaging] url"
    if first[:4] == b"AMQP" and (first[4:5] not in (b"\0", b"\x02", b"\x03") or first[5:6] != b"\x01"):
        return (
            f"it speaks another version of AMQP (its header is {_legible(first)}); RabbitMQ supports 1.0 from "
            "version 4 on"
        )
    if first[:5] in (b"HTTP/", b"<html"):
        return "that is a web server's port; use the AMQP port (5672, or 5671 with TLS) in [messaging] url"
    if first and not b"AMQP".startswith(first[:4]):
        return f"something else answers there: its answer begins with {_legible(first)}; {_RIGHT_PORT}"
    if first and len(first) < HEADER:
        return f"it ended after {_legible(first)}, which is shorter than an AMQP header; {_RIGHT_PORT}"
    return None


_RIGHT_PORT = "check the host and port in [messaging] url (AMQP uses 5672, or 5671 with TLS)"


def _legible(data: bytes) -> str:
    """Bytes of a stranger: in quotes if they are plain text, else in hexadecimal."""
    text = data.decode("ascii", "replace").rstrip("\r\n")
    return f'"{text}"' if text.isascii() and text.isprintable() else data.hex(" ")


def _remedy(remote: Condition, opening: Opening) -> str:
    """What to do about a host that the broker does not know, which it says in answer to our open frame."""
    if remote.name != "amqp:not-found":
        return ""
    if opening.hostname.startswith(VIRTUAL_HOST):
        name = opening.hostname.removeprefix(VIRTUAL_HOST)
        return f"; create the virtual host {name!r} at the broker, or name another as the path of [messaging] url"
    return "; name an existing virtual host as the path of [messaging] url"


def login_refused(transport: Transport) -> bool:
    """True if the broker did not agree to the SASL exchange (AMQP 1.0 §5.3.3.6)."""
    sasl, local = transport.sasl(), transport.condition
    return sasl.outcome not in (None, sasl.OK) or (local is not None and local.name == "amqp:unauthorized-access")


def wants_certificate(connection: Connection, transport: Transport, opening: Opening) -> bool:
    """True if a broker that hung up may have done so for our certificate.

    With TLS 1.3 the client's part of the handshake has ended before the broker has looked at it.
    """
    return opening.tls and transport.sasl().outcome is None and not connection.state & Endpoint.REMOTE_ACTIVE


def refused_by_tls(error: OSError) -> bool:
    """True for an alert of the broker, such as that it wants another certificate; not for a connection that ended."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def hint(connection: Connection, transport: Transport, opening: Opening, first: bytes) -> str:
    """What a broker that hung up without a reason may have had in mind, from how far it let us come."""
    if connection.state & Endpoint.REMOTE_ACTIVE:
        return ""
    sasl = transport.sasl()
    if sasl.outcome == sasl.OK and opening.hostname.startswith(VIRTUAL_HOST):  # RabbitMQ 4.0 does so
        return f"; does virtual host {opening.hostname.removeprefix(VIRTUAL_HOST)!r} exist, and may we use it?"
    if wants_certificate(connection, transport, opening):
        return "; does the broker demand another client certificate ([messaging] clientcert)?"
    if sasl.outcome is None and not first:  # some servers hang up on whoever does not begin with TLS
        return "; is that a TLS port (amqps:// in [messaging] url)?"
    return ""
