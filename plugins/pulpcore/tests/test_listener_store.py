"""The store of listeners in Pulp's database, in a process in which Pulp is set up."""

import json
import os
import threading
import time
from dataclasses import replace

import pytest
from pulp_events_pulpcore.listener_store import PulpListenerStore

from pulp_events.errors import StoreError
from pulp_events.listeners.document import to_document
from pulp_events.testing.listener_store_contract import ListenerStoreContract, new_listener
from pulp_events.testing.listener_transactions_contract import ListenerTransactionsContract

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def server(own_pulp):
    """A Pulp that this process belongs to."""
    return own_pulp


class PulpHome:
    """The tables, empty."""

    def __init__(self):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE events_eventlistener, events_listenerversion, events_listenerchange, events_knowneventtype"
            )

    def open(self):
        return PulpListenerStore()

    def keeping(self, seconds):
        return PulpListenerStore(keep_history=seconds)

    def connect(self):
        from django.db import connections

        wrapper = connections.create_connection("default")
        wrapper.set_autocommit(False)
        return wrapper

    def spoil(self, listener, **attributes):
        from pulp_events_pulpcore.app.models import EventListener, ListenerVersion

        text = json.dumps({**to_document(listener), **attributes})
        EventListener.objects.filter(listener_id=listener.id).update(record=text)
        row = ListenerVersion.objects.get()
        ListenerVersion.objects.update(version=row.version + 1)


@pytest.fixture
def home(server):
    yield PulpHome()
    from django.db import connection

    connection.close()


@pytest.fixture
def connections_here(server):
    """How many connections this process has."""

    def count():
        with server.database.connect() as own:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pulp' AND application_name = %s"
            return own.execute(sql, [os.environ["PGAPPNAME"]]).fetchone()[0]

    return count


def test_the_migrations_make_the_models_as_they_are(server):
    from django.core.management import call_command

    call_command("makemigrations", "events", check_changes=True, dry_run=True)  # SystemExit if there is any to make


class TestListeners(ListenerStoreContract):
    """The contract of any store."""


class TestTransactions(ListenerTransactionsContract):
    """That of one that joins an application's transactions."""


