"""Attempts under way follow what they wait for, and a share is free for listeners that answer quickly."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.dispatcher import crew, lines, queues, timekeeper
from pulp_events.dispatcher.agenda import Agenda
from pulp_events.dispatcher.channels import MOST_IDLE
from pulp_events.dispatcher.lines import QUICK, SILENT, SLOW, UNTRIED, Speed, speed_of
from pulp_events.dispatcher.shares import FOR_SILENT, FOR_SLOW, FOR_UNTRIED, Shares
from pulp_events.dispatcher.workload import FEW, Workload
from pulp_events.errors import TimedOut


@given(most=st.integers(4, 400), speeds=st.lists(st.sampled_from(list(Speed)), max_size=600))
def test_what_is_slow_or_unknown_leaves_a_share_to_what_is_quick(most, speeds):
    shares = Shares(most)
    for each in speeds:
        if shares.room(each):
            shares.begin(each)
    assert sum(shares.busy) <= most
    silent, slow, untried = shares.busy[SILENT], shares.busy[SLOW], shares.busy[UNTRIED]
    assert silent <= max(1, 3 * most // 8)
    assert silent + slow <= max(1, 5 * most // 8)
    assert silent + slow + untried <= max(1, 7 * most // 8)
    assert shares.room(QUICK) == most - sum(shares.busy)


@pytest.mark.parametrize(("speed", "part"), [(UNTRIED, FOR_UNTRIED), (SLOW, FOR_SLOW), (SILENT, FOR_SILENT)])
@given(most=st.integers(1, 400), busy=st.integers(0, 5))
def test_each_speed_has_its_part_and_at_least_one(speed, part, most, busy):
    shares = Shares(most)
    for _ in range(busy):
        shares.begin(speed)
    assert shares.room(speed) == max(0, max(1, int(most * part)) - busy)
    for _ in range(busy):
        shares.end(speed)
    assert shares.room(QUICK) == most


def test_quick_ones_that_begin_to_hang_leave_their_share_to_others():
    shares = Shares(100)
    while shares.room(QUICK):
        shares.begin(QUICK)
    for _ in range(100):  # none of them answers any more
        shares.end(QUICK)
        shares.begin(SLOW)
    assert shares.room(SLOW) == shares.room(UNTRIED) == 0
    assert shares.room(QUICK) == 13
    for _ in range(13):
        shares.begin(QUICK)
    assert shares.room(QUICK) == 0


def test_one_that_answers_slowly_does_not_wait_for_those_that_never_do():
    shares = Shares(100)
    while shares.room(SILENT):
        shares.begin(SILENT)

    assert shares.room(SLOW) == 25
    assert shares.room(UNTRIED) == 50
    assert speed_of(3.0, timed_out=False) is SLOW
    assert speed_of(3.0, timed_out=True) is SILENT


@given(most=st.integers(4, 400), before=st.lists(st.integers(0, 500), min_size=4, max_size=4))
def test_those_that_wait_take_the_room_that_they_may_have_and_no_more(most, before):
    shares, alone = Shares(most), Shares(most)
    rooms = {speed: shares.room(speed, before) for speed in (UNTRIED, SLOW, SILENT)}
    for speed in (SILENT, SLOW):
        for _ in range(min(before[speed], shares.room(speed))):
            shares.begin(speed)
    # Those that are silent beyond their share, say, would not begin however long the untried ones waited for them.
    assert rooms[UNTRIED] == max(0, min(shares.room(UNTRIED), shares.room(QUICK) - before[QUICK]) - before[UNTRIED])
    assert rooms[SILENT] <= max(0, alone.room(SILENT) - before[SILENT])


@given(
    steps=st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["now", "later", "take"]), st.floats(0, 10)), max_size=60
    )
)
def test_nobody_on_the_agenda_is_forgotten_or_named_twice(steps):
    agenda, expected, moment = Agenda(["one line"], lambda listener_id: "one line"), {}, 0.0
    for listener_id, what, seconds in steps:
        if what == "now":
            agenda.now((listener_id,))
            expected[listener_id] = min(expected.get(listener_id, moment), moment)
        elif what == "later":
            agenda.later(listener_id, moment + seconds)
            expected[listener_id] = min(expected.get(listener_id, 1e9), moment + seconds)
        else:
            moment += seconds
            agenda.advance(moment)
            for taken in agenda.take("one line", 2):
                assert expected.pop(taken) <= moment
    agenda.advance(1e9)
    assert sorted(agenda.take("one line", 100)) == sorted(expected)


def test_threads_are_added_while_work_waits_and_the_processor_does_not(monkeypatch):
    wall, cpu = [0.0], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: wall[0])
    monkeypatch.setattr(time, "process_time", lambda: cpu[0])
    workload = Workload(100)

    def pass_time(use, **given):
        wall[0] += 0.02
        cpu[0] += 0.02 * use
        return workload.threads_wanted(**given)

    wanted = FEW
    for _ in range(10):
        wanted = pass_time(0.1, waits=True, at_work=wanted, stuck=0)
    assert wanted >= 100
    for _ in range(200):
        wanted = pass_time(1.2, waits=True, at_work=wanted, stuck=0)
    assert wanted == FEW
    assert pass_time(1.2, waits=True, at_work=wanted, stuck=30) == 30 + FEW, "those that hang are not counted"


@pytest.fixture
def slow_machine(monkeypatch):
    """However long an attempt takes here, its listener is quick, and one that hangs is as untried as before."""
    monkeypatch.setattr(lines, "QUICK_ANSWER", 60.0)
    monkeypatch.setattr(timekeeper, "LONG_STEP", 60.0)


def test_hanging_listeners_do_not_delay_quick_ones(open_bus, scripted, eventually, slow_machine):
    bus = open_bus(concurrency=16, retry_schedule="1h")
    with bus.listeners.together() as made:
        quick = [made.create("scripted", {"name": f"quick{n}"}, ["*"]) for n in range(10)]
    bus.wait(bus.emit("repo.sync.start"), 30)
    with bus.listeners.together() as made:
        for n in range(100):
            scripted.behaviour[f"hangs{n}"] = scripted.hang
            made.create("scripted", {"name": f"hangs{n}"}, ["*"])
    for _ in range(10):
        bus.emit("repo.sync.start")
    counts = lambda: bus.deliveries.stats().by_listener  # noqa: E731
    eventually(lambda: all(counts()[one.id]["delivered"] == 11 for one in quick))
    assert not scripted.released.is_set()
    hanging = {name for name, *_ in scripted.calls if name.startswith("hangs")}
    assert len(hanging) <= 14


@pytest.fixture
def hanging(open_bus, scripted, eventually, monkeypatch, slow_machine):
    """A bus with a quick listener and more that hang than may be under way: some never tried, some timed out before."""
    monkeypatch.setattr(queues, "AHEAD", 4)
    bus = open_bus(concurrency=16, retry_schedule="1h")
    quick = bus.listeners.create("scripted", {"name": "quick"}, ["*"])

    def times_out(delivery, channel):
        raise TimedOut("no answer")

    def create(kind):
        with bus.listeners.together() as made:
            for n in range(20):
                made.create("scripted", {"name": f"{kind}{n}"}, ["repo.sync.*"])

    for n in range(20):
        scripted.behaviour[f"silent{n}"] = times_out
        scripted.behaviour[f"untried{n}"] = scripted.hang
    create("silent")
    bus.emit("repo.sync.start")
    eventually(lambda: sorted(route.speed for route in bus.dispatcher._routes.all()) == [QUICK] + 20 * [SILENT])
    scripted.behaviour.update((f"silent{n}", scripted.hang) for n in range(20))
    create("untried")
    scripted.calls.clear()
    bus.emit("repo.sync.start")
    eventually(lambda: len(scripted.calls) == 1 + 14)
    return bus, quick


def test_those_that_hang_in_several_lines_keep_no_quick_one_from_being_claimed_for(hanging, scripted, eventually):
    bus, quick = hanging
    for count in range(3, 13):
        bus.emit("repo.sync.start")
        eventually(lambda: bus.deliveries.stats().by_listener[quick.id]["delivered"] == count)  # noqa: B023
    assert not scripted.released.is_set()


def test_nothing_is_claimed_for_those_that_cannot_begin(hanging, scripted, eventually):
    bus, quick = hanging
    eventually(lambda: bus.deliveries.stats().by_listener[quick.id]["delivered"] == 2)
    claimed = [one for one in bus.deliveries.list(limit=100) if one.lease is not None]
    assert len(claimed) == 14


def test_one_that_answered_waits_no_longer_among_those_that_are_untried(open_bus, scripted, eventually, slow_machine):
    bus, asked, gate = open_bus(concurrency=8), threading.Event(), threading.Event()

    def answers(delivery, channel):
        asked.set()
        gate.wait(60)

    scripted.behaviour["answers"] = answers
    answering = bus.listeners.create("scripted", {"name": "answers"}, ["repo.publish.*"])
    bus.emit("repo.publish.start")
    assert asked.wait(30)
    with bus.listeners.together() as made:
        for n in range(20):
            scripted.behaviour[f"hangs{n}"] = scripted.hang
            made.create("scripted", {"name": f"hangs{n}"}, ["repo.sync.*"])
    bus.emit("repo.sync.start")
    eventually(lambda: len(scripted.calls) == 7)
    bus.emit("repo.publish.start")
    gate.set()
    eventually(lambda: bus.deliveries.stats().by_listener[answering.id]["delivered"] == 2)
    assert not scripted.released.is_set()


def test_one_that_answers_slowly_goes_before_the_untried_however_many_of_these_hang(
    open_bus, scripted, eventually, monkeypatch
):
    monkeypatch.setattr(lines, "QUICK_ANSWER", 0.0)
    monkeypatch.setattr(timekeeper, "LONG_STEP", 0.05)
    bus, gate = open_bus(concurrency=8), threading.Semaphore(0)
    speed = lambda listener: bus.dispatcher._routes.known(listener.id).speed  # noqa: E731
    slow = bus.listeners.create("scripted", {"name": "slow"}, ["repo.publish.*"])
    bus.wait(bus.emit("repo.publish.start"), 30)
    eventually(lambda: speed(slow) is SLOW)
    scripted.calls.clear()
    with bus.listeners.together() as made:
        for n in range(20):
            scripted.behaviour[f"hangs{n}"] = lambda delivery, channel: gate.acquire(timeout=60) and None
            made.create("scripted", {"name": f"hangs{n}"}, ["repo.sync.*"])
    bus.emit("repo.sync.start")
    eventually(lambda: sorted(route.speed for route in bus.dispatcher._routes.all()) == [SLOW] + 7 * [SILENT])
    bus.emit("repo.publish.start")
    gate.release()
    eventually(lambda: len(scripted.calls) > 7)
    assert scripted.calls[7][0] == "slow"
    gate.release(20)


@given(moves=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=20))
def test_who_changes_stands_in_the_line_that_is_its_own(moves):
    lines = dict.fromkeys("abc", "x")
    agenda = Agenda("xy", lines.__getitem__)
    agenda.now("ab")
    for listener_id, line in moves:
        lines[listener_id] = line
        agenda.moved(listener_id)
    assert {line: sorted(agenda.take(line, 3)) for line in "xy"} == {
        line: [one for one in "ab" if lines[one] == line] for line in "xy"
    }


def test_idle_channels_are_bounded_and_the_one_unused_for_longest_goes_first(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    with bus.listeners.together() as made:
        for number in range(MOST_IDLE + 20):
            made.create("scripted", {"name": f"n{number}"}, ["*"])
    bus.emit("repo.sync.start")
    names = [name for name, *_ in scripted.calls]
    assert sum(scripted.opened.values()) - sum(scripted.closed.values()) == MOST_IDLE
    assert set(scripted.closed) == set(names[:20])


@pytest.mark.slow
def test_threads_are_few_where_few_are_needed_and_end_when_they_are_not(open_bus, scripted, eventually, monkeypatch):
    bus, answers = open_bus(), threading.Event()

    def delivering():
        return bus.dispatcher._crew.pool.threads

    bus.listeners.create("scripted", {"name": "quick"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 300)
    eventually(lambda: bus.deliveries.stats().delivered == 300)
    assert len({thread for _, _, thread in scripted.calls}) <= 4
    monkeypatch.setattr(crew, "LINGER", 0.2)
    with bus.listeners.together() as made:
        for number in range(40):
            scripted.behaviour[f"slow{number}"] = lambda delivery, channel: answers.wait(60) and None
            made.create("scripted", {"name": f"slow{number}"}, ["*"])
    bus.emit("repo.sync.start")
    eventually(lambda: len(delivering()) >= 15)
    answers.set()
    eventually(lambda: bus.deliveries.stats().delivered == 341)
    eventually(lambda: len(delivering()) == 1)
