"""Fixtures for authors of notifiers and applications; pytest finds them wherever pulp-events is installed.

Nothing but pytest is imported until a fixture is used. Their names begin with ours, as they stand beside those of every
project that has us installed; but for `emitted_events`, which reads as what a test of an application says.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulp_events import Event, EventBus
    from pulp_events.bus.delivery_mode import Deliver
    from pulp_events.testing.admin import Admin
    from pulp_events.testing.clock import FakeClock
    from pulp_events.testing.http_sink import HttpSink
    from pulp_events.testing.recording import EmittedEvents
    from pulp_events.testing.smtp_sink import SmtpSink

pytest.register_assert_rewrite(
    "pulp_events.testing.notifier_contract",
    "pulp_events.testing.hook_contract",
    "pulp_events.testing.outbox_contract",
    "pulp_events.testing.listener_store_contract",
    "pulp_events.testing.listener_transactions_contract",
)


RECORD = "pulp_events_record"
"""Option of pytest's configuration: record from the beginning, before the application is imported."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addini(
        RECORD,
        "from the beginning of the run on, no bus of the application reads or writes its own stores, or delivers; "
        "also one that is opened at an import (default: false)",
        type="bool",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before the first module of the project is imported."""
    if early_config.getini(RECORD):
        from contextlib import ExitStack

        from pulp_events.testing.recording import record_events

        stack = ExitStack()
        stack.enter_context(record_events())
        early_config.add_cleanup(stack.close)


@pytest.fixture
def emitted_events() -> Iterator[EmittedEvents]:
    """What the application emits, whichever way it has its bus; nothing is sent, and nothing is written to files.

    `assert emitted_events.emitted("order.created", order_id=7)`; see `pulp_events.testing.recording`.
    """
    from pulp_events.testing.recording import record_events

    with record_events() as events:
        yield events


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failed test say what was emitted: pytest shortens what an assertion says to a line."""
    report = yield
    recording = sys.modules.get("pulp_events.testing.recording")
    events = getattr(item, "funcargs", {}).get("emitted_events")
    if (
        recording is not None
        and isinstance(events, recording.EmittedEvents)
        and report.when == "call"
        and report.failed
    ):
        report.sections.append(("emitted events", events.text()))
    return report


@pytest.fixture
def pulp_events_clock() -> FakeClock:
    """The clock of `pulp_events_bus`: it stands still until `pulp_events_clock.advance(seconds)`."""
    from pulp_events.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def pulp_events_settings(tmp_path: Path) -> Path:
    """The server.conf of `pulp_events_bus` and `pulp_events_admin`, in a temporary folder.

    What a test adds to it counts if it is added before they are used.
    """
    path = tmp_path / "server.conf"
    path.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\nsource = test\n")
    return path


@pytest.fixture
def pulp_events_bus(pulp_events_settings: Path, pulp_events_clock: FakeClock) -> Iterator[EventBus]:
    """A bus on temporary data with the installed plugins; `emit` makes the deliveries before it returns.

    What failed is tried again by `pulp_events_clock.advance(…)` and `pulp_events_bus.deliver_due()`.
    """
    from pulp_events import EventBus

    with EventBus.open(pulp_events_settings, deliver="inline", clock=pulp_events_clock) as bus:
        yield bus


@pytest.fixture
def pulp_events_make_bus(tmp_path: Path, pulp_events_clock: FakeClock) -> Iterator[Callable[..., EventBus]]:
    """`pulp_events_make_bus(Chat(), …, conf={"chat": {"timeout": "1s"}})`: a bus with these plugins alone.

    They are modules, objects with hooks, or notifiers, installed or not. Each call makes one, on data of its own.
    """
    from contextlib import ExitStack

    from pulp_events.testing.bus import Conf, open_bus

    with ExitStack() as stack:

        def make(*plugins: Any, conf: Conf | None = None, deliver: Deliver = "inline") -> EventBus:
            folder = tmp_path / f"bus-{len(list(tmp_path.glob('bus-*')))}"
            return stack.enter_context(open_bus(folder, *plugins, conf=conf, clock=pulp_events_clock, deliver=deliver))

        yield make


@pytest.fixture
def pulp_events_admin(pulp_events_settings: Path) -> Admin:
    """`pulp_events_admin("event", "types")` runs `pulp-admin` in this process.

    `pulp_events_admin.process(…)` runs it as one of its own.
    """
    from pulp_events.testing.admin import Admin

    return Admin(pulp_events_settings)


@pytest.fixture
def pulp_events_make_event() -> Callable[..., Event]:
    """`pulp_events_make_event(event_type, payload, call_report)`: an event as `emit` would make it."""
    from pulp_events.testing import factory

    return factory.make_event


@pytest.fixture
def pulp_events_http_sink() -> Iterator[HttpSink]:
    """An HTTP server that keeps the requests it receives and answers as told."""
    from pulp_events.testing.http_sink import HttpSink

    with HttpSink() as sink:
        yield sink


@pytest.fixture
def pulp_events_smtp_sink() -> Iterator[SmtpSink]:
    """An SMTP server that keeps the messages it receives. Needs the extra `pulp-events[test-smtp]`."""
    pytest.importorskip("aiosmtpd", reason="needs pulp-events[test-smtp]")
    from pulp_events.testing.smtp_sink import SmtpSink

    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def pulp_events_fault_proxy() -> Iterator[Callable[[int], Any]]:
    """`pulp_events_fault_proxy(port)`: a proxy before a server of yours.

    It can be slow, reset, garble, hang or refuse.
    """
    from pulp_events.testing.fault_proxy import FaultProxy

    made: list[FaultProxy] = []

    def make(port: int) -> FaultProxy:
        made.append(FaultProxy(port))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()