def test_threads_share_one_connection_which_is_closed_when_idle(home, connections_here):
    home.open().add(new_listener())
    before = connections_here()
    store = PulpListenerStore(idle=0.3, fresh=0.0)
    threads = [threading.Thread(target=lambda: [store.all() for _ in range(5)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connections_here() <= before + 1
    deadline = time.monotonic() + 5
    while connections_here() > before:
        assert time.monotonic() < deadline, "the connection stays open"
        time.sleep(0.05)
    assert len(store.all()) == 1
    store.close()


def test_a_change_by_another_process_is_seen_within_a_second(home, server):
    store = home.open()
    kept = new_listener(name="kept")
    store.add(kept)
    before = store.version()
    server.pulp_admin("listener", "disable", "--listener-id", kept.id)
    changed = time.monotonic()
    while store.version() == before:
        assert time.monotonic() < changed + 1
        time.sleep(0.01)
    assert [each.enabled for each in store.all()] == [False]
    store.close()


def test_a_thread_with_an_open_connection_asks_on_that_with_one_query(home):
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    home.open().add(new_listener())
    store = PulpListenerStore(fresh=0.0)
    store._own.run = lambda action: pytest.fail("a connection of its own")
    connection.ensure_connection()
    store.version()
    for within in (transaction.atomic, lambda: store.through(connection)):
        with within(), CaptureQueriesContext(connection) as queries:
            store.version()
        assert len([each for each in queries if "listenerversion" in each["sql"]]) == 1 == len(queries)


def test_what_a_transaction_changed_is_no_version_before_it_commits(home):
    from django.db import connection, transaction

    store = PulpListenerStore(fresh=0.0)
    store.add(new_listener())
    before, listener = store.version(), new_listener()
    with transaction.atomic():
        store.edit_within(connection, lambda edit: edit.add(listener), listener.id)
        with store.through(connection):
            assert store.version() == before and len(store.all()) == 1
    assert store.version() != before and len(store.all()) == 2
    store.close()


def test_a_failed_statement_leaves_the_transaction_of_pulp_alone(home):
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_listenerversion RENAME TO events_away")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            with pytest.raises(StoreError, match="pulpcore-manager migrate"):
                PulpListenerStore().version()
            cursor.execute("SELECT 1")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE events_away RENAME TO events_listenerversion")


def test_a_forked_child_reads_what_changed_and_keeps_the_rest(home, connections_here):
    store = PulpListenerStore(fresh=0.0)
    kept = [new_listener() for _ in range(20)]
    store.edit(lambda edit: [edit.add(each) for each in kept])
    store.all()
    home.open().change(kept[0].id, lambda before: replace(before, lanes=3))
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        from pulp_events_pulpcore.app import records

        read, decrypted = records._read, []
        records._read = lambda text: (decrypted.append(1), read(text))[1]
        try:
            found = store.all()
            os.write(writing, f"{len(found)} {len(decrypted)} {found[0].lanes}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"20 1 3"
    assert len(store.all()) == 20, "the connection of the parent goes on"
    store.close()


def test_nothing_secret_is_readable_in_the_database(home, server):
    store = home.open()
    made = server.run(
        "pulp-admin", "event", "listener", "http", "create", "--event-type", "repo.sync.*", "--url", "http://x.example/",
        "--username", "u", "--password", "hunter2-secret",
    )  # fmt: skip
    assert "successfully" in made and [each.notifier_config["password"] for each in store.all()] == ["hunter2-secret"]
    with server.database.connect() as own:
        for table in ("events_eventlistener", "events_listenerchange"):
            rows = own.execute(f"SELECT row_to_json(t)::text FROM {table} t").fetchall()
            assert rows and "hunter2" not in str(rows)
    store.close()


def test_the_key_is_rotated_and_a_lost_one_is_one_clear_error(home, server):
    from cryptography.fernet import Fernet
    from pulpcore.app.models.fields import _fernet

    store, file = home.open(), server.folder / "db.key"
    listener = new_listener(name="ci")
    store.add(listener)
    old, new, other = file.read_bytes(), Fernet.generate_key(), Fernet.generate_key()
    try:
        file.write_bytes(new + b"\n" + old)
        server.manage("rotate-db-key")
        file.write_bytes(new)
        _fernet.cache_clear()
        assert list(home.open().all()) == [listener]
        file.write_bytes(other)
        _fernet.cache_clear()
        lost = home.open()
        with server.database.connect() as own:
            before = own.execute("SELECT record FROM events_eventlistener").fetchall()
            for attempt in (lost.all, lambda: lost.add(new_listener()), lambda: lost.remove(listener.id)):
                with pytest.raises(StoreError, match=f"cannot be decrypted with the keys in {file}"):
                    attempt()
            assert own.execute("SELECT record FROM events_eventlistener").fetchall() == before
        with pytest.raises(RuntimeError) as said:
            server.pulp_admin("listener", "list")
        assert str(said.value).count("decrypted") == 1 and "Traceback" not in str(said.value)
        file.unlink()
        _fernet.cache_clear()
        with pytest.raises(StoreError, match=f"{file}.*No such file"):
            home.open().all()
    finally:
        file.write_bytes(new)
        _fernet.cache_clear()
    assert list(home.open().all()) == [listener]


def test_roles_on_a_listener_survive_what_administrators_do(home, server):
    from django.contrib.auth import get_user_model
    from pulp_events_pulpcore.app.models import EventListener
    from pulpcore.app.models.role import Role, UserRole
    from pulpcore.plugin.util import assign_role

    store = home.open()
    listener = new_listener(name="ci")
    store.add(listener)
    role, _ = Role.objects.get_or_create(name="test.listener_owner")
    user, _ = get_user_model().objects.get_or_create(username="alice")
    from django.contrib.auth.models import Permission

    role.permissions.set(Permission.objects.filter(codename="change_eventlistener"))
    row = EventListener.objects.get()
    assign_role(role.name, user, row)
    server.pulp_admin("listener", "disable", "--listener-id", "ci")

    def again(edit):
        edit.remove(listener.id)
        edit.add(replace(listener, lanes=2))

    store.edit(again)
    found = EventListener.objects.get()
    assert found.pk == row.pk and found.pulp_last_updated > row.pulp_last_updated
    assert UserRole.objects.filter(object_id=str(row.pk)).count() == 1
    store.remove(listener.id)
    assert not UserRole.objects.filter(object_id=str(row.pk)).exists()
    store.close()


def test_a_scope_that_is_a_domain_is_the_domain_of_the_record(home):
    from pulp_events_pulpcore.app.models import EventListener
    from pulpcore.plugin.models import Domain

    domain = Domain.objects.get(name="default")
    store = home.open()
    one = new_listener(scope=str(domain.pk))
    others = [new_listener(), new_listener(scope="elsewhere"), new_listener(scope="0" * 8 + str(domain.pk)[8:])]
    store.edit(lambda edit: [edit.add(each) for each in (one, *others)])
    found = dict(EventListener.objects.values_list("listener_id", "pulp_domain_id"))
    assert found == {one.id: domain.pk, **{each.id: None for each in others}}
    store.change(one.id, lambda before: replace(before, scope=None))
    assert EventListener.objects.get(listener_id=one.id).pulp_domain_id is None
    store.close()
