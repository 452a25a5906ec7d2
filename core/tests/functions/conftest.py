"""Buses without plugins, on one data folder."""

import time

import pytest

from pulp_events import EventBus
from pulp_events.testing.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def open_bus(tmp_path):
    """Opens a bus; all of a test's are on the same data folder. `conf`: text of its server.conf."""
    opened = []

    def open_it(conf="", deliver="inline", **options):
        config = tmp_path / "server.conf"
        config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n{conf}")
        opened.append(EventBus.open(config, deliver=deliver, plugins=False, **options))
        return opened[-1]

    yield open_it
    for bus in opened:
        bus.close(grace=1.0)


@pytest.fixture
def eventually():
    """Waits until something is true, looking every few milliseconds."""

    def wait(condition, timeout=20.0):
        deadline = time.monotonic() + timeout
        while not (result := condition()):
            assert time.monotonic() < deadline, "did not become true in time"
            time.sleep(0.005)
        return result

    return wait
