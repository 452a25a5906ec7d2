"""`open_engine`: a new connection to one broker."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Mapping
from typing import Any

from pulp_events import TransientFailure
from pulp_events.errors import TimedOut
from pulp_events_amqp.address import BrokerAddress
from pulp_events_amqp.broker import RABBITMQ
from pulp_events_amqp.conditions import UNAUTHORISED
from pulp_events_amqp.credentials import credentials, tls_context
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.opening import Opening, hostnames
from pulp_events_amqp.sockets import connect
from pulp_events_amqp.unusable import Unusable

_numbers = itertools.count(1)


def open_engine(address: BrokerAddress, settings: Mapping[str, Any], deadline: float) -> Engine:
    """A new connection to one broker. Raises TransientFailure: TimedOut when it is for time, Unusable when refused."""
    prefixed, *bare = hostnames(address)
    engine, failure = _open(address, settings, deadline, prefixed)
    wants_bare = engine.product != RABBITMQ if failure is None else engine.end_condition == "amqp:not-found"
    if bare and wants_bare:
        try:
            other, other_failure = _open(address, settings, deadline, bare[0])
        except TransientFailure:
            engine.close()
            raise
        if other.product != RABBITMQ:  # to which the bare name would be its default virtual host
            engine.close()
            engine, failure = other, other_failure
        else:
            other.close()
    if failure is not None:
        engine.close()
        if engine.login_refused or engine.end_condition in UNAUTHORISED:
            raise Unusable(str(failure)) from failure
        if engine.wants_certificate and not isinstance(failure, TimedOut):
            raise TransientFailure(str(failure), credentials=True) from failure
        raise failure
    return engine


def _open(
    address: BrokerAddress, settings: Mapping[str, Any], deadline: float, hostname: str
) -> tuple[Engine, TransientFailure | None]:
    """A connection that was begun with this name of the host, and why it did not open, if so."""
    who = credentials(address, settings)
    sock = connect(address, lambda: tls_context(settings), max(0.01, deadline - time.monotonic()))
    container = f"pulp-events-{socket.gethostname()}-{os.getpid()}-{next(_numbers)}"
    engine = Engine(sock, str(address), Opening(container, hostname, who, settings["heartbeat"], address.tls))
    try:
        engine.start(deadline)
    except TransientFailure as failure:
        return engine, failure
    return engine, None
