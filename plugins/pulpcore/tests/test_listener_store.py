"""The store of listeners in Pulp's database, in a process in which Pulp is set up."""

import json
import os
import threading
import time
from dataclasses import replace

import pytest

from pulp_events.errors import StoreError
from pulp_events.listeners.document import to_document
from pulp_events.testing.listener_store_contract import ListenerStoreContract, new_listener
from pulp_events.testing.listener_transactions_contract import ListenerTransactionsContract
from pulp_events_pulpcore import django_connection
from pulp_events_pulpcore.listener_store import PulpListenerStore

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def server(start_session_pulp):
    """A Pulp without workers; this process is one of its own."""
    found = start_session_pulp(workers=0, deliver=False)
    os.environ["PULP_SETTINGS"] = found.environment["PULP_SETTINGS"]
    django_connection.set_up()
    return found


class PulpHome:
    """The tables, empty."""

    def __init__(self):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE events_eventlistener, events_listenerversion, events_listenerchange")

    def open(self):
        return PulpListenerStore()

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
def connections_of_server(server):
    """How many connections this process has."""

    def count():
        with server.database.connect() as own:
            return own.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pulp' AND datname = 'pulp'"
            ).fetchone()[0]

    return count


class TestListeners(ListenerStoreContract):
    """The contract of any store."""


class TestTransactions(ListenerTransactionsContract):
    """That of one that joins an application's transactions."""
