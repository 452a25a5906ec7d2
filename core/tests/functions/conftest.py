"""Buses without plugins, on one data folder."""

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
