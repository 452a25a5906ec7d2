"""Many events at once: from threads, in one call, from asyncio."""

import asyncio
import threading
import time

import pytest

from pulp_events import EventBus, InvalidEvent
from pulp_events.plugins.registry import Plugins


@pytest.fixture
def bus(tmp_path):
    with EventBus.open(deliver="external", plugins=Plugins.load(), data_dir=tmp_path / "data") as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        yield opened


def at_once(bus, works):
    """Do each in a thread, of which all have something to store before any does."""
    threads = [threading.Thread(target=work) for work in works]
    bus.outbox._writer._exclusive.hold()  # as during a commit that takes long
    try:
        for thread in threads:
            thread.start()
        while len(bus.outbox._writer._queue) < len(threads):
            time.sleep(0.001)
    finally:
        bus.outbox._writer._exclusive.let_go()
    for thread in threads:
        thread.join()


def test_threads_that_emit_at_once_share_commits(bus, monkeypatch):
    shared = []
    together = bus.outbox._writer._run_together
    monkeypatch.setattr(
        bus.outbox._writer,
        "_run_together",
        lambda connection, jobs: (shared.append(len(jobs)), together(connection, jobs)),
    )

    def work():
        for _ in range(10):
            bus.emit("repo.sync.start")

    at_once(bus, [work] * 16)
    assert bus.deliveries.stats().pending == 160
    assert max(shared) > 1, "some commits held several events"


def test_one_refused_event_does_not_take_those_of_other_threads_with_it(bus):
    """Each emit of a shared commit stands or falls alone."""
    refused = []

    def refuse():
        try:
            bus.outbox._writer.run(lambda connection: connection.execute("INSERT INTO pulp_event VALUES (1, 2)"))
        except Exception as error:
            refused.append(error)

    def work():
        bus.emit("repo.sync.start")

    for _ in range(10):
        at_once(bus, [work] * 4 + [refuse] + [work] * 4)
    assert len(refused) == 10
    assert bus.deliveries.stats().pending == 80


def test_emit_many_stores_all_or_nothing(bus):
    events = bus.emit_many([("repo.sync.start", {"n": 1}), ("repo.sync.finish", {"n": 2}, {"state": "done"})])
    assert [event.event_type for event in events] == ["repo.sync.start", "repo.sync.finish"]
    assert events[1].call_report == {"state": "done"}
    with pytest.raises(InvalidEvent, match=r"payload\.bad"):
        bus.emit_many([("repo.sync.start", {}), ("repo.sync.start", {"bad": object()})])
    assert bus.deliveries.stats().pending == 2


def test_emit_async_leaves_the_event_loop_free_while_the_disk_is_slow(bus, monkeypatch):
    released, ticks = threading.Event(), []
    add = bus.outbox.add

    def slow(events, connection=None):
        released.wait(60)
        add(events, connection)

    monkeypatch.setattr(bus.outbox, "add", slow)

    async def main():
        emitting = asyncio.gather(*(bus.emit_async("repo.sync.start", {"n": n}) for n in range(5)))
        for _ in range(10):
            await asyncio.sleep(0)
            ticks.append(1)
        assert not emitting.done()
        released.set()
        return await emitting

    events = asyncio.run(main())
    assert len(ticks) == 10 and len({event.id for event in events}) == 5
    assert bus.deliveries.stats().pending == 5


def test_an_error_of_emit_async_reaches_who_awaits_it(bus):
    with pytest.raises(InvalidEvent):
        asyncio.run(bus.emit_async("repo.sync.start", {"bad": object()}))
