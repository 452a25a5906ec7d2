"""What was erased is in none of the files of the outbox."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from pulp_events.errors import StoreBusy
from pulp_events.outbox.records import ClaimRequest, DeliveryQuery
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import FINISHED
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.testing.outbox_contract import LISTENER, new_event, result

WORD = "ada.lovelace"
KEEP = dict.fromkeys(FINISHED, -1e9)


def about(who, length, **more):
    """An event with somebody in it, `length` bytes of them: in a page beside others, or in pages of its own."""
    filling = (f"{who} " * (length // len(who) + 1))[:length]
    report = f'{{"call_report":{{}},"event_type":"repo.sync.start","payload":{{"user":"{filling}"}}}}'
    return replace(new_event(), report=report.encode(), **more)


def found_in(folder):
    return sorted(each.name for each in folder.rglob("*") if each.is_file() and WORD.encode() in each.read_bytes())


@pytest.fixture
def outbox(tmp_path):
    opened = SQLiteOutbox(tmp_path / "data" / "outbox.sqlite", durable=False)
    yield opened
    opened.close()


def lived(outbox, dice, number):
    """A life: events of all sizes are stored, delivered, tried again, purged and cleaned away, in any order.

    Returns the ids of those that are about somebody.
    """
    mine = []
    for _ in range(number):
        for _ in range(dice.randrange(1, 30)):
            who = WORD if dice.random() < 0.5 else "somebody else"
            event = about(who, dice.choice([0, 40, 300, 2000, 4000, 9000, 70000]))
            outbox.add([event])
            if who == WORD:
                mine.append(event.id)
        claimed = outbox.claim([ClaimRequest(LISTENER, dice.randrange(1, 30))], 60.0, "t").deliveries
        how = dice.choice(["succeed", "postpone", "give_up"])
        outbox.record([result(one, how, 0.0, f"{WORD} " * dice.choice([1, 50])) for one in claimed])
        if dice.random() < 0.3:
            outbox.purge(DeliveryQuery(), dice.randrange(20))
        if dice.random() < 0.3:
            outbox.revive(DeliveryQuery(), dice.randrange(20))
        if dice.random() < 0.1:
            outbox.maintain(KEEP)
    return mine


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_left_in_any_file_whatever_happened_before(outbox, tmp_path, seed):
    dice = random.Random(seed)
    mine = lived(outbox, dice, 25)
    other = SQLiteOutbox(outbox.path, durable=False)  # another process, that stays connected
    others = {each.id: each.report for each in other.events(EventQuery(), 9999) if each.id not in mine}
    assert found_in(tmp_path)
    outbox.erase(mine, outbox.begin_erasure("a test", "them"))
    assert outbox.scrub(10.0) == []
    # What was said of somebody else's deliveries names them here too.
    assert {each.id: each.report for each in other.events(EventQuery(), 9999) if each.id not in mine} == others
    rest = [each.id for each in outbox.events(EventQuery(), 9999)]
    outbox.erase(rest, outbox.begin_erasure("a test", "all"))
    assert outbox.scrub(10.0) == []
    assert found_in(tmp_path) == []
    other.add([new_event()])
    assert found_in(tmp_path) == []
    other.close()


def test_what_was_purged_long_before_is_not_left_either(outbox, tmp_path):
    outbox.add([about(WORD, size) for size in (10, 300, 5000) for _ in range(30)])
    claimed = outbox.claim([ClaimRequest(LISTENER, 90)], 60.0, "t").deliveries
    outbox.record([result(one, "succeed") for one in claimed])
    outbox.add([about("somebody else", 300) for _ in range(30)])
    assert outbox.purge(DeliveryQuery(), 99) == 90
    assert found_in(tmp_path)
    outbox.scrub(10.0)
    assert found_in(tmp_path) == []


def test_without_the_scrubbing_it_would_be_left(outbox, tmp_path):
    outbox.add([event := about(WORD, 300)])
    outbox.erase([event.id], outbox.begin_erasure("a test", "it"))
    assert found_in(tmp_path)
    assert [each.ended for each in outbox.erasures(9)] == [None]


def test_who_reads_for_long_is_waited_for_and_then_named(outbox, tmp_path):
    outbox.add([event := about(WORD, 300)])
    reader = sqlite3.connect(outbox.path, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM pulp_event").fetchone()
    outbox.erase([event.id], outbox.begin_erasure("a test", "it"))
    with pytest.raises(StoreBusy, match=r"outbox\.sqlite-wal may still hold what was erased: another process"):
        outbox.scrub(0.1)
    assert [each.ended for each in outbox.erasures(9)] == [None]
    outbox.add([new_event()])  # nobody else is kept from anything
    end_of_reading = threading.Timer(0.2, reader.rollback)
    end_of_reading.start()
    outbox.scrub(30.0)
    end_of_reading.join()
    assert found_in(tmp_path) == [] and outbox.erasures(1)[0].ended is not None
    reader.close()


def test_copies_that_stand_beside_are_named_and_left(outbox, tmp_path):
    outbox.add([event := about(WORD, 300)])
    names = ["outbox.sqlite.corrupt-20260101T000000000000", "outbox.sqlite.before-1", "outbox.sqlite.foreign-1-wal"]
    for name in names:
        outbox.path.with_name(name).write_bytes(outbox.path.read_bytes() + WORD.encode())
    outbox.path.with_name("outbox.sqlite.damaged").touch()
    outbox.path.with_name("outbox.sqlite.damaged").unlink()
    outbox.erase([event.id], outbox.begin_erasure("a test", "it"))
    remarks = outbox.scrub(10.0)
    assert [each.partition(" ")[0] for each in remarks] == [str(outbox.path.with_name(name)) for name in sorted(names)]
    assert found_in(tmp_path) == sorted(names)


def test_an_erasure_that_goes_on_is_not_ended_by_another(outbox, monkeypatch):
    from pulp_events.outbox.sqlite import scrubbing

    events = [about(WORD, 300) for _ in range(3)]
    outbox.add(events)
    first = outbox.begin_erasure("a test", "first")
    outbox.erase([events[0].id], first)
    scrub = scrubbing.scrub

    def with_another(path, timeout):
        scrub(path, timeout)
        outbox.erase([events[1].id], first)

    monkeypatch.setattr(scrubbing, "scrub", with_another)
    outbox.scrub(10.0)
    assert [each.ended for each in outbox.erasures(9)] == [None]
    monkeypatch.undo()
    outbox.scrub(10.0)
    assert outbox.erasures(9)[0].ended is not None
    outbox.erase([events[2].id], first)
    assert [each.ended for each in outbox.erasures(9)] == [None]


ERASING = """
import sys
from pulp_events import EventBus
bus = EventBus.open(sys.argv[1], deliver="external")
print("ready", flush=True)
where = f"contains(payload.user, '{sys.argv[2]}')"

