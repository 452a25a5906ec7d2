"""What a listener store must fulfil that joins the transactions of applications (`JoinsTransactions`).

class TestMine(ListenerTransactionsContract):
    @pytest.fixture
    def home(self, database):
        return MyHome(database)       # open() → the store; connect() → a connection as applications have it
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from pulp_events.errors import ListenerNotFound, StoreError
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.history import HistoryQuery
from pulp_events.listeners.store import JoinsTransactions, ListenerHistory, ListenerStore
from pulp_events.testing.listener_store_contract import changes_at, new_listener


class Connection(Protocol):
    """A connection of PEP 249 that begins transactions by itself."""

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...


class TransactionalHome(Protocol):
    """Where records are, with the application's own way in."""

    def open(self) -> ListenerStore: ...

    def connect(self) -> Connection: ...


class ListenerTransactionsContract:
    """Subclass it and give it a fixture `home`."""

    @pytest.fixture
    def store(self, home: TransactionalHome) -> Iterator[ListenerStore]:
        """One view of the records; `joins` is the same as what it is besides."""
        opened = home.open()
        yield opened
        opened.close()

    @pytest.fixture
    def joins(self, store: ListenerStore) -> JoinsTransactions:
        """The store."""
        assert isinstance(store, JoinsTransactions)
        return store

    @pytest.fixture
    def connection(self, home: TransactionalHome) -> Iterator[Connection]:
        """The application's."""
        opened = home.connect()
        yield opened
        opened.rollback()
        opened.close()

    def test_what_is_stored_is_there_when_the_transaction_commits_and_not_before(
        self, store: ListenerStore, joins: JoinsTransactions, connection: Connection
    ) -> None:
        one, two = new_listener(), new_listener(name="second")
        joins.edit_within(connection, lambda edit: edit.add(one), one.id)
        joins.edit_within(connection, lambda edit: edit.add(two))
        assert list(store.all()) == [] and store.version() is None
        connection.commit()
        assert list(store.all()) == [one, two]

    def test_the_version_differs_once_it_is_committed(
        self, home: TransactionalHome, store: ListenerStore, joins: JoinsTransactions, connection: Connection
    ) -> None:
        store.add(new_listener())
        before = store.version()
        joins.edit_within(connection, lambda edit: edit.add(new_listener()))
        assert store.version() == before
        connection.commit()
        other = home.open()
        assert other.version() != before
        other.close()

    def test_a_roll_back_leaves_nothing_not_in_the_history_either(
        self, store: ListenerStore, joins: JoinsTransactions, connection: Connection
    ) -> None:
        kept, new = new_listener(), new_listener()
        store.add(kept)

        def make(edit: Edit) -> None:
            edit.add(new)
            edit.remove(kept.id)
            edit.history = changes_at(edit, new.created)

        joins.edit_within(connection, make)
        connection.rollback()
        assert list(store.all()) == [kept]
        if isinstance(store, ListenerHistory):
            assert list(store.history(HistoryQuery())) == []
            joins.edit_within(connection, make)
            connection.commit()
            assert len(store.history(HistoryQuery())) == 2

    def test_each_edit_of_a_transaction_sees_those_before(
        self, store: ListenerStore, joins: JoinsTransactions, connection: Connection
    ) -> None:
        one = new_listener()
        joins.edit_within(connection, lambda edit: edit.add(one))
        assert joins.edit_within(connection, lambda edit: edit.get(one.id), one.id) == one
        assert joins.edit_within(connection, lambda edit: edit.remove(one.id), one.id) == one
        connection.commit()
        assert list(store.all()) == []

    def test_an_edit_that_raises_leaves_the_transaction_as_it_was(
        self, store: ListenerStore, joins: JoinsTransactions, connection: Connection
    ) -> None:
        one = new_listener()
        joins.edit_within(connection, lambda edit: edit.add(one))

        def fails(edit: Edit) -> None:
            edit.remove(one.id)
            edit.remove(one.id)

        with pytest.raises(ListenerNotFound):
            joins.edit_within(connection, fails)
        with pytest.raises(StoreError, match="already exists"):
            joins.edit_within(connection, lambda edit: edit.add(one), one.id)
        connection.commit()
        assert list(store.all()) == [one]

    def test_what_is_no_connection_to_these_records_is_refused(self, joins: JoinsTransactions) -> None:
        wrong: Any
        for wrong in (object(), "postgresql://db/pulp", 5):
            with pytest.raises(StoreError, match="connection"):
                joins.edit_within(wrong, lambda edit: None)
