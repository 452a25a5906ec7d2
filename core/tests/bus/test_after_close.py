"""A bus that was closed: whatever is asked of it or its parts raises BusClosed, and changes nothing."""

import asyncio

import pytest

from pulp_events import BusClosed, DeliveryQuery, EventBus
from pulp_events.listeners.author import Author
from pulp_events.listeners.keeping import Kept
from pulp_events.listeners.listener import Options

CALLS = {
    "with": lambda bus, _: bus.__enter__(),
    "async with": lambda bus, _: asyncio.run(bus.__aenter__()),
    "check": lambda bus, _: bus.listeners.check(["*"]),
    "create": lambda bus, _: bus.listeners.create("http", {"url": "http://x.example/"}, ["*"]),
    "create by": lambda bus, _: bus.listeners.by("a").create("http", {"url": "http://x.example/"}, ["*"]),
    "delete": lambda bus, id: bus.listeners.delete(id),
    "disable": lambda bus, id: bus.listeners.disable(id),
    "disable_for": lambda bus, id: bus.listeners.disable_for(id, "gone"),
    "draft": lambda bus, _: bus.listeners.draft("http", {"url": "http://x.example/"}, ["*"]),
    "draft_update": lambda bus, id: bus.listeners.draft_update(id, lanes=2),
    "enable": lambda bus, id: bus.listeners.enable(id),
    "entrust": lambda bus, id: bus.listeners.entrust(id, Author("a")),
    "get": lambda bus, id: bus.listeners.get(id),
    "get by name": lambda bus, _: bus.listeners.get("hook"),
    "check_readable": lambda bus, _: bus.listeners.check_readable(),
    "history": lambda bus, _: bus.listeners.history(),
    "keep": lambda bus, id: bus.listeners.keep(id, "http", {"url": "http://x.example/"}, ["*"], lanes=2),
    "keep_all": lambda bus, id: bus.listeners.keep_all(
        [Kept(id, "http", {"url": "http://x.example/"}, ["*"], Options())]
    ),
    "list": lambda bus, _: bus.listeners.list(),
    "mute": lambda bus, id: bus.listeners.mute(id, 60),
    "mute_all": lambda bus, _: bus.listeners.mute_all(60),
    "together": lambda bus, _: bus.listeners.together(),
    "unless": lambda bus, id: bus.listeners.unless(print).disable(id),
    "unmute": lambda bus, id: bus.listeners.unmute(id),
    "unmute_all": lambda bus, _: bus.listeners.unmute_all(),
    "update": lambda bus, id: bus.listeners.update(id, lanes=2),
    "within": lambda bus, _: bus.listeners.within(object()),
    "deliveries": lambda bus, _: bus.deliveries.list(),
    "deliveries by": lambda bus, _: bus.deliveries.by(Author("a")).list(),
    "retry": lambda bus, id: [*bus.deliveries.retry(DeliveryQuery(listener_id=id))],
    "events": lambda bus, _: bus.events.list(),
    "backtest": lambda bus, id: bus.backtest(id),
    "operation": lambda bus, _: bus.operation("repo.sync").__enter__(),
    "on": lambda bus, _: bus.on("repo.*")(test_each_call_of_a_closed_bus_raises_bus_closed_and_changes_nothing),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_each_call_of_a_closed_bus_raises_bus_closed_and_changes_nothing(tmp_path, call):
    with EventBus.open(settings={}, data_dir=tmp_path, deliver="external") as bus:
        listener = bus.listeners.create("http", {"url": "http://x.example/"}, ["repo.sync.*"], name="hook")
    before = (tmp_path / "listeners.json").read_bytes()
    with pytest.raises(BusClosed, match="open another one"):
        call(bus, listener.id)
    assert (tmp_path / "listeners.json").read_bytes() == before


def test_what_still_delivers_while_the_bus_closes_has_the_listeners(tmp_path):
    seen = []
    with EventBus.open(settings={}, data_dir=tmp_path, deliver="background") as bus:

        @bus.on("repo.sync.*", name="looking")
        def look(event):
            seen.append([each.notifier_type_id for each in bus.listeners.list()])

        bus.emit("repo.sync.start", {"repo_id": "a"})
    assert seen == [["function"]]
