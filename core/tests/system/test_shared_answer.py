"""One thread asks for all, nobody waits for it, and no answer is older than it is said to be."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events.system.shared_answer import SharedAnswer
from pulp_events.testing.clock import FakeClock

FRESH = 0.5


class Source:
    """What is asked: `value`, read at once; the answer comes when `hold()` is over."""

    def __init__(self):
        self.value = 0
        self.questions = 0
        self.asking = threading.Event()
        self.answering = threading.Event()
        self.answering.set()
        self.error = None

    def __call__(self):
        self.questions += 1
        found, answering = self.value, self.answering
        self.asking.set()
        assert answering.wait(30)
        if self.error is not None:
            raise self.error
        return found

    def hold(self):
        """Answers to what is asked from now on are under way until the event is set that this returns."""
        self.asking.clear()
        self.answering = threading.Event()
        return self.answering


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def answer(source, clock):
    return SharedAnswer(source, FRESH, clock)


@pytest.fixture
def under_way(source, answer):
    """A function: another thread asks, and its answer is on its way. Returns what lets it arrive."""
    with ThreadPoolExecutor() as pool:

        def begin():
            answering = source.hold()
            asked = pool.submit(answer)
            assert source.asking.wait(30)
            source.hold().set()  # others are answered at once

            def arrive():
                answering.set()
                return asked.result(30)

            return arrive

        yield begin


def test_what_is_asked_thousands_of_times_is_asked_once_while_it_is_fresh(source, answer, clock):
    assert {answer() for _ in range(1000)} == {0} and source.questions == 1
    clock.advance(0.4)
    source.value = 1
    assert answer() == 0
    clock.advance(0.1)
    assert answer() == 1 and source.questions == 2


def test_while_one_thread_asks_the_others_go_on_with_what_they_have(source, answer, clock, under_way):
    answer()
    clock.advance(0.6)
    source.value = 1
    arrive = under_way()
    with ThreadPoolExecutor(8) as pool:
        assert {each.result(30) for each in [pool.submit(answer) for _ in range(50)]} == {0}
    assert source.questions == 2
    assert arrive() == 1 and answer() == 1 and source.questions == 2


def test_what_is_twice_as_old_is_asked_for_by_each(source, answer, clock, under_way):
    answer()
    clock.advance(0.6)
    arrive = under_way()
    clock.advance(0.4)
    source.value = 1
    assert answer() == 1 and source.questions == 3
    arrive()


def test_where_nothing_is_known_yet_nobody_waits(source, answer, under_way):
    arrive = under_way()
    assert answer() == 0 and source.questions == 2
    arrive()


def test_an_answer_is_as_old_as_its_question(source, answer, clock, under_way):
    arrive = under_way()
    clock.advance(0.6)
    source.value = 1
    assert arrive() == 0
    assert answer() == 1


def test_what_another_process_changed_is_asked_for_by_one_thread(source, answer, under_way):
    answer()
    source.value = 1
    answer.expire()
    arrive = under_way()
    assert answer() == 0 and source.questions == 2
    assert arrive() == 1 and answer() == 1 and source.questions == 2


def test_what_was_asked_before_a_change_never_replaces_what_was_asked_after_it(source, answer, clock, under_way):
    answer()
    clock.advance(0.6)
    arrive = under_way()
    clock.advance(0.1)
    source.value = 1
    answer.expire()
    assert answer() == 1
    assert arrive() == 0, "what it asked for"
    assert answer() == 1 and source.questions == 3


def test_ones_own_change_holds_at_once_whatever_is_on_its_way(source, answer, clock, under_way):
    answer()
    clock.advance(0.6)
    arrive = under_way()
    source.value = 1
    answer.forget()
    assert answer() == 1
    assert arrive() == 0
    assert answer() == 1 and source.questions == 3


def test_a_change_while_one_asks_is_asked_for_though_nobody_did_meanwhile(source, answer, under_way):
    arrive = under_way()
    source.value = 1
    answer.forget()
    assert arrive() == 0
    assert answer() == 1


@pytest.mark.parametrize("change", ["expire", "forget"])
def test_an_error_is_passed_on_and_the_next_one_asks_again(source, answer, change):
    answer()
    source.value = 1
    getattr(answer, change)()
    source.error = OSError("away")
    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            answer()
    source.error = None
    assert answer() == 1 and source.questions == 5


def test_whoever_is_interrupted_while_it_asks_does_not_wait_for_itself(clock):
    depth = []

    def interrupted():
        depth.append(1)
        return answer() if len(depth) in (1, 3) else len(depth)

    answer = SharedAnswer(interrupted, FRESH, clock)
    assert answer() == 2, "nothing is known: the handler asks, too"
    clock.advance(0.6)
    assert answer() == 2 and len(depth) == 3, "the handler has what is known"


def test_a_forked_child_asks_though_the_thread_that_did_stayed_in_its_parent(source, answer, clock, under_way):
    answer()
    clock.advance(0.6)
    arrive = under_way()
    if (child := os.fork()) == 0:
        source.value = 7
        os._exit(answer())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    arrive()


def test_no_answer_of_any_thread_is_older_than_twice_the_time_or_than_its_own_change():
    def ask():
        found = time.monotonic()
        time.sleep(0.0005)
        return found

    fresh = 0.001
    answer = SharedAnswer(ask, fresh)

    def look(number):
        for turn in range(300):
            changed = float("-inf")
            if turn % 20 == number:
                changed = time.monotonic()
                answer.forget()
            elif turn % 10 == number:
                answer.expire()
            before = time.monotonic()
            found = answer()
            assert found >= before - 2 * fresh and found >= changed

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(look, number) for number in range(4)]:
            each.result(30)
