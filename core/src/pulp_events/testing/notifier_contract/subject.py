"""What the claims stand on: the notifier under test, a bus with it alone, a channel to the endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from pulp_events import Channel, Delivery, DeliveryFailure, EventBus, Listener, Notifier
from pulp_events.listeners.config_references import with_secrets
from pulp_events.listeners.notifier_config import complete, readable_part, validate
from pulp_events.networks import Networks
from pulp_events.plugins import boundary
from pulp_events.testing.bus import open_bus
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.notifier_contract.limits import Overrun, limited, of_class, run_within
from pulp_events.testing.notifier_contract.waiting import open_channel

OURS = __name__.rpartition(".")[0]
EVENT_TYPE = "repo.sync.start"
LISTENER_ID, OTHER_LISTENER_ID = "5" * 24, "7" * 24
"""A channel, and so a batch, is of one listener."""


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

    connects_again: ClassVar[bool] = False
    """True for a notifier that may try several times to connect within an attempt, before a report is sent."""

    arrival_timeout: ClassVar[float] = 10.0
    """Seconds within which a delivery is seen at the endpoint."""

    settling: ClassVar[float] = 0.3
    """Seconds for which a claim waits for what must not arrive. Longer than the endpoint takes to show an arrival."""

    claim_limit: ClassVar[float] = 20.0
    """Seconds that a claim may take. Then it fails, and says where the notifier hangs."""

    largest: ClassVar[int | None] = None
    """Bytes of the largest report that the receiver takes; None: it takes 200 KB."""

    too_large: ClassVar[Literal["refused", "tried again", "shortened"]] = "refused"
    """What becomes of a larger one: it is `refused` for good, as no attempt can succeed; `tried again`, as whoever runs
    the receiver may raise its limit; or `shortened` to a message that says what of: it names the event, the delivery
    or, where it is about several, the listener."""

    together: bool = False
    """Whether the notifier has windows: events wait, and leave together. Set when the contract opens a channel."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith(OURS):  # what an author adds runs as it is
            for name, value in list(vars(cls).items()):
                if name.startswith("test_"):
                    setattr(cls, name, limited(value))

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(wall=time.time())

    @pytest.fixture
    def bus(self, notifier: Notifier, endpoint: Any, tmp_path: Path, clock: FakeClock) -> Iterator[EventBus]:
        self._clock, self._subject = clock, (notifier, endpoint)
        with ExitStack() as stack:
            yield stack.enter_context(open_bus(tmp_path, notifier, conf=getattr(endpoint, "settings", {}), clock=clock))
            closing = stack.pop_all()
        try:
            run_within(self.claim_limit, closing.close, "closing the bus, and with it the channels,")
        except Overrun as error:
            of_class(type(self)).overrun.append("closing the bus")
            pytest.fail(str(error), pytrace=False)

    @pytest.fixture
    def listener(self, bus: EventBus, notifier: Notifier, endpoint: Any) -> Listener:
        return bus.listeners.create(notifier.type_id, endpoint.config, [EVENT_TYPE])

    @contextmanager
    def channel(self, notifier: Notifier, endpoint: Any) -> Iterator[Any]:
        """A channel to the endpoint, as the dispatcher opens it."""
        with self.opened(notifier, endpoint) as opened:
            yield opened

    def opened(
        self, notifier: Notifier, endpoint: Any, config: Any = None, *, networks: Networks | None = None
    ) -> Channel:
        """What `open` returns for a configuration, that of the endpoint unless another is given; not connected yet."""
        return open_channel(notifier, *self.opening(notifier, endpoint, config), networks)

    def opening(self, notifier: Notifier, endpoint: Any, config: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Configuration and settings as `open` is given them."""
        stored, _ = validate(notifier, endpoint.config if config is None else config)
        self.together = notifier.window(readable_part(notifier, stored)) is not None
        settings: dict[str, Any] = {}
        if notifier.settings_schema is not None and notifier.settings_section is not None:
            text = getattr(endpoint, "settings", {}).get(notifier.settings_section, {})
            settings = dict(notifier.settings_schema().load({key: str(value) for key, value in text.items()}))
        return complete(notifier, stored), settings

    @staticmethod
    def window(notifier: Notifier, endpoint: Any) -> float | None:
        """Seconds of events that leave together at this endpoint; None: each leaves by itself."""
        return boundary.window_of(notifier, readable_part(notifier, validate(notifier, endpoint.config)[0]))

    def emit(self, bus: EventBus, payload: Mapping[str, Any]) -> list[Delivery]:
        """The deliveries of an event that was emitted, after their first attempt."""
        event = bus.emit(EVENT_TYPE, payload)
        self.end_window(bus)
        return bus.wait(event, 0)

    def end_window(self, bus: EventBus) -> None:
        """Let events that wait for the end of their window leave."""
        if (window := self.window(*self._subject)) is not None:
            self._clock.advance(window - self._clock.time() % window + 1)
            bus.deliver_due()

    def send(self, channel: Channel, delivery: Delivery) -> None:
        """Send one delivery as the dispatcher does; raises its failure."""
        if takes_several(channel, self.together):
            for _, failure in self.results(channel, [delivery]):
                if failure is not None:
                    raise failure
        else:
            found: object = channel.send(delivery)
            assert found is None, "send() and deliver() return None"

    def results(
        self, channel: Channel, deliveries: Sequence[Delivery]
    ) -> list[tuple[Delivery, DeliveryFailure | None]]:
        """What comes of deliveries that leave together."""
        found: list[tuple[Delivery, DeliveryFailure | None]] = []
        if channel.in_flight and not self.together:
            channel.submit(deliveries)
            while len(found) < len(deliveries):
                found += channel.settled(0.5)
            return found
        for each in boundary.settlements(channel.send_batch(deliveries), "send_batch"):
            boundary.settlement(each, "send_batch")
            found.append(each)
            assert len(found) <= len(deliveries), (
                f"send_batch() got {len(deliveries)} deliveries and yields more results; yield one for each of them, "
                "and end"
            )
        return found

    def await_arrivals(self, endpoint: Any, count: int, *, settling: float = 0.05) -> list[Arrival]:
        """What arrived, once it is `count`; then nothing more may come within so many seconds."""
        deadline = time.monotonic() + self.arrival_timeout
        while len(endpoint.arrived()) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(settling)
        arrived: list[Arrival] = endpoint.arrived()
        remedy = "send each once" if len(arrived) > count else "return only when the receiver has it"
        assert len(arrived) == count, f"{len(arrived)} arrivals instead of {count}; {remedy}"
        return arrived

    def eventually(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Wait for what is seen at the endpoint; fails with the text `otherwise`."""
        deadline = time.monotonic() + self.arrival_timeout
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.01)


