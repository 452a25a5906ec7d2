"""`OnLoop`: a connection of asyncio's, used from a thread while the coroutine that has it waits."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from pulp_events.borrowed.driver import is_asynchronous, named
from pulp_events.errors import StoreError

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class OnLoop:
    """What a store is given as `connection` by `emit_async`: it makes its statements coroutines, and waits for each.

    It is called in a thread other than the event loop's. Nobody else uses the connection meanwhile.
    """

    def __init__(self, connection: Any, loop: asyncio.AbstractEventLoop) -> None:
        """`connection`: the driver's own, such as psycopg's AsyncConnection."""
        self.connection = connection
        self._loop = loop

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of the coroutine, which is run in the event loop."""
        import asyncio  # which takes long, and is there already

        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


async def lend(connection: Any) -> OnLoop:
    """The driver's connection within an SQLAlchemy AsyncSession or AsyncConnection, or the one that is given; begins
    SQLAlchemy's transaction if there is none, as its first statement would.

    Raises StoreError for a connection that is not of asyncio's.
    """
    if not is_asynchronous(connection):
        raise StoreError(
            f"connection is of type {named(connection)}, which would keep the event loop waiting; give emit_async "
            "one of asyncio's, or call emit"
        )
    import asyncio

    found = connection
    if hasattr(found, "sync_session"):
        found = await found.connection()  # AsyncSession → AsyncConnection
    if callable(getattr(found, "get_raw_connection", None)):
        if not found.in_transaction():
            await found.begin()
        driver = (await found.get_raw_connection()).driver_connection
        is_begun = getattr(driver, "is_in_transaction", None)
        if is_begun is not None and not is_begun():  # for asyncpg, SQLAlchemy begins with the first statement
            await found.exec_driver_sql("SELECT 1")
        found = driver
    return OnLoop(found, asyncio.get_running_loop())
