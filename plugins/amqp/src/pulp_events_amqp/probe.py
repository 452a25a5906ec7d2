"""What `config check --probe` tells of the brokers in `[messaging]`. Publishes nothing, makes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from pulp_events import TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events_amqp.address import BrokerAddress, parse_urls
from pulp_events_amqp.broker import look_at
from pulp_events_amqp.credentials import credentials
from pulp_events_amqp.dialects import dialect_for
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import detach
from pulp_events_amqp.procedures import Procedure
from pulp_events_amqp.shared_connection import open_engine


def probe(settings: Mapping[str, Any]) -> Iterator[str]:
    """A line for each broker of the list, and one for its `topic_exchange`.

    Every broker is asked, also after one that failed; raises TransientFailure or PermanentFailure for the first one
    that did.
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
    there = yield from dialect.exists(engine, exchange)
    if there is None:
        return f"exchange {exchange!r}: {dialect.broker.product} does not say whether it is there without making it"
    if not there:
        return (
            f"exchange {exchange!r}: absent; the first event makes it, for which the permission {dialect.create!r} is "
            "needed"
        )
    attachment = yield from dialect.attach(engine, exchange)  # as it is there, this makes nothing
    engine.spawn(lambda: detach(engine, attachment.link))
    permitted = "yes" if dialect.attaching_needs_publish else "not known before a message comes"
    text = (
        f"exchange {exchange!r}: there, of type topic as far as the broker tells; permission {dialect.publish!r}: "
        f"{permitted}"
    )
    if attachment.may_create is None:
        return text
    return f"{text}; permission {dialect.create!r}: {'yes' if attachment.may_create else 'no'}"
