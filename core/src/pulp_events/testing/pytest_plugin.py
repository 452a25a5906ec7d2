"""Fixtures for authors of notifiers and applications; pytest finds them wherever pulp-events is installed.

Nothing but pytest is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulp_events import Event, EventBus
    from pulp_events.testing.admin import Admin
    from pulp_events.testing.clock import FakeClock
    from pulp_events.testing.http_sink import HttpSink
    from pulp_events.testing.smtp_sink import SmtpSink

pytest.register_assert_rewrite(
    "pulp_events.testing.notifier_contract",
    "pulp_events.testing.outbox_contract",
    "pulp_events.testing.listener_store_contract",
)


@pytest.fixture
def clock() -> FakeClock:
    """The clock of `event_bus`: it stands still until `clock.advance(seconds)`."""
    from pulp_events.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def event_settings(tmp_path: Path) -> Path:
    """The server.conf of `event_bus` and `pulp_admin`, in a temporary folder; add to it before they are used."""
    path = tmp_path / "server.conf"
    path.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\nsource = test\n")
    return path


@pytest.fixture
def event_bus(event_settings: Path, clock: FakeClock) -> Iterator[EventBus]:
    """A bus on temporary data with the installed plugins; `emit` makes the deliveries before it returns.

    What failed is tried again by `clock.advance(…)` and `event_bus.deliver_due()`.
    """
    from pulp_events import EventBus

    with EventBus.open(event_settings, deliver="inline", clock=clock) as bus:
        yield bus


@pytest.fixture
def make_event_bus(tmp_path: Path, clock: FakeClock) -> Iterator[Callable[..., EventBus]]:
    """`make_event_bus(Chat(), …, conf={"chat": {"timeout": "1s"}})`: a bus with these plugins alone, installed or not:
    modules, objects with hooks, or notifiers. Each call makes one, on data of its own."""
    from contextlib import ExitStack

    from pulp_events.testing.bus import Conf, open_bus

    with ExitStack() as stack:

        def make(*plugins: Any, conf: Conf | None = None, deliver: str = "inline") -> EventBus:
            folder = tmp_path / f"bus-{len(list(tmp_path.glob('bus-*')))}"
            return stack.enter_context(open_bus(folder, *plugins, conf=conf, clock=clock, deliver=deliver))

        yield make


@pytest.fixture
def pulp_admin(event_settings: Path) -> Admin:
    """`pulp_admin("event", "types")` runs the command in this process, `pulp_admin.process(…)` as one of its own."""
    from pulp_events.testing.admin import Admin

    return Admin(event_settings)


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """`make_event(event_type, payload, call_report)`: an event as `emit` would make it."""
    from pulp_events.testing import factory

    return factory.make_event


@pytest.fixture
def http_sink() -> Iterator[HttpSink]:
    """An HTTP server that keeps what it is sent, and answers as told."""
    from pulp_events.testing.http_sink import HttpSink

    with HttpSink() as sink:
        yield sink


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """An SMTP server that keeps what it is sent. Needs the extra `pulp-events[test-smtp]`."""
    pytest.importorskip("aiosmtpd", reason="needs pulp-events[test-smtp]")
    from pulp_events.testing.smtp_sink import SmtpSink

    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def fault_proxy() -> Iterator[Callable[[int], Any]]:
    """`fault_proxy(port)`: a proxy before a server of yours that can be slow, reset, garble, hang or refuse."""
    from pulp_events.testing.fault_proxy import FaultProxy

    made: list[FaultProxy] = []

    def make(port: int) -> FaultProxy:
        made.append(FaultProxy(port))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()
