"""`emit_async` in a transaction of asyncio's, of each library."""

import asyncio

import pytest

from pulp_events import EventBus
from pulp_events.errors import StoreError


@pytest.fixture
def bus(conf):
    with EventBus.open(conf, deliver="external") as opened:
        opened.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        opened.listeners.create("http", {"url": "http://127.0.0.1:10/"}, ["repo.sync.finish"])
        yield opened


@pytest.fixture
def dsn(url):
    return url.replace("pulp@", "pulp:pw@")


class Psycopg:
    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        import psycopg

        self.lent = await psycopg.AsyncConnection.connect(self.dsn)
        self.execute = self.lent.execute
        return self

    async def commit(self):
        await self.lent.commit()

    async def rollback(self):
        await self.lent.rollback()

    async def __aexit__(self, *error):
        await self.lent.close()


class Asyncpg:
    needs = ("asyncpg",)

    def __init__(self, dsn):
        self.dsn = dsn

    async def __aenter__(self):
        import asyncpg

        self.pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=1)
        self.lent = await self.pool.acquire()
        self.execute = self.lent.execute
        await self.begin()
        return self

    async def begin(self):
        self.transaction = self.lent.transaction()
        await self.transaction.start()

    async def commit(self):
        await self.transaction.commit()
        await self.begin()

    async def rollback(self):
        await self.transaction.rollback()
        await self.begin()

    async def __aexit__(self, *error):
        await self.pool.release(self.lent)
        await self.pool.close()


class OfSqlalchemy:
    """`kind`: what is lent, and of which driver."""

    def __init__(self, dsn, driver, kind):
        self.dsn, self.kind = dsn.replace("postgresql:", f"postgresql+{driver}:"), kind

    async def __aenter__(self):
        from sqlalchemy import text
        from sqlalchemy.ext import asyncio as sqlalchemy

        self.engine = sqlalchemy.create_async_engine(self.dsn)
        self.lent = sqlalchemy.AsyncSession(self.engine) if self.kind == "session" else await self.engine.connect()
        self.execute = lambda statement: self.lent.execute(text(statement))
        return self

    async def commit(self):
        await self.lent.commit()

    async def rollback(self):
        await self.lent.rollback()

    async def __aexit__(self, *error):
        await self.lent.close()
        await self.engine.dispose()


class SqlalchemyOnAsyncpg(OfSqlalchemy):
    needs = ("sqlalchemy", "greenlet", "asyncpg")

    def __init__(self, dsn):
        super().__init__(dsn, "asyncpg", "session")


class SqlalchemyOnPsycopg(OfSqlalchemy):
    needs = ("sqlalchemy", "greenlet")

    def __init__(self, dsn):
        super().__init__(dsn, "psycopg", "connection")


@pytest.fixture(params=[Psycopg, Asyncpg, SqlalchemyOnAsyncpg, SqlalchemyOnPsycopg], ids=lambda kind: kind.__name__)
def library(request, needs, dsn):
    """An asynchronous context manager: a connection that is in a transaction, or begins one."""
    for module in getattr(request.param, "needs", ()):
        needs(module)
    return request.param(dsn)


WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def pending(bus):
    return await asyncio.to_thread(lambda: bus.outbox.stats().pending)


def test_it_exists_if_and_only_if_the_transaction_commits(bus, library):
    async def scenario():
        async with library as own:
            await bus.emit_async("repo.sync.start", {"first": "nothing was executed before"}, connection=own.lent)
            assert await pending(bus) == 0
            await own.commit()
            assert await pending(bus) == 1
            await own.execute("CREATE TABLE mine (n int)")
            many = [("repo.sync.finish", {"n": n, "text": "{\"'é%s}"}) for n in range(3)]
            await bus.emit_many_async(many, connection=own.lent, scope="a")
            await own.rollback()
            assert await pending(bus) == 1
            await bus.emit_many_async(many, connection=own.lent, expires=600)
            await bus.emit_async("repo.sync.start", {"n": 9}, id="chosen", connection=own.lent)
            await own.commit()
            assert await pending(bus) == 8
            before = await bus.emit_async("repo.sync.start", {"n": 9}, id="chosen", connection=own.lent)
            assert before.id == "chosen"
            await own.commit()
        assert await pending(bus) == 8

    asyncio.run(scenario())
    texts = [each.event.payload.get("text") for each in bus.events.list(limit=10)]
    assert texts.count("{\"'é%s}") == 3


