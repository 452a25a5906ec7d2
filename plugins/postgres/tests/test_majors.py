"""The contracts, and the way of an event, on every major of PostgreSQL that is supported."""

import pytest

from pulp_events import EventBus
from pulp_events.testing.listener_store_contract import ListenerStoreContract
from pulp_events.testing.outbox_contract import OutboxContract
from pulp_events_postgres.connections import Connections
from pulp_events_postgres.set_up import server_version

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(major, servers, missing):
    """In place of the session's."""
    found = servers.binaries_of(major)
    if found is None:
        missing(f"PostgreSQL {major} is not installed; run .ci/install-postgres, which tells what to set")
    running = servers.Server(found)
    yield running
    running.close()


@pytest.fixture(scope="module")
def common(server):
    return server.create("common")


class TestOutbox(OutboxContract):
    @pytest.fixture
    def home(self, place):
        place.open = lambda: place.outbox(look=0.0)
        return place


class TestListenerStore(ListenerStoreContract):
    @pytest.fixture
    def home(self, place):
        place.open = lambda: place.listeners(fresh=0.0)
        return place


def test_it_is_that_major(place, major):
    connections = Connections(place.address())
    assert server_version(connections).split(".")[0] == str(major)
    connections.close()


def test_events_reach_their_receiver_and_are_waked_for(conf, pulp_events_http_sink, eventually):
    with EventBus.open(conf, deliver="external") as application, EventBus.open(conf, deliver="background") as worker:
        listener = application.listeners.create("http", {"url": pulp_events_http_sink.url}, ["repo.#"])
        events = [application.emit("repo.sync.start", {"n": n}) for n in range(20)]
        application.emit_many([("repo.sync.finish", {"n": n}) for n in range(20)])
        assert len(pulp_events_http_sink.wait_for(40)) == 40
        assert eventually(lambda: worker.outbox.stats().by_listener[listener.id]["delivered"] == 40)
        assert [one.state for one in application.wait(events[0], timeout=30)] == ["delivered"]
