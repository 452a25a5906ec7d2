"""Counts are exact while several processes' connections store, record, and sum them up at the same time."""

import threading
from collections import Counter

import psycopg

from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.states import FINISHED
from pulp_events.testing.outbox_contract import LISTENER, OTHER, new_event, result

KEEP = dict.fromkeys(FINISHED, 1e9)
ROUNDS = 15


def test_counts_are_exact_whatever_others_do_meanwhile(place):
    views = [place.outbox() for _ in range(4)]
    done = threading.Event()
    failed = []

    def deliver(outbox, listener):
        try:
            for number in range(ROUNDS):
                outbox.add([new_event(listener, OTHER) for _ in range(4)])
                claimed = outbox.claim([ClaimRequest(listener, 3)], 60, f"{id(outbox)}.{number}").deliveries
                outbox.record([result(each, ("succeed", "give_up", "postpone")[n % 3], 60)
                               for n, each in enumerate(claimed)])  # fmt: skip
                outbox.discard(DeliveryQuery(listener_id=OTHER), "enough", 1)
                outbox.revive(DeliveryQuery(listener_id=OTHER), 1)
                outbox.purge(DeliveryQuery(listener_id=listener), 1)
        except BaseException as error:
            failed.append(error)
            raise

    def sum_up(outbox):
        while not done.is_set():
            outbox.maintain(KEEP, 1e9)

    workers = [threading.Thread(target=deliver, args=(view, LISTENER)) for view in views[:3]]
    cleaner = threading.Thread(target=sum_up, args=(views[3],))
    for thread in (*workers, cleaner):
        thread.start()
    for thread in workers:
        thread.join(60)
    done.set()
    cleaner.join(60)
    assert not failed and not any(thread.is_alive() for thread in (*workers, cleaner))

    def check():
        counts = Counter((each.listener_id, each.state) for each in views[0].find(DeliveryQuery(), 10_000))
        told = views[0].stats()
        assert {(id, state): n for id, its in told.by_listener.items() for state, n in its.items() if n} == counts
        [(events,)] = views[0].database.rows("SELECT count(*) FROM @.pulp_event")
        assert told.events == events

    check()
    while views[0].maintain(KEEP, 1e9):
        pass
    check()
    assert views[0].database.rows("SELECT count(*) FROM @.pulp_tally_new") == [(0,)]
    assert views[0].database.rows("SELECT count(*) FROM @.pulp_activity_new") == [(0,)]
    for view in views:
        view.close()


def test_what_a_transaction_did_that_is_rolled_back_is_not_counted(place):
    outbox = place.outbox()
    with psycopg.connect(**outbox.database.address.parameters, autocommit=True) as own:
        with own.transaction(force_rollback=True):
            outbox.add([new_event()], connection=own)
        assert outbox.stats().totals["pending"] == outbox.stats().events == 0
        with own.transaction():
            outbox.add([new_event()], connection=own)
    assert outbox.stats().totals["pending"] == outbox.stats().events == 1
    outbox.close()
