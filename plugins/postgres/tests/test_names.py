"""No two listeners have the same name, however many processes ask for it at once."""

from __future__ import annotations

import multiprocessing

import pytest

from pulp_events import EventBus, NameTaken

HTTP = ("http", {"url": "http://ci.example/"}, ["*"])


@pytest.mark.parametrize("how", ["create", "update", "together"])
def test_of_twenty_processes_that_give_a_name_one_wins(conf, how):
    with EventBus.open(conf, deliver="external") as bus:
        made = [bus.listeners.create(*HTTP) for _ in range(20)]
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(20), context.SimpleQueue()

    def give(bus, number):
        if how == "create":
            return bus.listeners.create(*HTTP, name="ci").id
        if how == "update":
            return bus.listeners.update(made[number].id, name="ci").id
        with bus.listeners.together() as several:
            return several.create(*HTTP, name="ci").id

    def work(number):
        with EventBus.open(conf, deliver="external") as bus:
            start.wait(90)
            try:
                answers.put(("made", give(bus, number)))
            except NameTaken as error:
                answers.put(("refused", str(error)))

    processes = [context.Process(target=work, args=(number,)) for number in range(20)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    [winner] = [text for what, text in found if what == "made"]
    refused = [text for what, text in found if what == "refused"]
    assert len(refused) == 19 and all(text.startswith(f"the name 'ci' is taken: listener {winner}") for text in refused)
    with EventBus.open(conf, deliver="external") as bus:
        assert [each.id for each in bus.listeners.list() if each.name == "ci"] == [winner]
