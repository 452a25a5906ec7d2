"""A primary that crashes, and a standby that takes its place."""

import importlib.util
import signal
import sys
import time
from pathlib import Path

import pytest

from pulp_events.errors import StoreError

pytestmark = pytest.mark.slow


@pytest.fixture
def faults():
    spec = importlib.util.spec_from_file_location("pulp_postgres_faults", Path(__file__).with_name("test_faults.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pair(postgres_binaries, servers, missing):
    """A primary, whose commits wait for the standby, and the standby."""
    if not (postgres_binaries / "pg_basebackup").exists():
        missing("pg_basebackup is not there; install PostgreSQL's server package")
    primary = servers.Server(postgres_binaries)
    standby = servers.Standby(primary)
    with primary.connect() as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
    yield primary, standby
    standby.close()
    primary.close()


def test_nothing_is_lost_when_the_standby_takes_over(pair, faults, tmp_path):
    primary, standby = pair
    alone = primary.create("events")
    url = alone.replace(f":{primary.port}/", f":{primary.port},{standby.host}:{standby.port}/")
    field = faults.Field(tmp_path, f"{url}?target_session_attrs=read-write")
    try:
        field.listen()
        field.work(2)
        field.emit(100)
        field.backlog(400)
        field.until_at_work(2)
        primary.stop(signal.SIGQUIT)
        with pytest.raises(StoreError) as caught:
            field.bus.emit("repo.sync.start", {})
        assert "\n" not in str(caught.value)
        assert field.bus.outbox.database.address.shown.startswith("PostgreSQL at ")
        standby.promote()
        field.emit(100)
        repeated = field.finish()
        assert repeated <= faults.under_way(field, 2)
        with standby.connect("events") as connection:
            assert connection.execute("SELECT count(*) FROM pulp_event").fetchone()[0] >= 600
    finally:
        field.close()


def test_a_primary_that_became_a_standby_is_left_for_the_new_one(pair, faults, tmp_path):
    # Those who name one server are told that it takes no changes, and what to add.
    primary, standby = pair
    name = primary.create("events")
    there = name.replace(f":{primary.port}/", f":{standby.port}/")
    field = faults.Field(tmp_path, name)
    field.listen(1)
    field.emit(1)
    field.close()
    deadline = time.monotonic() + 60
    while True:
        other = None
        try:
            other = faults.Field(tmp_path, there)
            other.listen(1)
        except StoreError as error:
            if "does not exist" not in str(error):  # as long as the standby has not replayed that it was made
                assert "is read-only" in str(error) and "target_session_attrs=read-write" in str(error)
                break
        finally:
            if other is not None:
                other.close()
        assert time.monotonic() < deadline
