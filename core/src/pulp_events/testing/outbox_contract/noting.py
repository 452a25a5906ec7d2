"""Claims about `NotesWithEvents`, for stores that are such, and about what events about deliveries are counted by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pulp_events.outbox.activity import By
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import Outcome, Transition
from pulp_events.outbox.store import CountsWhatEnds, CountsWhatHappens, NotesWithEvents, Outbox
from pulp_events.system.clock import from_timestamp
from pulp_events.testing.outbox_contract.home import LISTENER, OTHER, Home, Outboxes, new_event, result


class NotingClaims(Outboxes):
    """Claims about notes that are stored together with events."""

    def test_events_are_stored_if_the_note_is_what_it_was(self, outbox: Outbox) -> None:
        if not isinstance(outbox, NotesWithEvents):
            pytest.skip("it stores no notes with events, as it need not")
        first, second, third = new_event(), new_event(OTHER), new_event()
        assert not outbox.add_noting([first], "key", "none yet", "1")
        assert outbox.add_noting([first], "key", None, "1")
        assert not outbox.add_noting([second], "key", None, "2")
        assert not outbox.add_noting([second], "key", "0", "2")
        assert outbox.add_noting([second, third], "key", "1", "2")
        assert outbox.add_noting([], "key", "2", "3")
        assert outbox.notes("key") == {"key": "3"}
        assert {one.event_id for one in outbox.find(DeliveryQuery(), 9)} == {first.id, second.id, third.id}
        assert set(outbox.ready()) == {LISTENER, OTHER}

    def test_what_cannot_be_stored_is_not_noted(self, outbox: Outbox) -> None:
        if not isinstance(outbox, NotesWithEvents):
            pytest.skip("it stores no notes with events, as it need not")
        event = new_event()
        outbox.add([event])
        with pytest.raises(Exception, match=r".+"):
            outbox.add_noting([event], "key", None, "1")  # its id is there already
        assert outbox.notes("key") == {}

    def test_of_many_who_see_the_same_exactly_one_stores_its_events(self, home: Home, outbox: Outbox) -> None:
        if not isinstance(outbox, NotesWithEvents):
            pytest.skip("it stores no notes with events, as it need not")
        several = [home.open() for _ in range(4)]
        with ThreadPoolExecutor(8) as pool:
            for number in range(5):
                before, after = (None if number == 0 else str(number)), str(number + 1)
                calls = [
                    pool.submit(each.add_noting, [new_event()], "key", before, after)  # type: ignore[attr-defined]
                    for each in several * 2
                ]
                assert sorted(call.result() for call in calls) == [False] * 7 + [True]
        assert len(outbox.find(DeliveryQuery(), 99)) == 5

    def test_attempts_after_which_one_is_left_are_counted_once_and_by_who_has_the_lease(
        self, home: Home, outbox: Outbox
    ) -> None:
        if not isinstance(outbox, CountsWhatHappens):
            pytest.skip("it does not count what happens, as it need not")
        outbox.add([new_event() for _ in range(3)])
        batch = self.claim(outbox, limit=3)
        last = [replace(result(one, "postpone", 3600.0), last_ahead=True) for one in batch]
        late = replace(last[2], delivery=replace(batch[2], lease="somebody else's"))
        outbox.record([last[0], last[1], late])
        since = from_timestamp(home.time() - 60.0)
        found = outbox.activity(since, None, By.LISTENER)
        assert found.groups[LISTENER].last_ahead == found.total.last_ahead == 2
        assert found.total.failed == 3
        if isinstance(outbox, CountsWhatEnds):
            assert outbox.happened(["last-ahead"], since) == {LISTENER: {"last-ahead": 2}}

    def test_what_ended_is_counted_by_word_and_listener(self, home: Home, outbox: Outbox) -> None:
        if not isinstance(outbox, CountsWhatEnds):
            pytest.skip("it has no counts of its own of what ends, as it need not")
        outbox.add([new_event(LISTENER, OTHER) for _ in range(3)])
        outbox.record([result(one, "give_up") for one in self.claim(outbox, limit=2)])
        outbox.record([result(one, "give_up") for one in self.claim(outbox, listener=OTHER, limit=1)])
        outbox.bury(OTHER, "listener gone")
        since = from_timestamp(home.time() - 60.0)
        words = [Transition.GIVE_UP, Transition.EXPIRE]
        assert outbox.happened(words, since) == {LISTENER: {"give_up": 2}, OTHER: {"give_up": 1}}
        assert outbox.happened([*Outcome], since) == {LISTENER: {"permanent": 2}, OTHER: {"permanent": 1}}
        assert outbox.happened([Transition.BURY], since) == {OTHER: {"bury": 2}}
        assert outbox.happened(words, from_timestamp(home.time() + 7200.0)) == {}
