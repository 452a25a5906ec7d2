"""`ListenerStoreContract`: what every home of listener records must do, as tests to be subclassed.

    class TestMyStore(ListenerStoreContract):
        @pytest.fixture
        def home(self, tmp_path):
            return MyHome(tmp_path)             # has open() -> ListenerStore

`open` may be called several times: each store is another process's view of the same home.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from pulp_events.errors import ListenerNotFound, StoreError
from pulp_events.ids import new_listener_id
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.store import ListenerStore

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


class Home(Protocol):
    """Where the stores of one test live."""

    def open(self) -> ListenerStore:
        """Another view of the home."""


def new_listener(**attributes: Any) -> Listener:
    """A record with an id of its own."""
    values: dict[str, Any] = {
        "id": new_listener_id(),
        "notifier_type_id": "chat",
        "notifier_config": {"url": "http://chat.example/", "list": [1, {"deep": None}], "token": {"$env": "TOKEN"}},
        "event_types": ("repo.sync.start", "repo.publish.*"),
        "targets": ("a", "b"),
        "created": NOW,
        "updated": NOW,
        **attributes,
    }
    return Listener(**values)


class ListenerStoreContract:
    """Subclass it and give it a fixture `home`."""

    @pytest.fixture
    def store(self, home: Home) -> Iterator[ListenerStore]:
        opened = home.open()
        yield opened
        opened.close()

    def test_a_record_comes_back_as_it_was_stored(self, store: ListenerStore) -> None:
        plain = new_listener()
        full = new_listener(
            filter="payload.result == 'failed'", enabled=False, disabled_reason="410 Gone: ü",
            retry_schedule=(1.5, 60.0), lanes=1, muted_until=NOW, mute_drops=True,
        )  # fmt: skip
        store.add(plain)
        store.add(full)
        assert list(store.all()) == [plain, full]

    def test_an_empty_home_has_no_records_and_no_version(self, store: ListenerStore) -> None:
        assert list(store.all()) == []
        assert store.version() is None

    def test_another_view_sees_a_change_as_soon_as_it_is_made(self, home: Home, store: ListenerStore) -> None:
        other = home.open()
        listener = new_listener()
        store.add(listener)
        assert list(other.all()) == [listener]
        other.remove(listener.id)
        assert list(store.all()) == []
        other.close()

    @staticmethod
    def next_version(store: ListenerStore, before: object) -> object:
        """The version after a change by another: a store may take some milliseconds to see it."""
        deadline = time.monotonic() + 1.0
        while (version := store.version()) == before:
            assert time.monotonic() < deadline, "the change is not seen"
            time.sleep(0.001)
        return version

    def test_each_change_has_a_version_of_its_own(self, home: Home, store: ListenerStore) -> None:
        other = home.open()
        seen = [store.version()]
        listener = new_listener()
        store.add(listener)
        seen.append(self.next_version(other, seen[-1]))
        other.change(listener.id, lambda before: replace(before, enabled=False))
        seen.append(self.next_version(store, seen[-1]))
        other.remove(listener.id)
        seen.append(self.next_version(store, seen[-1]))
        assert len(set(seen)) == 4
        assert store.version() == other.version()
        other.close()

    def test_an_id_is_stored_once(self, store: ListenerStore) -> None:
        listener = new_listener()
        store.add(listener)
        with pytest.raises(StoreError, match=listener.id):
            store.add(replace(listener, notifier_type_id="other"))
        assert list(store.all()) == [listener]

    def test_a_change_replaces_the_record_and_nothing_else(self, store: ListenerStore) -> None:
        first, second = new_listener(filter="payload", lanes=1), new_listener()
        store.add(first)
        store.add(second)
        after = store.change(first.id, lambda before: replace(before, filter=None, lanes=None, event_types=("*",)))
        assert after == replace(first, filter=None, lanes=None, event_types=("*",))
        assert list(store.all()) == [after, second]

    def test_a_change_that_changes_nothing_writes_nothing(self, store: ListenerStore) -> None:
        listener = new_listener()
        store.add(listener)
        version = store.version()
        assert store.change(listener.id, lambda before: replace(before)) == listener
        assert store.version() == version

    def test_a_change_that_raises_stores_nothing(self, store: ListenerStore) -> None:
        listener = new_listener()
        store.add(listener)

        def refuse(before: Listener) -> Listener:
            raise KeyError("no")

        with pytest.raises(KeyError):
            store.change(listener.id, refuse)
        assert list(store.all()) == [listener]

    def test_what_is_not_there_is_said_to_be_missing(self, store: ListenerStore) -> None:
        with pytest.raises(ListenerNotFound, match="0" * 24):
            store.remove("0" * 24)
        with pytest.raises(ListenerNotFound, match="0" * 24):
            store.change("0" * 24, lambda before: before)

    def test_removing_returns_the_record_as_it_was(self, store: ListenerStore) -> None:
        listener = new_listener()
        store.add(listener)
        assert store.remove(listener.id) == listener
        assert list(store.all()) == []

    def test_changes_made_at_once_are_all_there(self, home: Home) -> None:
        counter = new_listener(notifier_config={"count": 0})
        first = home.open()
        first.add(counter)

        def work() -> None:
            store = home.open()
            for _ in range(5):
                store.add(new_listener())
                store.change(counter.id, _count)
            store.close()

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = {record.id: record for record in first.all()}
        assert len(records) == 31
        assert records[counter.id].notifier_config["count"] == 30
        first.close()


def _count(before: Listener) -> Listener:
    return replace(before, notifier_config={"count": before.notifier_config["count"] + 1})
