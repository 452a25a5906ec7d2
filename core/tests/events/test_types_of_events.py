"""mypy --strict sees what applications write: what is right passes, and each marked line is an error."""

import re
import subprocess
import sys

import pytest

APPLICATION = """
import asyncio
import sqlite3
import aiosqlite
from dataclasses import dataclass
from datetime import datetime

from marshmallow import Schema
from pydantic import BaseModel
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from pulp_events import Channel, Config, Delivery, Event, EventBus, EventModel, EventType, Notifier
from pulp_events.testing import record_events


@dataclass(frozen=True)
class OrderCreated(EventModel, event_type="order.created", version="1"):
    id: int
    note: str | None = None


class OrderPaid(EventModel, BaseModel, event_type="order.paid"):
    id: int


class RefundSchema(Schema):
    pass


@dataclass
class OrderRefunded(EventModel, event_type="order.refunded", schema=RefundSchema, description="Money went back."):
    id: int


def encode(value: object) -> object:
    raise TypeError


bus = EventBus.open(deliver="external", event_types=[OrderCreated, OrderPaid, EventType("a.b", "A.")], encode=encode)
EventBus.open(deliver="extern")  # E: incompatible type
EventBus.open(event_types=[int])  # E: List item 0 has incompatible type
bus.event_types.register(OrderRefunded, EventType("a.c", "A."))
bus.event_types.register(OrderCreated(id=1))  # E: incompatible type

event: Event = bus.emit(OrderCreated(id=7))
bus.emit(OrderCreated(7, "note"), call_report={"state": "done"}, id="one", expires=60)
bus.emit(OrderPaid(id=7))
bus.emit(OrderRefunded(id=7))
bus.emit(OrderCreated(id="x"))  # E: Argument "id" to "OrderCreated" has incompatible type "str"
bus.emit(OrderCreated())  # E: Missing positional argument "id"
bus.emit(OrderCreated(id=7, nte="x"))  # E: Unexpected keyword argument "nte"
bus.emit(OrderPaid(id="x"))  # E: Argument "id" to "OrderPaid" has incompatible type "str"
bus.emit(OrderCreated)  # E: No overload variant
bus.emit(OrderCreated(id=7), {"id": 7})  # E: No overload variant
bus.emit(7)  # E: No overload variant

bus.emit("order.created", {"id": 7}, {"state": "done"})
bus.emit("order.created", lambda: {"id": 7})
bus.emit("order.created", OrderPaid(id=7))
bus.emit("order.created", [7])  # E: No overload variant

bus.emit_many([OrderCreated(id=7), (OrderPaid(id=7), None, {"state": "done"}), ("order.created", {"id": 7})])
bus.emit_many([7])  # E: List item 0 has incompatible type

database = sqlite3.connect("application.sqlite")
bus.emit(OrderCreated(id=7), connection=database)
bus.emit("order.created", connection="application.sqlite")  # E: No overload variant
bus.listeners.create("http", {}, ["*"], connection=database)
bus.listeners.delete("name", connection=1)  # E: incompatible type


def in_session(session: Session, lower: Connection) -> None:
    bus.emit(OrderCreated(id=7), connection=session)
    bus.emit("order.created", {"id": 7}, connection=lower)


async def on_loop(session: AsyncSession, lower: AsyncConnection, lowest: aiosqlite.Connection) -> None:
    await bus.emit_async(OrderCreated(id=7), connection=session)
    await bus.emit_async("order.created", {"id": 7}, connection=lower)
    await bus.emit_many_async([OrderCreated(id=7)], connection=lowest)
    await bus.emit_async(OrderCreated(id=7), connection=7)  # E: No overload variant
    await bus.emit_async(OrderCreated(id=7), connection=database)  # E: No overload variant
    await bus.emit_many_async([OrderCreated(id=7)], connection=database)  # E: incompatible type
    bus.emit(OrderCreated(id=7), connection=session)  # E: No overload variant
    bus.emit("order.created", {"id": 7}, connection=lower)  # E: No overload variant
    bus.emit_many([OrderCreated(id=7)], connection=lowest)  # E: incompatible type
    bus.listeners.create("http", {}, ["*"], connection=session)  # E: incompatible type


async def order() -> datetime:
    await bus.emit_async(OrderCreated(id="x"))  # E: Argument "id" to "OrderCreated" has incompatible type "str"
    await bus.emit_async("order.created", {"id": 7})
    return (await bus.emit_async(OrderCreated(id=7))).time


class Plain(Notifier):
    def deliver(self, event: Event, config: Config) -> None:
        pass


class Awaited(Notifier):
    async def deliver(self, event: Event, config: Config) -> None:
        pass


class AwaitedChannel(Channel):
    async def open(self) -> None:
        pass

    async def send(self, delivery: Delivery) -> None:
        pass

    async def close(self) -> None:
        pass


class Wrong(Channel):
    def send(self, delivery: Delivery) -> int:  # E: Return type "int" of "send" incompatible with return type
        return 1


asyncio.run(order())
with record_events() as events:
    assert events.emitted("order.created", order_id=7)
    payload = events.one("order.created").payload["id"]
    deliveries = [each.listener_id for each in events[0].deliveries]
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_mypy_finds_each_mistake_and_nothing_else(tmp_path):
    (tmp_path / "application.py").write_text(APPLICATION)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-pretty", "application.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    found = {}
    for line, text in re.findall(r"^application\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE):
        found.setdefault(int(line), []).append(text)
    expected = {
        number: marked[1]
        for number, line in enumerate(APPLICATION.splitlines(), 1)
        if (marked := re.search(r"# E: (.*)$", line))
    }
    assert sorted(found) == sorted(expected), done.stdout
    for number, text in expected.items():
        assert any(text in each for each in found[number]), (number, found[number])
