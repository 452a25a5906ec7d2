"""Claims about events as things of their own: stored once or without deliveries, listed, kept."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pulp_events.errors import EventConflict
from pulp_events.events.pattern import matches
from pulp_events.events.report import fingerprint
from pulp_events.outbox.dropped import MOST_TYPES, OTHERS
from pulp_events.outbox.records import DeliveryQuery, NewEvent
from pulp_events.outbox.store import Outbox, TellsSizes
from pulp_events.outbox.stored_event import EventQuery, StoredEvent
from pulp_events.testing.outbox_contract.home import LISTENER, OTHER, Home, Outboxes, new_event, result
from pulp_events.testing.outbox_contract.stored import KEEP, alone, at, ids, maintained


class EventClaims(Outboxes):
    """Part of `OutboxContract`."""

    def test_an_event_is_stored_without_any_delivery_and_read_as_it_was(self, home: Home, outbox: Outbox) -> None:
        event, matched = alone(), new_event(LISTENER, OTHER)
        outbox.add([event])
        outbox.add([matched, replace(alone(), once=True, fingerprint="of another")])
        second = home.open()
        found = second.event(event.id)
        assert found is not None
        assert (found.id, found.event_type, found.source, found.report) == (
            event.id, event.event_type, event.source, event.report,
        )  # fmt: skip
        assert found.time == datetime.fromtimestamp(event.time, UTC)
        assert (found.deliveries, found.fingerprint) == (0, None)
        with_some = second.event(matched.id)
        assert with_some is not None and with_some.deliveries == 2 and with_some.place > found.place
        assert second.event("no such event") is None
        assert list(second.of_event(event.id)) == []
        assert outbox.ready().keys() == {LISTENER, OTHER}
        assert [each.fingerprint for each in second.events(EventQuery(), 9)] == ["of another", None, None]
        second.close()

    def test_events_are_listed_in_both_directions_page_by_page(self, outbox: Outbox) -> None:
        stored = [new_event() if number % 3 else alone() for number in range(10)]
        outbox.add(stored)
        for oldest_first in (False, True):
            found: list[StoredEvent] = []
            while page := outbox.events(
                EventQuery(), 4, oldest_first=oldest_first,
                before=found[-1].place if found and not oldest_first else None,
                after=found[-1].place if found and oldest_first else None,
            ):  # fmt: skip
                found += page
            assert ids(found) == ids(stored if oldest_first else stored[::-1])
        first, *_, last = outbox.events(EventQuery(), 99, oldest_first=True)
        between = outbox.events(EventQuery(), 99, after=first.place, before=last.place)
        assert ids(between) == ids(stored[-2:0:-1])

    def test_a_place_goes_on_where_it_was_when_its_event_is_gone(self, outbox: Outbox) -> None:
        stored = [new_event() for _ in range(4)]
        outbox.add(stored)
        page = outbox.events(EventQuery(), 2)
        outbox.record([result(one, "succeed") for one in self.claim(outbox)])
        outbox.purge(DeliveryQuery(event_id=page[-1].id), 9)
        assert ids(outbox.events(EventQuery(), 9, before=page[-1].place)) == ids(stored[1::-1])
        outbox.purge(DeliveryQuery(), 9)
        later = new_event()
        outbox.add([later])
        [newest] = outbox.events(EventQuery(), 9)
        assert newest.id == later.id and newest.place > page[0].place

    def test_events_are_found_by_what_the_detail_of_a_delivery_says(self, outbox: Outbox) -> None:
        stored = [new_event(LISTENER, OTHER), new_event(), new_event(), alone()]
        outbox.add(stored)
        one, two, _ = self.claim(outbox)
        outbox.record([result(one, "give_up", detail="HTTP 503: busy"), result(two, "postpone", 9.0, "Read timeout")])
        outbox.bury(OTHER, "100% gone")
        for text, fit in (("http 503", stored[:1]), ("TIMEOUT", stored[1:2]), ("100%", stored[:1]), ("0%d", [])):
            assert ids(outbox.events(EventQuery(error=text), 9)) == ids(fit), text
        types = EventQuery(["repo.sync.start"], error="e")
        assert ids(outbox.events(types, 1)) == ids(stored[1:2])

    def test_every_combination_of_filters_finds_the_events_that_fit(self, outbox: Outbox) -> None:
        times = [100.0, 103.0, 101.0, 102.0, 102.0, 99.0, 104.0, 100.5]
        types = ("repo.sync.start", "repo.sync.finish", "other")
        stored = [
            replace(new_event(event_type=types[number % 3]), time=time, id=f"{'ab'[number % 2]}{number}.x")
            for number, time in enumerate(times)
        ]
        stored[4] = replace(stored[4], deliveries=())
        outbox.add(stored)
        moments = (None, *(datetime.fromtimestamp(time, UTC) for time in (101, 102.5)))
        for wanted, since, until, prefix, chosen, oldest_first in itertools.product(
            (None, ["*"], ["other"], ["repo.sync.*"], ["repo.#", "other"], ["other", "repo.sync.finish"], ["no.such"]),
            moments, moments, (None, "a", "b3."), (None, [stored[3].id, stored[4].id]), (False, True),
        ):  # fmt: skip
            query = EventQuery(wanted, since, until, prefix, chosen)
            fit = [
                each
                for each in stored
                if (wanted is None or any(matches(pattern, each.event_type) for pattern in wanted))
                and (since is None or each.time >= since.timestamp())
                and (until is None or each.time < until.timestamp())
                and each.id.startswith(prefix or "")
                and (chosen is None or each.id in chosen)
            ]
            fit = fit if oldest_first else fit[::-1]
            found = outbox.events(query, 3, oldest_first=oldest_first)
            assert ids(found) == ids(fit[:3]), query
            if found:
                cursor = {"after" if oldest_first else "before": found[-1].place}
                rest = outbox.events(query, 9, oldest_first=oldest_first, **cursor)
                assert ids(rest) == ids(fit[3:]), query

    def test_an_id_that_is_there_is_stored_once_and_answered_with_what_is_there(self, outbox: Outbox) -> None:
        first = replace(new_event(LISTENER, OTHER), once=True, fingerprint="as given")
        assert outbox.add([first]) == {}
        again = replace(new_event(), id=first.id, once=True, fingerprint="as given")
        fresh = replace(alone(), once=True)
        plain = new_event(OTHER)
        found = outbox.add([again, fresh, plain])
        assert found.keys() == {first.id}
        there = found[first.id]
        assert (there.report, there.fingerprint, there.deliveries) == (first.report, "as given", 2)
        assert there.time == datetime.fromtimestamp(first.time, UTC)
        assert ids(outbox.events(EventQuery(), 9)) == ids([plain, fresh, first])
        assert len(outbox.of_event(first.id)) == 2
        assert outbox.add([replace(first, deliveries=())]).keys() == {first.id}

    def test_an_id_that_is_there_with_another_end_is_refused_also_of_many_at_the_same_moment(self, home: Home) -> None:
        made = replace(new_event(), once=True)
        ends = ["", "60.0 s", "61.0 s"]
        calls = [replace(made, fingerprint=fingerprint(made.report, ends[number % 3])) for number in range(9)]
        outboxes = [home.open() for _ in calls]

        def add(outbox: Outbox, event: NewEvent) -> str:
            try:
                outbox.add([event])
            except EventConflict:
                return ""
            return event.fingerprint or ""

        with ThreadPoolExecutor(len(calls)) as pool:
            stored = [*filter(None, pool.map(add, outboxes, calls))]
        [kept] = outboxes[0].events(EventQuery(), 9)
        assert stored == [kept.fingerprint] * 3 and len(outboxes[0].of_event(made.id)) == 1

    def test_an_id_that_is_there_with_another_content_is_refused_and_nothing_is_stored(self, outbox: Outbox) -> None:
        first = replace(new_event(), once=True, fingerprint="as given")
        outbox.add([first, plain := new_event()])
        for other in (replace(first, fingerprint="otherwise"), replace(new_event(), id=plain.id, once=True)):
            with pytest.raises(EventConflict) as refused:
                outbox.add([new_event(), other, new_event()])
            there = first if other.id == first.id else plain
            assert (refused.value.stored, refused.value.given) == (there.report, other.report)
        assert outbox.add([replace(plain, once=True)]).keys() == {plain.id}, "of which nobody chose the id, once"
        assert ids(outbox.events(EventQuery(), 9)) == ids([plain, first])

    def test_of_many_that_store_one_id_at_once_one_does(self, home: Home) -> None:
        outboxes = [home.open() for _ in range(6)]
        start, found = threading.Barrier(6), []

        def store(own: Outbox) -> None:
            start.wait()
            for number in range(5):
                event = replace(new_event(), id=f"chosen-{number}", once=True, fingerprint=f"{number}")
                there = own.add([event, new_event()]).get(event.id)
                found.append((event.id, event.report if there is None else there.report, there is None))

        threads = [threading.Thread(target=store, args=(each,)) for each in outboxes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(stored for _, _, stored in found) == 5 and len(found) == 30
        assert len({(each, report) for each, report, _ in found}) == 5, "all are told of the same event"
        assert all(len(outboxes[0].of_event(f"chosen-{number}")) == 1 for number in range(5))
        assert len(outboxes[0].events(EventQuery(), 99)) == 5 + 30
        for each in outboxes:
            each.close()

    def test_an_event_without_deliveries_is_kept_as_long_as_asked(self, home: Home, outbox: Outbox) -> None:
        old, young = at(home, alone(), 200.0), at(home, alone(), 20.0)
        outbox.add([old, young])
        maintained(outbox, keep_events=300.0)
        assert ids(outbox.events(EventQuery(), 9)) == ids([young, old])
        maintained(outbox, keep_events=150.0)
        assert ids(outbox.events(EventQuery(), 9)) == ids([young])
        home.advance(140.0)
        maintained(outbox, keep_events=150.0)
        assert list(outbox.events(EventQuery(), 9)) == []

    def test_an_event_outlives_its_deliveries_by_as_long_as_asked_and_no_delivery(
        self, home: Home, outbox: Outbox
    ) -> None:
        events = [at(home, new_event(LISTENER, OTHER)), at(home, new_event()), at(home, new_event())]
        outbox.add(events)
        outbox.record([result(one, "succeed") for one in self.claim(outbox)])
        home.advance(110.0)
        maintained(outbox, keep_events=1000.0)
        assert [each.deliveries for each in outbox.events(EventQuery(), 9)] == [0, 0, 1]
        home.advance(1000.0)
        maintained(outbox, keep_events=1000.0)
        assert ids(outbox.events(EventQuery(), 9)) == [events[0].id], "one of its deliveries is pending"

    def test_purging_leaves_events_that_are_to_be_kept(self, home: Home, outbox: Outbox) -> None:
        old, young = at(home, new_event(), 500.0), at(home, new_event())
        outbox.add([old, young])
        outbox.record([result(one, "give_up") for one in self.claim(outbox)])
        assert outbox.purge(DeliveryQuery(), 9, keep_events=100.0) == 2
        assert ids(outbox.events(EventQuery(), 9)) == [young.id]
        maintained(outbox, keep_events=0.0)
        assert list(outbox.events(EventQuery(), 9)) == []

    def test_many_events_without_deliveries_are_deleted_in_steps(self, home: Home, outbox: Outbox) -> None:
        outbox.add([at(home, alone(), 200.0) for _ in range(4500)])
        steps = 0
        while outbox.maintain(KEEP, keep_events=100.0):
            steps += 1
        assert list(outbox.events(EventQuery(), 9)) == [] and 1 < steps < 20

    def test_events_are_counted(self, home: Home, outbox: Outbox) -> None:
        assert (outbox.stats().events, outbox.stats().events_alone, outbox.stats().oldest_event) == (0, 0, None)
        first = alone()
        outbox.add([first, new_event(LISTENER, OTHER), new_event()])
        outbox.record([result(one, "succeed") for one in self.claim(outbox)])
        outbox.purge(DeliveryQuery(), 1, keep_events=1e12)
        outbox.purge(DeliveryQuery(), 1, keep_events=1e12)
        stats = outbox.stats()
        assert (stats.events, stats.events_alone) == (3, 2)
        assert stats.oldest_event == datetime.fromtimestamp(first.time, UTC)

    def test_what_is_pending_is_counted_no_further_than_asked(self, outbox: Outbox) -> None:
        assert outbox.backlog(5) == 0
        outbox.add([new_event(LISTENER, OTHER), new_event(), alone()])
        taken = self.claim(outbox, limit=1)  # leased, and pending all the same
        assert [outbox.backlog(most) for most in (1, 2, 3, 9)] == [1, 2, 3, 3]
        outbox.record([result(taken[0], "succeed")])
        outbox.bury(OTHER, "gone")
        assert outbox.backlog(9) == 1
        space = outbox.free_space()
        assert space is None or space > 0
        if isinstance(outbox, TellsSizes):
            assert outbox.sizes()["outbox"] > 0

    def test_what_was_dropped_is_summed_by_type_and_forgotten_in_time(self, home: Home, outbox: Outbox) -> None:
        second = home.open()
        began = home.time()
        outbox.note_dropped({"repo.sync.start": 2, "other": 1})
        home.advance(60.0)
        second.note_dropped({"repo.sync.start": 3})
        second.close()
        other, sync = outbox.stats().dropped
        assert (other.event_type, other.count, other.first) == ("other", 1, other.last)
        assert (sync.event_type, sync.count) == ("repo.sync.start", 5)
        assert 59 <= (sync.last - sync.first).total_seconds() <= 65 and abs(sync.first.timestamp() - began) < 5
        home.advance(70.0)
        maintained(outbox, keep_events=1000.0)
        assert [(each.event_type, each.count) for each in outbox.stats().dropped] == [("repo.sync.start", 5)]

    def test_dropped_types_are_counted_by_themselves_up_to_a_number(self, outbox: Outbox) -> None:
        outbox.note_dropped({f"order.{number}": 1 for number in range(MOST_TYPES + 50)})
        counts = {each.event_type: each.count for each in outbox.stats().dropped}
        assert len(counts) == MOST_TYPES + 1 and counts.pop(OTHERS) == 50
        known = min(counts)
        outbox.note_dropped({known: 3, "order.new": 2})
        outbox.note_dropped({known: 1, OTHERS: 4})
        again = {each.event_type: each.count for each in outbox.stats().dropped}
        assert again == {**counts, known: 5, OTHERS: 56}

    def test_finding_events_costs_the_same_however_many_others_there_are(self, home: Home, outbox: Outbox) -> None:
        def cost(query: EventQuery) -> int:
            return home.work(outbox, lambda: outbox.events(query, 5))

        outbox.add([replace(alone("rare.type"), id="wanted-1")])
        outbox.add([alone() for _ in range(20)])
        queries = [EventQuery(id_prefix="wanted-"), EventQuery(ids=["wanted-1"]), EventQuery()]
        few = [cost(query) for query in queries]
        outbox.add([alone() for _ in range(2000)])
        many = [cost(query) for query in queries]
        assert all(late <= early + 60 for early, late in zip(few, many, strict=True)), (few, many)

    def test_the_ids_beside_one_are_the_next_ones_by_their_characters(self, home: Home, outbox: Outbox) -> None:
        outbox.add([replace(alone(), id=each) for each in ("a-1", "B-1", "a_2", "a.3", "Z")])
        in_order = ["B-1", "Z", "a-1", "a.3", "a_2"]
        assert list(outbox.beside([])) == []
        assert list(outbox.beside(["B-1"])) == ["Z"] and list(outbox.beside(["a_2"])) == ["a.3"]
        assert sorted(outbox.beside(["a-1", "Z"])) == sorted(["Z", "a.3", "B-1", "a-1"])
        assert sorted(outbox.beside(["a"])) == ["Z", "a-1"]
        for before, between, after in zip(in_order, in_order[1:], in_order[2:], strict=False):
            assert sorted(outbox.beside([between])) == [before, after]

    def test_finding_the_ids_beside_some_costs_the_same_however_many_there_are(
        self, home: Home, outbox: Outbox
    ) -> None:
        def cost() -> int:
            return home.work(outbox, lambda: outbox.beside(["wanted-1", "0", "z"]))

        outbox.add([replace(alone(), id=f"wanted-{n}") for n in range(3)] + [alone() for _ in range(20)])
        few = cost()
        outbox.add([alone() for _ in range(2000)])
        assert cost() <= few + 60