def wait_for_leave(done):
    print(done, flush=True)
    sys.stdin.readline()

bus.events.erase(where=where, by="a test", progress=wait_for_leave)
print("done", flush=True)
"""
"""Erases a step for each line that it is sent, and all once there is no more to read."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_and_run_again_nothing_is_left(tmp_path, seed):
    dice = random.Random(seed)
    conf = tmp_path / "server.conf"
    folder = tmp_path / "data"
    conf.write_text(f"[events]\ndata_dir = {folder}\n")
    outbox = SQLiteOutbox(folder / "outbox.sqlite", durable=False)
    mine = lived(outbox, dice, 60)
    outbox.add([about(WORD, 300) for _ in range(4000)])
    others = {each.id: each.report for each in outbox.events(EventQuery(), 99999) if WORD.encode() not in each.report}
    emitted = []
    stop = threading.Event()

    def emit():
        while not stop.is_set():
            event = about("somebody else", 100)
            outbox.add([event])
            emitted.append(event.id)
            time.sleep(0.001)

    emitting = threading.Thread(target=emit)
    emitting.start()
    for runs in range(1, 12):
        command = [sys.executable, "-c", ERASING, str(conf), WORD]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        if runs <= 8:
            for _ in range(dice.randrange(0, 4)):
                process.stdout.readline()
                print(file=process.stdin, flush=True)
            time.sleep(dice.random() * 0.02)
            process.send_signal(signal.SIGKILL)
        output = process.communicate()[0]
        if "done" in output:
            break
    stop.set()
    emitting.join()
    assert mine and runs == 9 and "done" in output
    left = {each.id: each for each in outbox.events(EventQuery(), 99999)}
    assert {id: left[id].report for id in others} == others
    assert all(id in left and left[id].erased is None for id in emitted)
    assert not any(WORD.encode() in each.report for each in left.values())
    # What deliveries of others said quotes the word too, and is not what was asked for.
    outbox.erase([*others], outbox.begin_erasure("a test", "the others"))
    outbox.scrub(10.0)
    assert found_in(tmp_path) == []
    assert all(each.ended is not None for each in outbox.erasures(99))
    outbox.close()


@pytest.mark.slow
def test_emit_goes_on_while_very_much_is_erased(outbox, tmp_path):
    from pulp_events import EventBus

    for _ in range(100):
        outbox.add([about(WORD, 300) for _ in range(1000)])
    conf = tmp_path / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {outbox.path.parent}\n")
    between = []
    with EventBus.open(conf, deliver="external") as bus:

        def note(erased):
            outbox.add([new_event()])  # none of the steps holds the file between two
            between.append(erased.events)

        done = bus.events.erase(all_events=True, by="a test", progress=note)
    assert done.erased.events == 100_000 and len(between) == 1000
    assert outbox.stats().pending == 1000
    assert found_in(outbox.path.parent) == []
