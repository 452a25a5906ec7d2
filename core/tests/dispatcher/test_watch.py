"""Observers of attempts: told in batches, of each attempt once, and of no more than they keep up with."""

import threading
from dataclasses import replace

import pytest

from pulp_events import Plugins, hookimpl
from pulp_events.dispatcher import watch as module
from pulp_events.dispatcher.watch import AttemptWatch
from pulp_events.outbox.states import State, Transition
from pulp_events.plugins.observers import Observers
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.outbox_contract import result


class Observer:
    """Fails for `odd`, waits while `held`."""

    def __init__(self):
        self.seen, self.odd, self.held = [], (), threading.Event()
        self.held.set()

    @hookimpl
    def pulp_delivery_attempted(self, delivery):
        self.held.wait(60)
        self.seen.append(delivery.id)
        if delivery.id in self.odd:
            raise ValueError("odd")


@pytest.fixture
def observer():
    return Observer()


@pytest.fixture
def watch(observer):
    plugins = Plugins()
    plugins.add("observer", observer)
    return AttemptWatch(Observers(plugins, None))


def attempts(*ids):
    made = (replace(make_delivery(), id=each) for each in ids)
    return [(each, result(each, Transition.SUCCEED).attempt) for each in made]


@pytest.mark.parametrize("threads", [False, True])
def test_one_that_fails_for_an_attempt_is_told_of_those_after_it(watch, observer, caplog, threads):
    if threads:
        watch.start()
    observer.odd = "b", "d"
    watch.attempted(attempts("a", "b", "c", "d"))
    watch.attempted(attempts("e"))
    watch.stop(30)
    assert observer.seen == ["a", "b", "c", "d", "e"]
    assert caplog.text.count("pulp_delivery_attempted failed") == 2


def test_one_that_does_not_keep_up_misses_what_does_not_fit_until_it_does(watch, observer, caplog, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUEUE", 3)
    watch.start()
    observer.held.clear()
    for ids in ("ab", "cd", "ef"):
        watch.attempted(attempts(*ids))
    assert caplog.text.count("does not keep up") == 1
    observer.held.set()
    [thread] = watch._threads
    while thread._taken < 3:
        thread._thread.join(0.01)
    watch.attempted(attempts("g", "h"))
    watch.stop(30)
    assert observer.seen == ["a", "b", "c", "g", "h"]


def test_an_observer_is_given_the_delivery_as_it_is_after_the_attempt():
    from pulp_events.dispatcher.recorder import _after

    before = replace(make_delivery(trace_context={"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}), lease="x")
    recorded = result(before, Transition.SUCCEED)
    after = _after(recorded)
    assert (after.state, after.lease, after.detail) == (State.DELIVERED, None, recorded.attempt.detail)
    assert (before.state, before.lease) == (State.PENDING, "x")
    assert (after.id, after.trace_id, after.event.id) == (before.id, before.trace_id, before.event_id)
