"""Real deliveries to read, a PostgreSQL server, and each `Seen` with its own library's connections."""

import importlib.util
import itertools
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


homes = _load("pulp_receiver_homes", Path(__file__).with_name("homes.py"))
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server():
    servers = _load("pulp_receiver_postgres", ROOT / "plugins/postgres/tests/server.py")
    binaries = servers.binaries()
    if binaries is None:
        what = "PostgreSQL is not installed: no initdb in PATH or /usr/lib/postgresql/*/bin; run .ci/install-postgres"
        if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            pytest.fail(what)
        pytest.skip(what)
    running = servers.Server(binaries)
    yield running
    running.close()


@pytest.fixture
def database(server):
    """Host, port and name of a new database; user `pulp`, password `pw`."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    server.create(name)
    yield {"host": server.host, "port": server.port, "name": name}
    server.drop(name)


@pytest.fixture(params=homes.HOMES)
def home(request, tmp_path):
    """A database in which something is applied, through one of the doors."""
    made = homes.HOMES[request.param]
    where = request.getfixturevalue("database") if "postgres" in request.param else tmp_path / "database"
    opened = made(where)
    yield opened
    opened.close()
