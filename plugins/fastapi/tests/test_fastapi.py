"""The bus of a FastAPI application, in its own test client and under uvicorn."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient

from pulp_events import BusClosed, EventBus, EventType, RefusedEvent
from pulp_events.testing import HttpSink
from pulp_events_fastapi import Bus, Events

ORDER = EventType("order.placed", "a customer ordered something")


@pytest.fixture
def options(tmp_path):
    return {"settings": {"events": {"data_dir": str(tmp_path / "data")}}, "event_types": [ORDER]}


def application(events):
    app = FastAPI(lifespan=events.lifespan)

    @app.post("/orders/{item}")
    async def place(item: str, bus: Bus):
        return {"event_id": (await bus.emit_async("order.placed", {"item": item})).id}

    @app.post("/slow/{item}")
    def place_in_a_thread(item: str, bus: Bus):
        return {"event_id": bus.emit("order.placed", {"item": item}).id}

    @app.websocket("/orders")
    async def orders(socket: WebSocket, bus: Bus):
        await socket.accept()
        event = await bus.emit_async("order.placed", {"item": await socket.receive_text()})
        await socket.send_text(event.id)
        await socket.close()

    return app


def test_the_bus_opens_and_closes_with_the_application(options):
    with HttpSink() as sink:
        app = application(Events(**options))
        with TestClient(app) as client:
            bus = app.state.pulp_events_bus
            bus.listeners.create("http", {"url": sink.url}, ["order.placed"])
            ids = [client.post(path).json()["event_id"] for path in ("/orders/lamp", "/slow/chair")]
            with client.websocket_connect("/orders") as socket:
                socket.send_text("table")
                ids.append(socket.receive_text())
            for each in ids:
                [delivery] = bus.wait(each, 30)
                assert delivery.state == "delivered"
        items = {json.loads(request.body)["payload"]["item"] for request in sink.requests}
        assert items == {"lamp", "chair", "table"}
        with pytest.raises(BusClosed):
            bus.emit("order.placed")
        with TestClient(app) as client:
            assert client.post("/orders/lamp").status_code == 200, "it can be started again"


def test_the_bus_is_open_within_the_applications_own_lifespan(options):
    seen = []

    @asynccontextmanager
    async def own(app):
        await app.state.pulp_events_bus.emit_async("order.placed")
        yield {"greeting": "hello"}
        await app.state.pulp_events_bus.emit_async("order.placed")
        seen.append("ended")

    app = FastAPI(lifespan=Events(within=own, **options).lifespan)
    with TestClient(app) as client:
        assert client.app_state["greeting"] == "hello"
    assert seen == ["ended"]


def test_without_a_lifespan_it_says_what_is_missing():
    client = TestClient(application(Events()))
    with pytest.raises(RuntimeError, match="lifespan=Events"):
        client.post("/orders/lamp")


def test_settings_that_are_wrong_keep_the_application_from_starting(options):
    events = Events(**{**options, "settings": {"delivery": {"lanes": "many"}}})
    with pytest.raises(Exception, match="lanes"), TestClient(application(events)):
        pass


def test_what_open_takes_is_taken_such_as_what_becomes_of_an_event_that_cannot_be_emitted(options):
    app = application(Events(**options, on_error="log", encode=lambda value: [*value]))
    with TestClient(app):
        bus = app.state.pulp_events_bus
        assert isinstance(bus.emit("no.such"), RefusedEvent) and bus.refused == {"UnknownEventType": 1}
        assert bus.emit("order.placed", {"item": range(2)}).payload["item"] == [0, 1]


APP = """
from fastapi import FastAPI
from pulp_events import EventType
from pulp_events_fastapi import Bus, Events

events = Events(event_types=[EventType("order.placed", "a customer ordered")], settings=%r, deliver=%r)
app = FastAPI(lifespan=events.lifespan)

@app.post("/orders/{item}")
async def place(item: str, bus: Bus):
    return {"event_id": (await bus.emit_async("order.placed", {"item": item})).id}
"""


@pytest.fixture
def settings(tmp_path):
    """With a short lease: what a process had under way that was killed is free once that ends."""
    return {"events": {"data_dir": str(tmp_path / "data")}, "delivery": {"lease": "5s"}}


@pytest.fixture
def serve(tmp_path, settings, free_port):
    """A function that starts uvicorn with this application; it is killed at the end."""
    running = []

    def start(deliver):
        (tmp_path / "shop.py").write_text(textwrap.dedent(APP) % (settings, deliver))
        command = [sys.executable, "-m", "uvicorn", "shop:app", "--port", str(free_port), "--app-dir", str(tmp_path)]
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        running.append(process)
        client = httpx.Client(base_url=f"http://127.0.0.1:{free_port}", timeout=60)
        deadline = time.monotonic() + 60
        while True:
            try:
                client.get("/")
                return process, client
            except httpx.TransportError:
                assert process.poll() is None and time.monotonic() < deadline, "uvicorn does not start"
                time.sleep(0.05)

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_each_acknowledged_event_is_delivered_whenever_uvicorn_ends(serve, settings, how):
    with HttpSink() as sink:
        with EventBus.open(settings=settings, deliver="external") as bus:
            bus.event_types.register(ORDER)
            bus.listeners.create("http", {"url": sink.url}, ["order.placed"])
        process, client = serve("background")
        acknowledged = [client.post(f"/orders/{n}").json()["event_id"] for n in range(50)]
        os.kill(process.pid, how)
        process.wait(60)
        with EventBus.open(settings=settings) as bus:
            for each in acknowledged:
                [delivery] = bus.wait(each, 60)
                assert delivery.state == "delivered"
        assert {json.loads(request.body)["payload"]["item"] for request in sink.requests} == {str(n) for n in range(50)}
