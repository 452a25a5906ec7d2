"""Fixtures of the AMQP notifier's tests."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pulp_events import Channel, Delivery
from pulp_events_amqp.config import AmqpConfig
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings
from pulp_events_amqp.testing import AmqpBroker

TIME = datetime(2012, 10, 19, 19, 9, 16, tzinfo=UTC)
REPORT = b'{"call_report": {"task_id": "79be77a8"}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}'

MakeDelivery = Callable[..., Delivery]
OpenChannel = Callable[..., Channel]


@pytest.fixture
def make_delivery() -> MakeDelivery:
    """A delivery; number and event type may be given."""

    def make(number: int = 1, event_type: str = "repo.sync.start", report: bytes = REPORT) -> Delivery:
        return Delivery(
            id=f"5081a42c{number}.1",
            event_id=f"5081a42c{number}",
            event_type=event_type,
            event_time=TIME,
            source="test",
            report=report,
            listener_id="5092d9b3e19a00c58600000c",
            target="",
        )

    return make


@pytest.fixture
def open_channel() -> Iterator[OpenChannel]:
    """Opens a channel to `url`; `config`: of the listener; further arguments are settings; closed after the test."""
    channels: list[Channel] = []

    def open_(
        url: str, exchange: str | None = "pulp", config: dict[str, Any] | None = None, **settings: Any
    ) -> Channel:
        loaded = MessagingSettings().load({"url": url, "timeout": "30s", **settings})
        given = {**({"exchange": exchange} if exchange else {}), **(config or {})}
        channel = AmqpNotifier().open(AmqpConfig().load(given), loaded)
        channels.append(channel)
        channel.open()
        return channel

    yield open_
    for channel in channels:
        channel.close()


@pytest.fixture
def broker(pulp_events_amqp_broker: AmqpBroker) -> AmqpBroker:
    """Like Qpid C++."""
    return pulp_events_amqp_broker


@pytest.fixture
def rabbit_like() -> Iterator[AmqpBroker]:
    """Like RabbitMQ 4."""
    with AmqpBroker("RabbitMQ") as running:
        yield running


def _rabbitmq_module() -> Any:
    spec = importlib.util.spec_from_file_location("rabbitmq_server", Path(__file__).with_name("rabbitmq.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that asks for a real RabbitMQ runs on each that there is."""
    if "rabbitmq" in metafunc.fixturenames:
        module = _rabbitmq_module()
        roots = module.roots()
        names = [module.version(root) for root in roots] or ["absent"]
        metafunc.parametrize("rabbitmq", roots or [None], ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def rabbitmq(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A real RabbitMQ 4, started for the tests that ask for it."""
    module = _rabbitmq_module()
    if request.param is None:
        text = f"needs a RabbitMQ 4 server: set {module.ROOTS_VARIABLE} to what .ci/install-rabbitmq prints"
        if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            pytest.fail(text)
        pytest.skip(text)
    with module.RabbitMQ(request.param) as server:
        yield server
