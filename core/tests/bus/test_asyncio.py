"""The bus in an event loop: nothing keeps the loop waiting, and nothing is left in the middle."""

import asyncio
import sqlite3
import threading
from contextlib import asynccontextmanager

import pytest

from pulp_events import BusClosed, EventBus, StoreError, UnknownEventType
from pulp_events.testing.http_sink import Answer, HttpSink


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "application.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (n INTEGER)")
    connection.close()
    return path


@pytest.fixture
def given(tmp_path, database):
    """What `open` takes."""
    return {
        "settings": {"events": {"data_dir": str(tmp_path / "data"), "outbox": str(database)}}, "deliver": "external",
    }  # fmt: skip


@pytest.fixture
def bus(given):
    with EventBus.open(**given) as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        yield opened


@pytest.fixture
def hold_emit(bus, monkeypatch):
    """From its call on each emit waits: returns an event that is set when one does, and one that lets it go on."""

    def hold():
        storing, stored, emit = threading.Event(), threading.Event(), bus._emit

        def slowly(*arguments):
            storing.set()
            stored.wait(30)
            return emit(*arguments)

        monkeypatch.setattr(bus, "_emit", slowly)
        return storing, stored

    return hold


def types(bus):
    return [each.event_type for each in bus.events.list(limit=50)][::-1]


def test_opened_in_a_block_it_is_closed_at_its_end(given):
    async def scenario():
        async with EventBus.open_async(**given) as bus:
            await asyncio.to_thread(bus.listeners.create, "http", {"url": "http://127.0.0.1:9/"}, ["*"])
            emitted = await bus.emit_many_async([("repo.sync.start", {"n": n}) for n in range(3)])
            assert [each.payload["n"] for each in emitted] == [0, 1, 2]
            assert (await asyncio.to_thread(bus.deliveries.stats)).pending == 3
        with pytest.raises(BusClosed):
            await bus.emit_async("repo.sync.start")

    asyncio.run(scenario())


def test_opened_by_await_it_is_closed_by_whoever_does(given):
    async def scenario():
        bus = await EventBus.open_async(**given)
        await bus.emit_async("repo.sync.start")
        await bus.close_async()
        await bus.close_async()
        with pytest.raises(BusClosed):
            await bus.emit_many_async([("repo.sync.start",)])
        async with await EventBus.open_async(**given) as again:
            assert isinstance(again, EventBus)

    asyncio.run(scenario())


def test_what_cannot_be_opened_is_raised(given):
    async def scenario():
        with pytest.raises(Exception, match="deliver"):
            await EventBus.open_async(**{**given, "deliver": "never"})

    asyncio.run(scenario())


def test_an_opening_that_is_cancelled_leaves_nothing_open(given, monkeypatch):
    opened, opening_now, go_on = [], threading.Event(), threading.Event()
    original = EventBus.open.__func__

    def slowly(cls, **named):
        opening_now.set()
        go_on.wait(30)
        opened.append(original(cls, **named))
        return opened[-1]

    monkeypatch.setattr(EventBus, "open", classmethod(slowly))

    async def scenario():
        opening = asyncio.ensure_future(EventBus.open_async(**given)._opened())
        await asyncio.to_thread(opening_now.wait, 30)
        opening.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(scenario())
    with pytest.raises(BusClosed):
        opened[0].emit("repo.sync.start")


def test_close_keeps_the_event_loop_waiting_for_nothing(tmp_path):
    asked, answered = threading.Event(), threading.Event()

    def answer(request):
        asked.set()
        return Answer(200 if answered.wait(60) else 503)

    async def scenario():
        with HttpSink(answer) as sink:
            bus = await EventBus.open_async(data_dir=tmp_path / "data", deliver="background")
            await asyncio.to_thread(bus.listeners.create, "http", {"url": sink.url}, ["*"])
            event = await bus.emit_async("repo.sync.start")
            assert await asyncio.to_thread(asked.wait, 30)
            closing = asyncio.create_task(bus.close_async(60.0))
            while not bus.is_closed:
                await asyncio.sleep(0.005)
            assert not closing.done()
            answered.set()  # which a loop that waited for the delivery under way would never come to
            await closing
            async with EventBus.open_async(data_dir=tmp_path / "data", deliver="external") as again:
                [delivery] = await asyncio.to_thread(again.events.deliveries, event.id)
                assert (delivery.state, delivery.attempts) == ("delivered", 1)

    asyncio.run(scenario())


