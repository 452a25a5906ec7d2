"""Claims about the history of a store that keeps one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from pulp_events.errors import ListenerNotFound, StoreError
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.history import HistoryQuery, ListenerChange
from pulp_events.listeners.recording import record as recorded
from pulp_events.listeners.store import ListenerHistory, ListenerStore
from pulp_events.testing.listener_store_contract.home import (
    NOW,
    Home,
    count,
    new_listener,
    next_lane,
    next_lane_of,
)


class HistoryClaims:
    """Part of `ListenerStoreContract`; skipped for a store that keeps no history."""

    @staticmethod
    def kept(store: ListenerStore) -> ListenerHistory:
        """The store as one with a history; the test is skipped if it is none."""
        if not isinstance(store, ListenerHistory):
            pytest.skip("the store keeps no history")
        return store

    def test_what_an_edit_says_of_itself_is_kept_with_it(self, home: Home, store: ListenerStore) -> None:
        history, listener = self.kept(store), new_listener(name="ci")
        add, lanes = noted(lambda edit: edit.add(listener), 0), noted(lambda edit: edit.change("ci", next_lane), 60)
        store.edit(add)
        store.edit(lanes)
        store.edit(noted(lambda edit: edit.remove(listener.id), 120))
        other = home.open()
        for view in (history, self.kept(other)):
            third, second, first = view.history(HistoryQuery())
            assert [each.action for each in (first, second, third)] == ["created", "updated", "deleted"]
            assert [each.time for each in (first, second, third)] == [NOW + timedelta(seconds=n) for n in (0, 60, 120)]
            assert {(each.by, each.listener_id, each.name) for each in (first, second, third)} == {
                ("ü, tester", listener.id, "ci")
            }
            assert first.before is None and third.after is None and first.after == second.before
            assert second.listener_before() == listener
            assert [(each.key, each.before, each.after) for each in second.differences()] == [("lanes", None, 1)]
        other.close()

    def test_a_history_is_asked_for_by_listener_and_time_and_has_the_newest_first(self, store: ListenerStore) -> None:
        history, one, two = self.kept(store), new_listener(), new_listener()
        for number, each in enumerate((one, two, one, two)):
            make = (lambda edit, each=each: edit.add(each)) if number < 2 else next_lane_of(each.id)
            history.edit_one(each.id, noted(make, number))

        def found(**query: Any) -> list[int]:
            return [int((each.time - NOW).total_seconds()) for each in history.history(HistoryQuery(**query))]

        assert found() == [3, 2, 1, 0] and found(limit=2) == [3, 2] and found(limit=0) == []
        assert found(listener_id=one.id) == [2, 0] and found(listener_id=two.id, limit=1) == [3]
        assert found(until=NOW + timedelta(seconds=2), limit=1) == [1]
        assert found(since=NOW + timedelta(seconds=1), until=NOW + timedelta(seconds=3)) == [2, 1]
        assert found(since=NOW + timedelta(seconds=2)) == [3, 2] and found(listener_id="0" * 24) == []

    def test_what_is_not_stored_leaves_no_trace_in_the_history(self, store: ListenerStore) -> None:
        history, listener = self.kept(store), new_listener()
        store.edit(noted(lambda edit: edit.add(listener), 0))

        def fails(edit: Edit) -> None:
            noted(next_lane_of(listener.id), 1)(edit)
            raise KeyError("no")

        for attempt in (store.edit, lambda make: history.edit_one(listener.id, make)):
            with pytest.raises(KeyError):
                attempt(fails)
            with pytest.raises(StoreError, match=listener.id):
                attempt(noted(lambda edit: edit.add(listener), 1))
        assert len(history.history(HistoryQuery())) == 1 and list(store.all()) == [listener]

    def keeping(self, home: Home, seconds: float) -> ListenerHistory:
        """A store that keeps its history for so long; the test is skipped for a home that has none."""
        make = getattr(home, "keeping", None)
        if make is None:
            pytest.skip("the home has no keeping(seconds), which opens a store that keeps its history for so long")
        return self.kept(make(seconds))

    def test_a_history_is_kept_for_as_long_as_it_is_to_be(self, home: Home) -> None:
        history, listener = self.keeping(home, 60.0), new_listener()
        history.edit_one(listener.id, noted(lambda edit: edit.add(listener), 0))
        for second in (10, 200, 210):
            history.edit_one(listener.id, noted(next_lane_of(listener.id), second))
        found = [int((each.time - NOW).total_seconds()) for each in history.history(HistoryQuery())]
        assert found == [210, 200], "what is older than 60 seconds goes with the next change"

    def test_no_history_is_kept_or_shown_where_none_is_wanted(self, home: Home) -> None:
        keeping, none = self.keeping(home, 3600.0), self.keeping(home, 0.0)
        listener = new_listener()
        keeping.edit_one(listener.id, noted(lambda edit: edit.add(listener), 0))
        assert len(keeping.history(HistoryQuery())) == 1 and list(none.history(HistoryQuery())) == []
        none.edit_one(listener.id, noted(next_lane_of(listener.id), 1))
        assert list(keeping.history(HistoryQuery())) == [], "what was kept before goes, too"

    def test_an_edit_of_one_listener_finds_it_changes_it_and_is_one_of_those_made_at_once(self, home: Home) -> None:
        first = home.open()
        history, counter = self.kept(first), new_listener(notifier_config={"count": 0})
        with pytest.raises(ListenerNotFound, match=counter.id):
            history.edit_one(counter.id, lambda edit: edit.remove(counter.id))
        history.edit_one(counter.id, lambda edit: edit.add(counter))

        def work() -> None:
            store = home.open()
            for number in range(4):
                edits = self.kept(store)
                edits.edit_one(counter.id, noted(lambda edit: edit.change(counter.id, count), number))
                store.edit(noted(lambda edit: edit.change(counter.id, count), number))
            store.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert history.edit_one(counter.id, lambda edit: edit.get(counter.id)) == first.all()[0]
        assert first.all()[0].notifier_config["count"] == 32
        kept = history.history(HistoryQuery())
        counts = [each.after["notifier_config"]["count"] for each in kept if each.after is not None]
        assert sorted(counts) == list(range(1, 33)), "each change is kept once"
        first.close()


def noted(make: Callable[[Edit], Any], seconds: float) -> Callable[[Edit], Any]:
    """An edit that says what it did, so many seconds after `NOW`."""

    def and_note(edit: Edit) -> Any:
        made = make(edit)
        edit.history = changes_at(edit, NOW + timedelta(seconds=seconds))
        return made

    return and_note


def changes_at(edit: Edit, now: datetime) -> Sequence[ListenerChange]:
    """What the edit did, as of this time."""
    return recorded(edit.changes(), "ü, tester", now, lambda listener: listener.notifier_config)
