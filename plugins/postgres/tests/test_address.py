"""Where the database is, and what is never said of it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events.errors import SettingsError, StoreBusy, StoreError, StoreTooNew
from pulp_events_postgres.address import make
from pulp_events_postgres.database import Database


def test_a_password_comes_from_the_url_or_the_key_and_is_never_shown():
    assert make("postgresql://u:p%40ss@h/d", "other").parameters["password"] == "p@ss"
    address = make("postgresql://u@h:1/d", "key")
    assert address.parameters["password"] == "key"
    assert "key" not in repr(address)
    assert address.shown == "PostgreSQL at h:1/d"


def test_a_password_is_read_from_the_environment_or_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("DB_PASSWORD", "from env")
    (tmp_path / "pw").write_text("from file\n")
    assert make("postgres://h/d", "env:DB_PASSWORD").parameters["password"] == "from env"
    assert make("postgres://h/d", f"file:{tmp_path / 'pw'}").parameters["password"] == "from file"
    with pytest.raises(SettingsError, match="NOT_SET"):
        make("postgres://h/d", "env:NOT_SET")


@pytest.mark.parametrize(
    "url", ["postgresql://u:hush@hush@h/d", "postgresql://u:hush@h/d?nonsense=hush", "postgresql://u:hu%sh@h/d", "mysql://u:hush@h/d"]
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_refused_without_being_quoted(url):
    with pytest.raises(SettingsError) as caught:
        make(url)
    assert "hush" not in str(caught.value) and "\n" not in str(caught.value)


def test_tls_parameters_of_libpq_are_taken_from_the_url():
    parameters = make("postgresql://h/d?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3").parameters
    assert (parameters["sslmode"], parameters["sslrootcert"], parameters["connect_timeout"]) == (
        "verify-full", "/ca.pem", "3",
    )  # fmt: skip


def test_a_wrong_password_is_said_in_one_line_that_has_none(url):
    with pytest.raises(StoreError) as caught:
        Database(make(url, "hushhush"))
    assert "hushhush" not in str(caught.value) and "\n" not in str(caught.value)
    assert "section [storage]" in str(caught.value)


def test_a_server_that_is_not_there_is_an_error_at_once():
    with pytest.raises(StoreError, match="cannot be reached"):
        Database(make("postgresql://pulp@127.0.0.1:9/x", "pw"))


def test_importing_the_plugin_imports_no_psycopg():
    code = "import sys, pulp_events_postgres; sys.exit('psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_files_are_used_while_no_url_is_set(pulp_events_bus):
    assert type(pulp_events_bus.outbox).__name__ == "SQLiteOutbox"


def test_tables_of_a_newer_release_are_left_alone(place):
    database = place.database()
    database.execute("UPDATE @.pulp_meta SET value = '99' WHERE key = 'version'")
    database.close()
    with pytest.raises(StoreTooNew, match="99"):
        place.database()


def test_a_schema_of_its_own_is_named_in_the_url(place_in_public):
    place = place_in_public
    first = place.database()
    first.execute("CREATE SCHEMA events")
    place.url += "?options=-csearch_path%3Devents"
    second = place.database()
    assert (first.schema, second.schema) == ("public", "events")
    assert first.identity != second.identity
    assert second.rows("SELECT count(*) FROM @.pulp_event") == [(0,)]
    place.url = place.url.replace("events", "no_such")
    with pytest.raises(StoreError, match="CREATE SCHEMA"):
        place.database()
    first.close()
    second.close()


def test_several_processes_may_make_the_tables_at_once(place):
    import threading

    made, failed = [], []

    def make_one():
        try:
            made.append(place.database())
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=make_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({database.identity for database in made}) == 1
    for database in made:
        database.close()


def test_a_pool_that_is_used_up_says_so(place):
    place.database().close()  # makes the tables, in its own time
    place.limits = {"pool_size": 1, "timeout": 0.2}
    database = place.database()
    with ThreadPoolExecutor(1) as other, database.connections._lent(), pytest.raises(StoreBusy, match="pool_size"):
        other.submit(database.rows, "SELECT 1").result()
    assert database.rows("SELECT 1") == [(1,)]
    database.close()
