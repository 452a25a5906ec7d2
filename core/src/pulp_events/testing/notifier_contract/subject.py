"""What the claims stand on: the notifier under test, a bus with it alone, a channel to the endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pulp_events import Delivery, EventBus, Listener, Notifier
from pulp_events.listeners.notifier_config import complete, validate
from pulp_events.secrets import secret_fields
from pulp_events.testing.bus import open_bus
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.notifier_contract.waiting import open_channel

EVENT_TYPE = "repo.sync.start"


class Subject:
    """Attributes and fixtures of `NotifierContract`."""

    module: ClassVar[str]
    """Name of the module that the plugin's entry point names."""

    transports: ClassVar[Sequence[str]] = ()
    """Modules that must not be imported with it: they load when the first channel opens."""

    invalid: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Configurations that must be refused."""

    keeps_connections: ClassVar[bool] = True
    """False for a notifier that overrides `open` but still makes a connection for each delivery."""

    arrival_timeout: ClassVar[float] = 10.0
    """Seconds within which a delivery is seen at the endpoint."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(wall=time.time())

    @pytest.fixture
    def bus(self, notifier: Notifier, endpoint: Any, tmp_path: Path, clock: FakeClock) -> Iterator[EventBus]:
        with open_bus(tmp_path, notifier, conf=getattr(endpoint, "settings", {}), clock=clock) as bus:
            yield bus

    @pytest.fixture
    def listener(self, bus: EventBus, notifier: Notifier, endpoint: Any) -> Listener:
        return bus.listeners.create(notifier.type_id, endpoint.config, [EVENT_TYPE])

    @contextmanager
    def channel(self, notifier: Notifier, endpoint: Any) -> Iterator[Any]:
        """A channel to the endpoint, as the dispatcher opens it."""
        with open_channel(notifier, *self.opening(notifier, endpoint)) as opened:
            yield opened

    @staticmethod
    def opening(notifier: Notifier, endpoint: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Configuration and settings as `open` is given them."""
        stored, _ = validate(notifier, endpoint.config)
        settings: dict[str, Any] = {}
        if notifier.settings_schema is not None and notifier.settings_section is not None:
            text = getattr(endpoint, "settings", {}).get(notifier.settings_section, {})
            settings = dict(notifier.settings_schema().load({key: str(value) for key, value in text.items()}))
        return complete(notifier, stored), settings

    def await_arrivals(self, endpoint: Any, count: int) -> list[Arrival]:
        """What arrived, once it is `count`; then nothing more may come within a moment."""
        deadline = time.monotonic() + self.arrival_timeout
        while len(endpoint.arrived()) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        arrived: list[Arrival] = endpoint.arrived()
        assert len(arrived) == count, f"{len(arrived)} arrivals instead of {count}"
        return arrived


def delivery_to(notifier: Notifier, endpoint: Any, mark: str) -> Delivery:
    _, targets = validate(notifier, endpoint.config)
    return make_delivery(EVENT_TYPE, {"repo_id": mark}, target=targets[0])


def send(channel: Any, delivery: Delivery) -> None:
    if channel.in_flight:
        channel.submit([delivery])
        while not (outcomes := list(channel.settled(0.5))):
            pass
        for _, failure in outcomes:
            if failure is not None:
                raise failure
    elif channel.batch_size > 1:
        for _, failure in channel.send_batch([delivery]):
            if failure is not None:
                raise failure
    else:
        assert channel.send(delivery) is None, "send() and deliver() return None"


def method_of(endpoint: Any, name: str) -> Callable[[], None]:
    found: Callable[[], None] | None = getattr(endpoint, name, None)
    if found is None:
        pytest.skip(f"the endpoint has no {name}()")
    return found


def secrets_of(notifier: Notifier, endpoint: Any) -> list[str]:
    marked = secret_fields(notifier.config_schema())
    found = [value for key, value in endpoint.config.items() if key in marked]
    texts = [text for value in found for text in (value if isinstance(value, list | tuple) else [value])]
    return [str(text) for text in (*texts, *getattr(endpoint, "secrets", ()))]