def test_many_tasks_wait_for_their_deliveries_at_once(tmp_path):
    async def scenario():
        with HttpSink() as sink:
            sink.answer = Answer(200, delay=0.05)
            async with EventBus.open_async(data_dir=tmp_path / "data", deliver="background") as bus:
                await asyncio.to_thread(bus.listeners.create, "http", {"url": sink.url}, ["repo.sync.start"])
                events = await bus.emit_many_async([("repo.sync.start", {"n": n}) for n in range(60)])
                found = await asyncio.gather(*(bus.wait_async(event, 60) for event in events))
                assert [[each.state for each in one] for one in found] == [["delivered"]] * 60

    asyncio.run(scenario())


def test_waiting_ends_with_its_time_and_with_the_bus(bus):
    async def scenario():
        event = await bus.emit_async("repo.sync.start")
        [delivery] = await bus.wait_async(event, 0.1)
        assert delivery.state == "pending"
        waiting = asyncio.create_task(bus.wait_async(event.id))
        await asyncio.sleep(0.1)
        await bus.close_async()
        with pytest.raises(BusClosed):
            await waiting

    asyncio.run(scenario())


@pytest.mark.parametrize("used_before", [True, False])
def test_a_bus_that_is_closed_between_a_look_at_it_and_the_work_says_so(given, monkeypatch, used_before):
    async def closed_meanwhile(on_error="raise"):
        bus = await EventBus.open_async(**given, on_error=on_error)
        if used_before:
            await bus.emit_async("repo.sync.start")
        run = bus._threads.run

        async def late(*call):
            await bus.close_async()
            return await run(*call)

        monkeypatch.setattr(bus._threads, "run", late)
        return bus

    async def scenario():
        with pytest.raises(BusClosed):
            await (await closed_meanwhile()).wait_async("a" * 32)
        with pytest.raises(BusClosed):
            await (await closed_meanwhile()).emit_async("repo.sync.start")
        refused = await (await closed_meanwhile("log")).emit_async("repo.sync.start")
        assert isinstance(refused.error, BusClosed)

    asyncio.run(scenario())


def test_an_operation_tells_its_start_and_its_finish(bus):
    async def scenario():
        async with bus.operation("repo.sync", {"repo_id": "pulp2"}) as operation:
            operation["added_count"] = 3
        with pytest.raises(ValueError, match="full"):
            async with bus.operation("repo.publish"):
                raise ValueError("disk is full")
        with pytest.raises(UnknownEventType):
            async with bus.operation("repo.sink"):
                pass

    asyncio.run(scenario())
    assert types(bus) == ["repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish"]
    [published, _, synced, _] = bus.events.list()
    assert synced.event.payload["result"] == "success" and synced.event.payload["added_count"] == 3
    assert published.event.payload["error_message"] == "disk is full"


def test_the_finish_of_cancelled_work_is_told(bus, eventually):
    async def scenario():
        entered = asyncio.Event()

        async def work():
            async with bus.operation("repo.sync"):
                entered.set()
                await asyncio.sleep(60)

        working = asyncio.create_task(work())
        await entered.wait()
        working.cancel()
        await asyncio.sleep(0)
        working.cancel()  # once more, while the finish is on its way
        with pytest.raises(asyncio.CancelledError):
            await working

    asyncio.run(scenario())
    eventually(lambda: types(bus) == ["repo.sync.start", "repo.sync.finish"])
    assert bus.events.list()[0].event.payload["error_message"] == "CancelledError"


@pytest.mark.parametrize("cancels", [1, 2])
def test_work_that_is_cancelled_while_its_start_is_stored_has_its_finish(bus, hold_emit, cancels):
    storing, stored = hold_emit()
    entered = []

    async def scenario():
        async def work():
            async with bus.operation("repo.sync"):
                entered.append(1)

        working = asyncio.create_task(work())
        await asyncio.to_thread(storing.wait, 30)
        for _ in range(cancels):
            working.cancel()
            await asyncio.sleep(0)
        stored.set()
        with pytest.raises(asyncio.CancelledError):
            await working

    asyncio.run(scenario())
    assert not entered
    assert types(bus) == ["repo.sync.start", "repo.sync.finish"]
    assert bus.events.list()[0].event.payload["result"] == "failed"


