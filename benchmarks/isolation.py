"""What hanging endpoints cost the healthy ones, and what waiting costs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.measure import Row, folder, in_turn
from benchmarks.throughput import WORKER
from pulp_events import EventBus
from pulp_events.testing.http_sink import Answer, HttpSink, Request

EVENTS = 20


def latency(hanging: int, total: int = 100) -> float:
    """95th percentile of the time from emit to arrival at the healthy endpoints, in seconds."""

    def answer(request: Request) -> Answer:
        return Answer(fault="hang") if request.path.startswith("/hang") else Answer()

    with folder() as place, HttpSink(answer) as sink:
        with EventBus.open(place / "server.conf", deliver="process") as bus:
            for number in range(total):
                kind = "hang" if number < hanging else "ok"
                bus.listeners.create("http", {"url": f"{sink.url}/{kind}-{number}"}, ["repo.sync.start"])
            bus.emit("repo.sync.start", {})
            time.sleep(2.0)
            emitted = {}
            for _ in range(EVENTS):
                event = bus.emit("repo.sync.start", {})
                emitted[event.id] = event.time.timestamp()
                time.sleep(0.25)
            time.sleep(1.0)
            found = [
                request.time - emitted[request.headers["pulp-event-id"]]
                for request in sink.requests
                if request.path.startswith("/ok") and request.headers["pulp-event-id"] in emitted
            ]
            assert len(found) == EVENTS * (total - hanging), len(found)
            bus.close(0.1, drain=False)
    return sorted(found)[int(len(found) * 0.95)]


def idle() -> tuple[float, float]:
    """Of a worker with nothing to do: its share of a CPU, and the p95 until another process's event starts."""
    with folder() as place, HttpSink() as sink:
        with EventBus.open(place / "server.conf", deliver="external") as bus:
            bus.listeners.create("http", {"url": sink.url}, ["*"])
            environment = {**os.environ, "PULP_EVENTS_CONFIG": str(place / "server.conf")}
            worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
            try:
                bus.emit("repo.sync.start", {})
                sink.wait_for(1, 30)
                time.sleep(2)
                before = cpu(worker.pid)
                time.sleep(10)
                share = (cpu(worker.pid) - before) / 10
                delays = []
                for n in range(60):
                    time.sleep(0.7 + n % 7 * 0.01)  # longer than a lane lingers
                    event = bus.emit("repo.sync.start", {})
                    request = sink.wait_for(n + 2, 10)[-1]
                    delays.append(request.time - event.time.timestamp())
            finally:
                worker.terminate()
                worker.wait()
    return share, sorted(delays)[int(len(delays) * 0.95)]


def cpu(pid: int) -> float:
    """Seconds of a processor that the process has used."""
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run() -> Iterator[Row]:
    """The rows."""
    # The same number of healthy endpoints in both, so that the machine has the same work.
    mine, theirs = in_turn(lambda: latency(20, 100), lambda: latency(0, 80), rounds=3)
    what = "100 endpoints of which 20 hang, p95 of the healthy ones; 80 healthy endpoints alone"
    ratio = mine / theirs
    yield Row(what, f"{mine * 1000:.0f} ms", f"{theirs * 1000:.0f} ms", ratio, "≤ 1.5", ratio <= 1.5)
    measured = [idle() for _ in range(3)]
    share = statistics.median(one[0] for one in measured)
    delay = statistics.median(one[1] for one in measured)
    yield Row("idle worker, share of one CPU", f"{share:.2%}", "", None, "< 0.5 %", share < 0.005)
    yield Row("another process's event starts after, p95", f"{delay * 1000:.0f} ms", "", None, "≤ 50 ms", delay <= 0.05)
