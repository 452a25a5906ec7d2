"""Claims about records: stored, changed, read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pulp_events.errors import ListenerNotFound, NameTaken, StoreError
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.store import ListenerStore
from pulp_events.testing.listener_store_contract.home import (
    Home,
    add_all,
    count,
    new_listener,
    not_defaults,
)


class RecordClaims:
    """Subclass it and give it a fixture `home`."""

    @pytest.fixture
    def store(self, home: Home) -> Iterator[ListenerStore]:
        opened = home.open()
        yield opened
        opened.close()

    def test_a_record_comes_back_as_it_was_stored(self, store: ListenerStore) -> None:
        plain, full = new_listener(), new_listener(**not_defaults())
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
        deadline = time.monotonic() + 30.0
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

    def test_an_edit_makes_many_changes_of_which_each_sees_those_before(self, store: ListenerStore) -> None:
        kept, changed, removed, again = (new_listener() for _ in range(4))
        for listener in (kept, changed, removed, again):
            store.add(listener)
        new = [new_listener() for _ in range(50)]

        def make(edit: Edit) -> Listener | None:
            for listener in new:
                edit.add(listener)
            edit.change(changed.id, lambda before: replace(before, lanes=1))
            edit.change(changed.id, lambda before: replace(before, filter="payload"))
            edit.change(new[0].id, lambda before: replace(before, enabled=False))
            edit.remove(new[1].id)
            edit.remove(removed.id)
            edit.remove(again.id)
            edit.add(replace(again, lanes=3))
            assert edit.get(removed.id) is None
            return edit.get(changed.id)

        after = replace(changed, lanes=1, filter="payload")
        assert store.edit(make) == after
        added = [replace(new[0], enabled=False), *new[2:], replace(again, lanes=3)]
        assert list(store.all()) == [kept, after, *added]

    def test_an_edit_that_raises_stores_nothing(self, store: ListenerStore) -> None:
        listener = new_listener()
        store.add(listener)
        version = store.version()

        def missing(edit: Edit) -> None:
            edit.remove("0" * 24)

        def gone(edit: Edit) -> None:
            edit.change(listener.id, lambda before: before)

        def twice(edit: Edit) -> None:
            for lanes in (1, 2):
                edit.add(replace(listener, lanes=lanes))

        def fails(edit: Edit) -> None:
            raise KeyError("no")

        for error, then in (
            (ListenerNotFound, missing), (ListenerNotFound, gone), (StoreError, twice), (KeyError, fails),
        ):  # fmt: skip

            def make(edit: Edit, then: Callable[[Edit], None] = then) -> None:
                edit.add(new_listener())
                edit.remove(listener.id)
                then(edit)

            with pytest.raises(error):
                store.edit(make)
        assert list(store.all()) == [listener] and store.version() == version

    def test_an_edit_has_one_version_and_one_that_does_nothing_writes_nothing(self, store: ListenerStore) -> None:
        assert store.edit(lambda edit: "done") == "done"
        assert store.version() is None
        listener = new_listener()
        store.edit(lambda edit: edit.add(listener))
        version = store.version()

        def make(edit: Edit) -> None:
            other = new_listener()
            edit.add(other)
            edit.remove(other.id)
            edit.change(listener.id, lambda before: replace(before))

        store.edit(make)
        assert store.version() == version and list(store.all()) == [listener]

    def test_edits_made_at_once_are_all_there(self, home: Home) -> None:
        counter = new_listener(notifier_config={"count": 0})
        first = home.open()
        first.add(counter)

        def make(edit: Edit) -> None:
            for _ in range(5):
                edit.add(new_listener())
                edit.change(counter.id, count)

        def work() -> None:
            store = home.open()
            for _ in range(3):
                store.edit(make)
                store.change(counter.id, count)
            store.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = {record.id: record for record in first.all()}
        assert len(records) == 61
        assert records[counter.id].notifier_config["count"] == 72
        first.close()

    def test_of_edits_made_at_once_that_give_the_same_name_one_is_stored(self, home: Home) -> None:
        """By its `edit` alone a store keeps names apart: each edit sees what the one before it stored."""
        for given in ("new", "changed"):
            store, records = home.open(), [new_listener() for _ in range(6)]
            if given == "changed":
                add_all(store, records)
            start, refused = threading.Barrier(6), []

            def work(record: Listener) -> None:
                def make(edit: Edit) -> None:
                    if given == "new":  # noqa: B023
                        edit.add(replace(record, name=given))  # noqa: B023
                    else:
                        edit.change(record.id, lambda before: replace(before, name=given))  # noqa: B023
                    edit.refuse_taken_names()

                own = home.open()
                start.wait()  # noqa: B023
                try:
                    own.edit(make)
                except NameTaken as error:
                    refused.append(str(error))  # noqa: B023
                own.close()

            threads = [threading.Thread(target=work, args=(record,)) for record in records]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            [winner] = [each for each in store.all() if each.name == given]
            assert len(refused) == 5 and all(winner.id in text and repr(given) in text for text in refused), refused
            store.close()

    def test_an_edit_takes_names_for_ids_and_lets_them_be_swapped(self, store: ListenerStore) -> None:
        one, two = new_listener(name="one"), new_listener(name="two")
        add_all(store, [one, two])

        def swap(edit: Edit) -> None:
            first = edit.change("one", lambda before: replace(before, name="two"))
            edit.change(two.id, lambda before: replace(before, name="one"))
            assert (first.id, edit.get("one"), edit.get("three")) == (one.id, replace(two, name="one"), None)
            edit.refuse_taken_names()

        store.edit(swap)
        assert {each.name: each.id for each in store.all()} == {"two": one.id, "one": two.id}
        assert store.edit(lambda edit: edit.remove("two")).id == one.id
        with pytest.raises(ListenerNotFound, match="two"):
            store.edit(lambda edit: edit.remove("two"))
        assert [each.id for each in store.all()] == [two.id]

    def test_where_all_records_are_whole_none_is_broken(self, store: ListenerStore) -> None:
        store.add(new_listener())
        assert dict(store.broken()) == {}

    def test_a_record_that_is_no_listener_is_left_out_named_and_kept(
        self, home: Home, store: ListenerStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        spoil = getattr(home, "spoil", None)
        if spoil is None:
            pytest.skip("the home has no spoil(listener, **attributes), which writes a record past the store")
        whole, bad = new_listener(), new_listener(lanes=1)
        store.add(bad)
        store.add(whole)
        wrong: dict[str, Any]
        for wrong in ({"lanes": "2"}, {"retry_schedule": ["x"]}, {"enabled": 1}, {"filter": 5}, {"created": "soon"}):
            spoil(bad, **wrong)
            assert list(store.all()) == [whole]
            [(listener_id, why)] = store.broken().items()
            assert listener_id == bad.id and bad.id in why and next(iter(wrong)) in why
            assert "hunter2" not in why and "\n" not in why
            store.all()
            assert caplog.text.count(why) == 1
            for attempt in (store.remove, lambda id: store.change(id, lambda before: before)):
                with pytest.raises(StoreError, match=bad.id):
                    attempt(bad.id)
            with pytest.raises(StoreError, match=bad.id):
                store.add(replace(whole, id=bad.id))
            store.change(whole.id, lambda before: replace(before, lanes=(before.lanes or 0) + 1))
            [whole] = store.all()
        assert whole.lanes == 5
        spoil(bad)
        assert {record.id for record in store.all()} == {bad.id, whole.id} and not store.broken()

    def test_changes_made_at_once_are_all_there(self, home: Home) -> None:
        counter = new_listener(notifier_config={"count": 0})
        first = home.open()
        first.add(counter)

        def work() -> None:
            store = home.open()
            for _ in range(5):
                store.add(new_listener())
                store.change(counter.id, count)
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