def delivery_to(notifier: Notifier, endpoint: Any, mark: str, config: Any = None) -> Delivery:
    _, targets = validate(notifier, endpoint.config if config is None else config)
    made = make_delivery(EVENT_TYPE, {"repo_id": mark}, target=targets[0])
    return replace(made, listener_id=LISTENER_ID if config is None else OTHER_LISTENER_ID)


def takes_several(channel: Channel, together: bool) -> bool:
    """Whether the dispatcher gives the channel more than one delivery at a time."""
    return together or channel.batch_size > 1 or channel.in_flight > 0


def proxy_of(endpoint: Any) -> FaultProxy:
    """Skips the claim for a notifier that makes no connection."""
    if endpoint.proxy is None:
        pytest.skip("the endpoint has no proxy: the notifier makes no connection")
    found: FaultProxy = endpoint.proxy
    return found


def let_hang(endpoint: Any) -> None:
    """From now on the receiver does not answer, or takes seconds to. Skips the claim where that cannot be had."""
    if endpoint.proxy is not None:
        endpoint.proxy.fault = "hang"
    else:
        method_of(endpoint, "hang")()


def method_of(endpoint: Any, name: str) -> Callable[..., None]:
    found: Callable[..., None] | None = getattr(endpoint, name, None)
    if found is None:
        pytest.skip(f"the endpoint has no {name}()")
    return found


def secrets_of(notifier: Notifier, endpoint: Any) -> list[str]:
    """Texts of the configuration, at any depth, that are secret; and those that the endpoint names."""
    found: list[str] = []
    with_secrets(notifier.config_schema(), endpoint.config, found.append)
    return [*found, *map(str, getattr(endpoint, "secrets", ()))]
