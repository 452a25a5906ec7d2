"""One Pulp for the session; tests make repositories and listeners of their own, or start a Pulp with other settings."""

import itertools
import os
from contextlib import ExitStack, closing, contextmanager

import pytest
from pulp_events_pulpcore import django_connection
from pulp_events_pulpcore.testing import FileServer, Missing
from pulp_events_pulpcore.testing import start_pulp as begin

from pulp_events.testing import HttpSink

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def start_session_pulp(tmp_path_factory):
    """A function that starts another Pulp, with its settings; ended with the session."""
    with _starting(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def start_pulp(tmp_path_factory):
    """The same, ended with the module."""
    with _starting(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def pulp(start_session_pulp):
    """A real Pulp 3 with a worker and `pulp-admin event worker`."""
    return start_session_pulp()


@pytest.fixture(scope="session")
def own_pulp(start_session_pulp):
    """A Pulp without workers; this process is one of its own, as it can but once."""
    server = start_session_pulp(workers=0, deliver=False)
    os.environ["PULP_SETTINGS"] = server.environment["PULP_SETTINGS"]
    os.environ["PGAPPNAME"] = f"test-{os.getpid()}"  # by which the server tells connections of this process
    django_connection.set_up()
    return server


@contextmanager
def _starting(tmp_path_factory):
    with ExitStack() as servers:
        yield lambda **arguments: servers.enter_context(closing(_start(tmp_path_factory.getbasetemp(), arguments)))


def _start(folder, arguments):
    try:
        return begin(folder, **arguments)
    except Missing as error:
        if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            raise
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def _no_error_of_the_server(request):
    """A test during which the server failed (500) fails with what the log says, not with how it looks outside."""
    if "pulp" not in request.fixturenames:
        yield
        return
    server = request.getfixturevalue("pulp")
    before = len(server.log("api"))
    yield
    since = server.log("api")[before:]
    if "Internal Server Error:" in since:
        pytest.fail(since[-6000:], pytrace=False)


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
    """A name that no other test has, not even as the beginning of its own."""
    return f"test-{os.getpid()}-{next(_numbers):04}"