def test_work_that_is_cancelled_while_its_start_is_refused_has_no_finish(bus, monkeypatch):
    refusing, refused = threading.Event(), threading.Event()

    def refuse(*_):
        refusing.set()
        refused.wait(30)
        raise StoreError("the disk is full")

    monkeypatch.setattr(bus, "_emit", refuse)

    async def scenario():
        async def work():
            async with bus.operation("repo.sync"):
                pass

        working = asyncio.create_task(work())
        await asyncio.to_thread(refusing.wait, 30)
        working.cancel()
        monkeypatch.undo()
        refused.set()
        with pytest.raises(asyncio.CancelledError):
            await working

    asyncio.run(scenario())
    assert types(bus) == []


@asynccontextmanager
async def of_aiosqlite(path):
    import aiosqlite

    async with aiosqlite.connect(path) as connection:
        connection.row_factory, connection.text_factory = aiosqlite.Row, bytes
        yield connection


@asynccontextmanager
async def of_sqlalchemy(path):
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


@pytest.mark.parametrize("connect", [of_aiosqlite, of_sqlalchemy])
def test_in_a_transaction_of_asyncios_it_exists_if_and_only_if_that_commits(bus, database, connect, hold_emit):
    async def scenario():
        async with connect(database) as own:
            await bus.emit_async("repo.sync.start", {"n": 1}, connection=own)
            await own.rollback()
            assert types(bus) == []
            await bus.emit_async("repo.sync.start", {"n": 2}, connection=own)
            assert types(bus) == []
            await own.commit()
            assert types(bus) == ["repo.sync.start"]
            await bus.emit_many_async([("repo.sync.finish", {"n": n}) for n in range(3)], connection=own, scope="a")
            await bus.emit_async("repo.sync.start", {"n": 9}, id="chosen", connection=own)
            await own.commit()
            assert (await bus.emit_async("repo.sync.start", {"n": 9}, id="chosen", connection=own)).id == "chosen"
            await own.rollback()
            storing, stored = hold_emit()
            emitting = asyncio.create_task(bus.emit_async("repo.publish.start", connection=own))
            await asyncio.to_thread(storing.wait, 30)
            emitting.cancel()
            for _ in range(10):
                await asyncio.sleep(0)
            assert not emitting.done(), "its connection is still in use"
            stored.set()
            with pytest.raises(asyncio.CancelledError):
                await emitting
            await own.rollback()
            await own.commit()

    asyncio.run(scenario())
    assert types(bus) == ["repo.sync.start", *["repo.sync.finish"] * 3, "repo.sync.start"]
    assert bus.deliveries.stats().pending == 5


def test_sqlalchemys_connection_and_session_take_part(bus, database):
    import sqlalchemy
    from sqlalchemy.orm import Session

    engine = sqlalchemy.create_engine(f"sqlite:///{database}")
    with Session(engine) as session:
        bus.emit("repo.sync.start", connection=session)
        session.rollback()
        bus.emit("repo.sync.finish", connection=session)
        assert types(bus) == []
        session.commit()
    with engine.begin() as connection:
        bus.emit("repo.publish.start", connection=connection)
    engine.dispose()
    assert types(bus) == ["repo.sync.finish", "repo.publish.start"]


def test_what_leads_to_no_connection_says_what_to_give(bus, database):
    async def scenario():
        with sqlite3.connect(database) as connection, pytest.raises(StoreError, match="call emit"):
            await bus.emit_async("repo.sync.start", connection=connection)
        connection.close()
        async with of_aiosqlite(database) as own:
            with pytest.raises(StoreError, match="await bus.emit_async"):
                bus.emit("repo.sync.start", connection=own)
        with pytest.raises(StoreError, match="connection"):
            await bus.emit_async("repo.sync.start", connection=own)

    asyncio.run(scenario())
    assert types(bus) == []
