"""One Pulp for the session; tests make repositories and listeners of their own, or start a Pulp with other settings."""

import itertools
import os

import pytest
from pulp_events_pulpcore.testing import FileServer, Missing, PulpServer

from pulp_events.testing import HttpSink

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def pulp():
    """A real Pulp 3 with a worker and `pulp-admin event worker`."""
    with _server() as server:
        yield server


@pytest.fixture(scope="module")
def start_pulp():
    """A function that starts another Pulp, with its settings; ended with the module."""
    servers = []

    def start(**arguments):
        server = _start(**arguments)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def start_session_pulp():
    """The same, ended with the session: for one that this process itself belongs to, as it can but once."""
    servers = []

    def start(**arguments):
        servers.append(_start(**arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def _start(**arguments):
    try:
        return PulpServer(**arguments)
    except Missing as error:
        if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            raise
        pytest.skip(str(error))


class _server:
    def __enter__(self):
        self.server = _start()
        return self.server

    def __exit__(self, *_):
        self.server.close()


@pytest.fixture
def files():
    """Three files and their manifest, to be synchronized."""
    server = FileServer()
    yield server
    server.close()


@pytest.fixture
def sink():
    """An HTTP endpoint."""
    with HttpSink() as server:
        yield server


@pytest.fixture
def name():
    """A name that no other test has."""
    return f"test-{os.getpid()}-{next(_numbers)}"
