"""Deliveries per second over HTTP, against the bare library."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Child, Row, Sink, folder, in_turn
from pulp_events import EventBus

COUNT = 3000
PAYLOAD = {"repo_id": "pulp2", "padding": "x" * 600}
WORKER = "import sys; from pulp_events import EventBus; from pulp_events.worker.worker import Worker; " \
    "sys.exit(Worker(EventBus.open).run())"  # fmt: skip

BARE = """
    import json, sys, requests
    from pulp_events.events.event import Event
    url, count, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    body, headers = b"x" * 680, {"Content-Type": "application/json"}
    session = requests.Session()
    prepared = session.prepare_request(requests.Request("POST", url, data=body, headers=headers))
    for line in sys.stdin:
        for _ in range(count):
            if how == "session":
                session.send(prepared, timeout=15).raise_for_status()
            else:
                requests.post(url, data=body, headers=headers, timeout=15).raise_for_status()
        print(json.dumps(0), flush=True)
"""


def drained(sink: Sink, workers: int = 1, count: int = COUNT, listeners: int = 1, lanes: int | None = None) -> float:
    """Deliveries per second of workers that find a stored backlog."""
    with folder() as place:
        with EventBus.open(place / "server.conf", deliver="external") as bus:
            for _ in range(listeners):
                bus.listeners.create("http", {"url": sink.url}, ["repo.#"], lanes=lanes)
            bus.emit_many([("repo.sync.start", PAYLOAD)] * (count // listeners))
        environment = {**os.environ, "PULP_EVENTS_CONFIG": str(place / "server.conf")}
        running = [subprocess.Popen([sys.executable, "-c", WORKER], env=environment) for _ in range(workers)]
        try:
            return sink.rate(count)
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()


def emitted(sink: Sink, beside: bool) -> float:
    """Events per second from emit to the receiver: in one process, or with a worker beside it."""
    with folder() as place:
        config = place / "server.conf"
        with EventBus.open(config, deliver="external") as bus:
            bus.listeners.create("http", {"url": sink.url}, ["repo.#"])
        code = """
            import json, sys
            from pulp_events import EventBus
            bus = EventBus.open(sys.argv[1], deliver=sys.argv[2])
            payload = {"repo_id": "pulp2", "padding": "x" * 600}
            print(json.dumps(0), flush=True)
            sys.stdin.readline()
            for _ in range(int(sys.argv[3])):
                bus.emit("repo.sync.start", payload)
            print(json.dumps(0), flush=True)
            sys.stdin.readline()
        """
        with Child(code, config, "process" if beside else "background", COUNT) as child:
            child.read()
            child.ask("go")
            return sink.rate(COUNT)


def run() -> Iterator[Row]:
    """The rows."""
    with (
        Sink() as sink,
        Child(BARE, sink.url, COUNT, "session") as session,
        Child(BARE, sink.url, COUNT // 5, "post") as post,
    ):

        def bare() -> float:
            session.ask("go")
            return sink.rate(COUNT)

        def by_hand() -> float:
            post.ask("go")
            return sink.rate(COUNT // 5)

        backlog, peer, hand, one, two = in_turn(
            lambda: drained(sink), bare, by_hand, lambda: emitted(sink, False), lambda: emitted(sink, True)
        )
        yield _row("drain a stored backlog, one worker, one listener; bare Session.send", backlog, peer, 0.85)
        yield _row("the same; requests.post for each event", backlog, hand, 3.0)
        yield _row("emit → stored → POST → recorded, one process; bare Session.send", one, peer, 0.6)
        yield _row('the same, deliver="process"; bare Session.send', two, peer, 0.85)
    with Sink(delay=0.003) as slow:
        both, alone = in_turn(
            lambda: drained(slow, 2, 1200, listeners=2, lanes=1), lambda: drained(slow, 1, 600, lanes=1)
        )
        yield _row("2 workers against 1, endpoint answers after 3 ms, a lane each", both, alone, 1.8)


def _row(what: str, ours: float, peer: float, target: float) -> Row:
    return Row(what, f"{ours:.0f}/s", f"{peer:.0f}/s", ours / peer, f"≥ {target}", ours / peer >= target)
