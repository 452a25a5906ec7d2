"""What `config check --probe` tells of the brokers in `[messaging]`. Publishes nothing, makes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from pulp_events import TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events_amqp.address import BrokerAddress, parse_urls
from pulp_events_amqp.broker import look_at
from pulp_events_amqp.connecting import open_engine
from pulp_events_amqp.credentials import credentials
from pulp_events_amqp.dialects import dialect_for
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.procedures import Procedure


def probe(settings: Mapping[str, Any]) -> Iterator[str]:
    """A line for each broker of the list, and one for its `topic_exchange`.

    Every broker is asked, also after one that failed; raises TransientFailure for those that did.
    """
    failures: list[DeliveryFailure] = []
    for address in parse_urls(settings["url"]):
        try:
            yield from _probe(address, settings)
        except DeliveryFailure as failure:
            failures.append(failure)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise TransientFailure("; ".join(map(str, failures)))


def _probe(address: BrokerAddress, settings: Mapping[str, Any]) -> Iterator[str]:
    timeout = float(settings["timeout"])
    engine = open_engine(address, settings, time.monotonic() + timeout)
    try:
        broker = engine.perform(lambda: _look(engine), time.monotonic() + timeout, "opening")
        who = credentials(address, settings).describe()
        yield f"{address}: {broker}, {engine.tls_version or 'no TLS'}, {who}"
        dialect = dialect_for(broker)
        exchange = settings["topic_exchange"]
        yield engine.perform(
            lambda: _describe(engine, dialect, exchange),
            time.monotonic() + timeout,
            f"looking at exchange {exchange!r}",
        )
    finally:
        engine.close()


def _look(engine: Engine) -> Procedure[Any]:
    yield lambda: True
    return look_at(engine.connection)


def _describe(engine: Engine, dialect: Dialect, exchange: str) -> Procedure[str]:
    seen = yield from dialect.look(engine, exchange)
    named = f"exchange {exchange!r}"
    if seen.there is None and (unverified := dialect.unverified(exchange)):
        return f"{named}: {unverified}; not checked, because that could create it"
    if seen.there is None:
        return f"{named}: {dialect.broker.product} cannot report whether it exists without creating it"
    if not seen.there:
        return f"{named}: absent; the first event creates it, which needs the permission {dialect.create!r}"
    kind = "of type topic" if seen.verified else "not verified to be a topic exchange until the first event"
    permitted = {True: "yes", False: "no", None: "unknown until a message is sent"}[seen.may_publish]
    text = f"{named}: there, {kind}; permission {dialect.publish!r}: {permitted}"
    if seen.may_create is None:
        return text
    return f"{text}; permission {dialect.create!r}: {'yes' if seen.may_create else 'no'}"