def test_what_is_refused_leaves_the_transaction_as_it_was(bus, library):
    async def scenario():
        async with library as own:
            await own.execute("CREATE TABLE mine (n int)")
            await bus.emit_async("repo.sync.start", {"n": 1}, id="same", connection=own.lent)
            with pytest.raises(Exception, match="same"):
                await bus.emit_async("repo.sync.start", {"n": 2}, id="same", connection=own.lent)
            await own.execute("INSERT INTO mine VALUES (1)")
            await own.commit()
        assert await pending(bus) == 1

    asyncio.run(scenario())


def test_a_failed_transaction_is_refused(bus, library):
    async def scenario():
        async with library as own:
            with pytest.raises(Exception, match="nothing"):
                await own.execute("SELECT * FROM nothing")
            with pytest.raises(StoreError, match="transaction"):
                await bus.emit_async("repo.sync.start", connection=own.lent)
            await own.rollback()

    asyncio.run(scenario())


def test_a_cancelled_call_is_done_with_the_connection(bus, library):
    """Or its statements would come after the application's rollback, and be committed with what it does next."""

    async def scenario():
        async with library as own:
            for delay in (0, 0.001, 0.002, 0.004, 0.008, 0.016):
                emitting = asyncio.create_task(bus.emit_async("repo.sync.start", connection=own.lent))
                await asyncio.sleep(delay)
                emitting.cancel()
                await asyncio.gather(emitting, return_exceptions=True)
                await own.rollback()
            await own.execute("SELECT 1")
            await own.commit()
        assert await pending(bus) == 0

    asyncio.run(scenario())


def test_the_event_loop_goes_on_while_the_database_waits(bus, dsn, needs):
    import psycopg

    async def scenario():
        turns = 0

        async def turn():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.005)

        with psycopg.connect(dsn) as locking, psycopg.connect(dsn, autocommit=True) as watch:
            locking.execute("LOCK TABLE pulp_event")
            async with Psycopg(dsn) as own:
                turning = asyncio.create_task(turn())
                emitting = asyncio.create_task(bus.emit_async("repo.sync.start", connection=own.lent))
                while watch.execute(WAITING).fetchone() == (0,):
                    assert not emitting.done()
                    await asyncio.sleep(0.005)
                before = turns
                while turns <= before + 10:
                    await asyncio.sleep(0.005)
                assert not emitting.done()
                await asyncio.to_thread(locking.rollback)
                await emitting
                await own.commit()
                turning.cancel()

    asyncio.run(scenario())
    assert bus.outbox.stats().pending == 1


def test_each_kind_has_its_own_call(bus, dsn):
    import psycopg

    async def scenario():
        async with Psycopg(dsn) as own:
            with pytest.raises(StoreError, match="await bus.emit_async"):
                bus.emit("repo.sync.start", connection=own.lent)
        with psycopg.connect(dsn) as connection, pytest.raises(StoreError, match="call emit"):
            await bus.emit_async("repo.sync.start", connection=connection)
        with pytest.raises(StoreError, match="object"):
            await bus.emit_async("repo.sync.start", connection=object())

    asyncio.run(scenario())


def test_asyncpg_outside_a_transaction_is_refused(bus, dsn, needs):
    needs("asyncpg")
    import asyncpg

    async def scenario():
        connection = await asyncpg.connect(dsn)
        with pytest.raises(StoreError, match="begin one"):
            await bus.emit_async("repo.sync.start", connection=connection)
        await connection.close()
        with pytest.raises(StoreError, match="closed"):
            await bus.emit_async("repo.sync.start", connection=connection)

    asyncio.run(scenario())
