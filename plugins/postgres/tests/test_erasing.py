"""What was erased is in none of the files of the tables."""

import subprocess
import sys

import psycopg
import pytest

from pulp_events.errors import StoreBusy
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.testing.outbox_contract import LISTENER, OTHER, new_event, result
from pulp_events_postgres.outbox import PostgresOutbox

WORD = "ada.lovelace"


def about(who, length):
    """An event with somebody in it, `length` bytes of them that cannot be compressed: in a page, or in TOAST."""
    import dataclasses
    import random

    noise = "".join(random.Random(length).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))
    words = " ".join(f"{who} {noise[at : at + 500]}" for at in range(0, max(length, 1), 500))
    report = f'{{"call_report":{{}},"event_type":"repo.sync.start","payload":{{"user":"{words}"}}}}'
    return dataclasses.replace(new_event(LISTENER, OTHER), report=report.encode())


@pytest.fixture
def outbox(place_in_public):
    opened = PostgresOutbox(place_in_public.database())
    yield opened
    opened.close()


@pytest.fixture
def files(server, place_in_public):
    """Files of the database, once everything is written out, in which the word is: of ours and of the system's."""
    name = place_in_public.url.rpartition("/")[2]

    def found():
        with server.connect(name) as own:
            own.execute("CHECKPOINT")
            [(oid,)] = own.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchall()
        folder = server.data / "base" / str(oid)
        return [each.name for each in folder.iterdir() if WORD.encode() in each.read_bytes()]

    return found


def lived(outbox):
    mine = [about(WORD, size) for size in (10, 1000, 6000, 40_000) for _ in range(5)]
    others = [about("somebody else", size) for size in (10, 1000, 40_000) for _ in range(5)]
    outbox.add([*mine, *others])
    for how in ("postpone", "give_up"):
        claimed = outbox.claim([ClaimRequest(LISTENER, 15)], 60.0, "t").deliveries
        outbox.record([result(one, how, 0.0, f"no such user: {WORD} in {one.id}") for one in claimed])
    outbox.database.execute("ANALYZE")
    return mine, others


def test_nothing_is_left_in_any_file(outbox, files):
    mine, others = lived(outbox)
    purged = [about(WORD, 300) for _ in range(20)]
    outbox.add(purged)
    outbox.bury(OTHER, "gone")
    outbox.bury(LISTENER, "gone")
    outbox.purge(DeliveryQuery(until=outbox.event(purged[0].id).time), 0)
    assert files()
    ids = [each.id for each in (*mine, *purged)]
    outbox.erase(ids, outbox.begin_erasure("a test", "them"))
    assert files(), "a dead row keeps its bytes"
    for other in others:  # what was said of somebody else's names them too
        outbox.erase([other.id], outbox.begin_erasure("a test", "them")) if outbox.attempts(f"{other.id}.0") else None
    assert outbox.scrub(60.0) == ()
    assert files() == []
    kept = [each for each in outbox.events(EventQuery(), 99) if each.erased is None]
    assert {each.id: each.report for each in kept}.items() <= {each.id: each.report for each in others}.items()
    assert all(each.ended is not None for each in outbox.erasures(99))


def test_statistics_have_no_samples_of_it(outbox, server, place_in_public):
    lived(outbox)
    with server.connect(place_in_public.url.rpartition("/")[2]) as own:
        own.execute("ANALYZE")
        sampled = own.execute("SELECT attname FROM pg_stats WHERE tablename LIKE 'pulp%'").fetchall()
    assert sampled
    assert not {"report", "detail", "reason", "fingerprint"} & {name for (name,) in sampled}


def test_whoever_may_still_see_it_is_named(outbox, files, place_in_public):
    mine, _ = lived(outbox)
    with psycopg.connect(place_in_public.url, password="pw", application_name="a report") as neighbour:
        neighbour.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        neighbour.execute(outbox.database.text("SELECT count(*) FROM @.pulp_event"))
        outbox.erase([each.id for each in mine], outbox.begin_erasure("a test", "them"))
        with pytest.raises(StoreBusy, match=rf"may be seen by process {neighbour.info.backend_pid} \(a report\), for"):
            outbox.scrub(0.3)
        assert [each.ended for each in outbox.erasures(9)] == [None]
        outbox.add([new_event()])  # nobody is kept from anything meanwhile
        neighbour.rollback()
        neighbour.execute("SELECT 1")
        outbox.scrub(60.0)  # a transaction that began later sees nothing of it
    assert outbox.erasures(9)[0].ended is not None


def test_a_table_that_others_hold_is_waited_for_and_named(outbox, place_in_public):
    with psycopg.connect(place_in_public.url, password="pw") as neighbour:
        neighbour.execute(outbox.database.text("LOCK TABLE @.pulp_attempt IN ACCESS SHARE MODE"))
        with pytest.raises(StoreBusy, match="pulp_attempt still has what was erased in its files"):
            outbox.scrub(0.1)


ERASING = """
import sys
from pulp_events import EventBus
bus = EventBus.open(sys.argv[1], deliver="external")
print("ready", flush=True)
bus.events.erase(where=f"contains(payload.user, '{sys.argv[2]}')", progress=lambda done: print(done, flush=True))
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_nothing_is_left(outbox, files, conf):
    import random
    import time

    dice = random.Random(1)
    for _ in range(20):
        outbox.add([about(WORD, 200) for _ in range(100)])
    others = [about("somebody else", 200) for _ in range(100)]
    outbox.add(others)
    for run in range(1, 12):
        process = subprocess.Popen([sys.executable, "-c", ERASING, str(conf), WORD], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        if run <= 6:
            for _ in range(dice.randrange(4) if run < 5 else 20):
                process.stdout.readline()
            time.sleep(dice.random() * 0.1)
            process.kill()
        if "done" in process.communicate()[0]:
            break
    else:
        pytest.fail("it never ended")
    assert files() == []
    left = {each.id: each.report for each in outbox.events(EventQuery(), 9999) if each.erased is None}
    assert left == {each.id: each.report for each in others}
    assert all(each.ended is not None for each in outbox.erasures(99))
