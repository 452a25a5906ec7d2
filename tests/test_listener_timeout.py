"""`--timeout` of a listener bounds an attempt of each notifier that has such a setting, whatever its section says."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import Answer, HttpSink

CONFIGS = {
    "http": lambda port: {"url": f"http://127.0.0.1:{port}/"},
    "email": lambda port: {"subject": "s", "addresses": ["a@b.example"]},
    "amqp": lambda port: {},
}


@pytest.fixture
def silent():
    """The port of a server that takes connections and says nothing."""
    taken = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                taken.append(listening.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    for each in taken:
        each.close()


@pytest.fixture
def open_bus(tmp_path):
    def opened(text):
        (tmp_path / "server.conf").write_text(f"[events]\ndata_dir = {tmp_path}/data\n{text}")
        (tmp_path / "server.conf").chmod(0o600)
        return EventBus.open(tmp_path / "server.conf", deliver="external")

    return opened


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_server_that_says_nothing_is_left_after_the_listener_s_own_time(open_bus, silent, kind):
    sections = {
        "http": "timeout = 30s",
        "email": f"enabled = true\nhost = 127.0.0.1\nport = {silent}\ntimeout = 30s",
        "messaging": f"url = amqp://127.0.0.1:{silent}\ntimeout = 30s",
    }
    with open_bus("".join(f"[{name}]\n{text}\n" for name, text in sections.items())) as bus:
        listener = bus.listeners.create(kind, CONFIGS[kind](silent), ["*"], timeout=0.3)
        [trial] = bus.test_listener(listener.id)
    assert trial.outcome == "timeout"
    assert kind == "amqp" or "no answer within 300ms" in trial.detail
    assert trial.duration < 25, "the section says 30 seconds"


def test_it_may_be_longer_than_the_setting(open_bus):
    answers = {"/short": Answer(fault="hang"), "/longer": Answer(delay=0.5)}
    with HttpSink(lambda request: answers[request.path]) as sink, open_bus("[http]\ntimeout = 100ms\n") as bus:
        short = bus.listeners.create("http", {"url": f"{sink.url}/short"}, ["*"])
        longer = bus.listeners.create("http", {"url": f"{sink.url}/longer"}, ["*"], timeout=60)
        assert [each.outcome for each in bus.test_listener(short.id)] == ["timeout"]
        assert [each.outcome for each in bus.test_listener(longer.id)] == ["delivered"]
