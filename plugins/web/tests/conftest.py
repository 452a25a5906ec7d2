"""A bus with the plugins that there are, and an application on it, without a server."""

import pytest

from pulp_events import EventBus
from pulp_events_web import create_app


@pytest.fixture
def bus(tmp_path):
    with EventBus.open(settings={"events": {"data_dir": str(tmp_path)}}, deliver="external") as bus:
        yield bus


@pytest.fixture
def app(bus):
    return create_app(bus)


@pytest.fixture
def client(app):
    return app.test_client()
