"""Buses whose only plugin is this one, and the servers that its URLs lead to."""

import pytest

pytest.importorskip("apprise", reason="needs pulp-events-apprise")

import pulp_events_apprise
from pulp_events import EventBus
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def bus(tmp_path, clock):
    """Delivers inline, before `emit` returns."""
    plugins = Plugins()
    plugins.add("apprise", pulp_events_apprise)
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\nsource = test\n")
    with EventBus.open(config, deliver="inline", plugins=plugins, clock=clock) as bus:
        yield bus
