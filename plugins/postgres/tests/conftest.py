"""Each test has a database, or a schema, of its own on a server that the session starts."""

import importlib.util
import itertools
import json
import os
import sys
import time
import zlib
from pathlib import Path

import pytest

from pulp_events.listeners.document import to_document
from pulp_events_postgres.address import make
from pulp_events_postgres.database import Database
from pulp_events_postgres.listener_store import PostgresListenerStore
from pulp_events_postgres.outbox import PostgresOutbox

_spec = importlib.util.spec_from_file_location("pulp_postgres_server", Path(__file__).with_name("server.py"))
servers = importlib.util.module_from_spec(_spec)
sys.modules["pulp_postgres_server"] = servers
_spec.loader.exec_module(servers)

_numbers = itertools.count(1)


def pytest_collection_modifyitems(config, items):
    """The contracts run on the oldest and the newest major, and each claim on one of those between; on all of them
    where PULP_EVENTS_ALL_MAJORS is set."""
    if os.environ.get("PULP_EVENTS_ALL_MAJORS"):
        return
    between = servers.MAJORS[1:-1]

    def left_out(item):
        major = getattr(item, "callspec", None) and item.callspec.params.get("major")
        if item.cls is None or major not in between:
            return False
        claim = item.nodeid.replace(f"PostgreSQL {major}", "")
        return zlib.crc32(claim.encode()) % len(between) != between.index(major)

    config.hook.pytest_deselected(items=list(filter(left_out, items)))
    items[:] = [item for item in items if not left_out(item)]


def missing(what):
    """Skip the test; fail it where nothing may be skipped."""
    if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session", name="missing")
def _missing():
    return missing


@pytest.fixture(scope="session", name="servers")
def _servers():
    """The module server.py."""
    return servers


@pytest.fixture(scope="session")
def postgres_binaries():
    found = servers.binaries()
    if found is None:
        missing("PostgreSQL is not installed: no initdb in PATH or /usr/lib/postgresql/*/bin; run .ci/install-postgres")
    return found


@pytest.fixture(scope="module", params=servers.MAJORS, ids="PostgreSQL {}".format)
def major(request):
    return request.param


@pytest.fixture(scope="session")
def server(postgres_binaries):
    running = servers.Server(postgres_binaries)
    yield running
    running.close()


@pytest.fixture
def url(server):
    """A new database, without tables. The password is `pw`."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield server.create(name)
    server.drop(name)


ROWS_READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int8 FROM pg_stat_xact_user_tables
WHERE relname LIKE 'pulp%'
"""
"""So far, of what the session has not reported yet; it reports between transactions."""


class Home:
    """Both stores in one database. Time passes when `pulp_now` says so."""

    def __init__(self, url, **limits):
        self.url = url
        self.limits = limits
        self.offset = 0.0

    def address(self):
        return make(self.url, "pw", **self.limits)

    def database(self):
        return Database(self.address())

    def advance(self, seconds):
        self.offset += seconds
        database = self.database()
        database.execute(
            "CREATE OR REPLACE FUNCTION @.pulp_now() RETURNS float8 LANGUAGE sql VOLATILE AS "
            f"$$ SELECT extract(epoch FROM clock_timestamp())::float8 + {self.offset} $$"
        )
        database.close()

    def time(self):
        return time.time() + self.offset

    def work(self, outbox, call):
        """Rows that the statements read."""
        run, seen = outbox.database.connections.run, []

        def counted(operation, *more, **options):
            def noting(own):
                with own.transaction():
                    before = own.execute(ROWS_READ).fetchone()[0]
                    found = operation(own)
                    seen.append(own.execute(ROWS_READ).fetchone()[0] - before)
                return found

            return run(noting, *more, **options)

        outbox.database.connections.run = counted
        try:
            call()
        finally:
            del outbox.database.connections.run
        return sum(seen)

    def outbox(self, **options):
        return PostgresOutbox(self.database(), **options)

    def listeners(self, **options):
        return PostgresListenerStore(self.database(), **options)

    def spoil(self, listener, **attributes):
        document = json.dumps(to_document(listener) | attributes)
        database = self.database()
        database.execute("UPDATE @.pulp_listener SET document = %s WHERE id = %s", (document, listener.id))
        database.close()


@pytest.fixture(scope="session")
def common(server):
    return server.create("common")


@pytest.fixture
def place(server, common):
    """A home in a schema of its own, which is made far sooner than a database."""
    name = f"test_{next(_numbers)}"
    with server.connect("common") as connection:
        connection.execute(f"CREATE SCHEMA {name} AUTHORIZATION pulp")
    yield Home(f"{common}?options=-csearch_path%3D{name}")
    with server.connect("common") as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def place_in_public(url):
    """A home in a database of its own."""
    return Home(url)


@pytest.fixture
def eventually():
    """Waits until something is true, looking every few milliseconds; returns it."""

    def wait(condition):
        deadline = time.monotonic() + 30
        while not (result := condition()):
            assert time.monotonic() < deadline, "did not become true in time"
            time.sleep(0.01)
        return result

    return wait


@pytest.fixture
def conf(tmp_path, url):
    """A server.conf with the database in it."""
    path = tmp_path / "postgres.conf"
    path.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\nsource = test\n[storage]\nurl = {url}\npassword = pw\n")
    return path


@pytest.fixture
def needs():
    """`needs("django")`: skip the test where it is not installed."""

    def need(module):
        if importlib.util.find_spec(module) is None:
            missing(f"{module} is not installed; pip install pulp-events-postgres[test]")

    return need
