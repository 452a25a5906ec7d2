"""Claims about the event types of applications, of a store that remembers them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from pulp_events.events.event_type import EventType
from pulp_events.events.remembered import AGAIN, MOST, RememberedType, remembered
from pulp_events.listeners.store import ListenerStore, RemembersTypes
from pulp_events.testing.listener_store_contract.home import NOW, Home, new_listener

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer", "description": "ü, its number"}}}


def told(
    *names: str, after: float = 0.0, source: str = "shop", description: str = "It häppened."
) -> dict[str, RememberedType]:
    """What a process tells of these types, so many seconds later."""
    found = (
        remembered(
            EventType(name, description, schema=SCHEMA, version="2"), SCHEMA, source, NOW + timedelta(seconds=after)
        )
        for name in names
    )
    return {each.name: each for each in found if each is not None}


class TypeClaims:
    """Part of `ListenerStoreContract`; skipped for a store that remembers no types."""

    @staticmethod
    def remembering(store: ListenerStore) -> RemembersTypes:
        """The store as one that remembers; the test is skipped if it is none."""
        if not isinstance(store, RemembersTypes):
            pytest.skip("the store remembers no event types")
        return store

    def test_types_are_remembered_as_they_were_told_and_by_name(self, home: Home, store: ListenerStore) -> None:
        types = self.remembering(store)
        assert types.remembered_types() == {}
        types.remember_types(told("order.paid", "order.created"))
        other = home.open()
        for view in (types, self.remembering(other)):
            found = view.remembered_types()
            assert list(found) == ["order.created", "order.paid"]
            assert found == told("order.created", "order.paid")
        other.close()

    def test_who_tells_last_is_believed_and_the_other_types_stay(self, store: ListenerStore) -> None:
        types = self.remembering(store)
        types.remember_types(told("order.paid", "order.created"))
        later = told("order.paid", after=2 * AGAIN, source="billing", description="It was paid.")
        types.remember_types(later)
        assert types.remembered_types() == {**told("order.created"), **later}

    def test_what_is_told_again_soon_writes_nothing(self, store: ListenerStore) -> None:
        types = self.remembering(store)
        types.remember_types(told("order.paid"))
        types.remember_types(told("order.paid", after=AGAIN / 2))
        assert types.remembered_types() == told("order.paid")

    def test_types_are_forgotten_by_name(self, store: ListenerStore) -> None:
        types = self.remembering(store)
        assert types.forget_types(["order.paid"]) == 0
        types.remember_types(told("order.paid", "order.created"))
        assert types.forget_types(["order.paid", "order.lost"]) == 1
        assert types.remembered_types() == told("order.created")
        assert types.forget_types([]) == 0

    def test_of_very_many_the_latest_are_kept(self, store: ListenerStore) -> None:
        types = self.remembering(store)
        types.remember_types(told("old"))
        types.remember_types(told(*(f"tenant.t{number:04d}" for number in range(MOST)), after=60))
        found = types.remembered_types()
        assert len(found) == MOST and "old" not in found

    def test_what_is_told_is_no_change_of_a_listener(self, store: ListenerStore) -> None:
        types, listener = self.remembering(store), new_listener()
        store.add(listener)
        before = store.version()
        types.remember_types(told("order.paid"))
        assert store.version() == before and list(store.all()) == [listener]

    def test_processes_that_tell_at_once_lose_nothing(self, home: Home, store: ListenerStore) -> None:
        self.remembering(store)
        names = [f"order.t{number}" for number in range(6)]
        views = [home.open() for _ in names]

        def tell(view: ListenerStore, name: str) -> None:
            self.remembering(view).remember_types(told(name))

        threads = [threading.Thread(target=tell, args=each) for each in zip(views, names, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(self.remembering(store).remembered_types()) == names
        for view in views:
            view.close()
