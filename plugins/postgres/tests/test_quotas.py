"""An untrusted author has no more listeners than allowed, however many processes create them at once."""

from __future__ import annotations

import multiprocessing

import pytest

from pulp_events import Author, EventBus, QuotaExceeded

HTTP = ("http", {"url": "https://ci.example/"}, ["*"])
ALICE = Author("alice")


@pytest.mark.parametrize("how", ["create", "together"])
def test_of_ten_processes_as_many_win_as_the_quota_has_left(conf, how):
    conf.write_text(conf.read_text() + "[untrusted]\nmax_listeners = 4\n")
    with EventBus.open(conf, deliver="external") as bus:
        bus.listeners.create(*HTTP, author=ALICE)
        bus.listeners.create(*HTTP, author=Author("bob"))
        bus.listeners.create(*HTTP)
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(10), context.SimpleQueue()

    def work():
        with EventBus.open(conf, deliver="external") as bus:
            acting = bus.listeners.by(ALICE)
            start.wait(90)
            try:
                if how == "together":
                    with acting.together() as several:
                        several.create(*HTTP)
                else:
                    acting.create(*HTTP)
                answers.put("made")
            except QuotaExceeded:
                answers.put("refused")

    processes = [context.Process(target=work) for _ in range(10)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    assert (found.count("made"), found.count("refused")) == (3, 7)
    with EventBus.open(conf, deliver="external") as bus:
        assert len(bus.listeners.by(ALICE).list()) == 4 and len(bus.listeners.list()) == 6
        [kept] = {each.author for each in bus.listeners.by(ALICE).list()}
        assert kept == ALICE
