"""Processes that send: ours on a stored backlog, and bare clients that send as much to the same endpoints."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.many_listeners.async_notifier import plugins
from benchmarks.many_listeners.sink import ManySink
from benchmarks.measure import Child
from pulp_events import EventBus
from pulp_events.settings.sections import DeliverySettings

PAYLOAD = {"repo_id": "pulp2", "padding": "x" * 600}
HAS_CONCURRENCY = "concurrency" in DeliverySettings().fields

# Answers each line with the processor time in seconds and the peak memory in MB that sending took.
USAGE = """
    import json, os, resource, sys, time
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    def usage(began):
        status = open("/proc/self/status").read()
        return json.dumps([time.process_time() - began, int(status.partition("VmHWM:")[2].split()[0]) / 1024])
"""

OURS = """
    import aiohttp, asyncio
    from benchmarks.many_listeners.async_notifier import plugins
    from pulp_events import EventBus
    # As the peers have imported theirs: what is measured begins afterwards.
    import pulp_events.bus.event_bus, pulp_events.dispatcher.assembly, pulp_events_http.channel
    import pulp_events.outbox.sqlite.sqlite_outbox, pulp_events.listeners.tinydb_store
    known = plugins()
    print("null", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    bus = EventBus.open(sys.argv[1], plugins=known)
    sys.stdin.readline()
    bus.close(10.0, drain=False)
    print(usage(began), flush=True)
"""

POOL = """
    import itertools, requests
    from concurrent.futures import ThreadPoolExecutor
    urls, rounds, threads = json.load(open(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    body, headers = b"x" * 680, {"Content-Type": "application/json"}
    def send(url):
        session = sessions.get(url)
        if session is None:
            session = sessions[url] = requests.Session()
        for _ in range(rounds):
            session.post(url, data=body, headers=headers, timeout=30).raise_for_status()
    print("null", flush=True)
    sys.stdin.readline()
    began, sessions = time.process_time(), {}
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, urls))
    sys.stdin.readline()
    print(usage(began), flush=True)
"""

AIOHTTP = """
    import asyncio, aiohttp
    urls, rounds, limit = json.load(open(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    body, headers = b"x" * 680, {"Content-Type": "application/json"}
    async def main():
        gate = asyncio.Semaphore(limit)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            async def send(url):
                async with gate:
                    for _ in range(rounds):
                        async with session.post(url, data=body, headers=headers) as response:
                            await response.read()
                            response.raise_for_status()
            await asyncio.gather(*map(send, urls))
    print("null", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    asyncio.run(main())
    sys.stdin.readline()
    print(usage(began), flush=True)
"""


@dataclass(frozen=True)
class Measured:
    """What sending so many requests took."""

    rate: float
    """A second, by the clock of the receiver, until the last was answered."""
    cpu: float
    """Seconds of a processor for each."""
    memory: float
    """Peak of the process, in MB."""


def ours(
    sink: ManySink, urls: Sequence[str], rounds: int, concurrency: int | None, kind: str = "http", **config: Any
) -> Measured:
    """A process that drains a stored backlog: `rounds` events for a listener at each URL.

    `concurrency`: `[delivery] concurrency`; None is its default. `config`: more keys of each listener's configuration.
    """
    with place(concurrency) as conf:
        with EventBus.open(conf, deliver="external", plugins=plugins()) as bus:
            create(bus, urls, kind, **config)
            bus.emit_many([("repo.sync.start", PAYLOAD)] * rounds)
        return _run(sink, OURS, len(urls) * rounds, conf)


def pool(sink: ManySink, urls: Sequence[str], rounds: int, threads: int) -> Measured:
    """A bare `requests` session for each URL, in a pool of threads."""
    return _bare(sink, POOL, urls, rounds, threads)


def bare_aiohttp(sink: ManySink, urls: Sequence[str], rounds: int, limit: int) -> Measured:
    """One bare aiohttp session, so many requests at once."""
    return _bare(sink, AIOHTTP, urls, rounds, limit)


@contextmanager
def place(concurrency: int | None = None) -> Iterator[Path]:
    """A server.conf in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="pulp-events-bench-") as name:
        more = "" if concurrency is None or not HAS_CONCURRENCY else f"[delivery]\nconcurrency = {concurrency}\n"
        conf = Path(name) / "server.conf"
        conf.write_text(f"[events]\ndata_dir = {name}/data\n{more}")
        yield conf


def create(bus: EventBus, urls: Sequence[str], kind: str = "http", **config: Any) -> list[str]:
    """A listener at each URL; returns their ids."""
    with bus.listeners.together() as several:
        return [several.create(kind, {"url": url, **config}, ["repo.#"]).id for url in urls]


def write(file: IO[str], urls: Sequence[str]) -> None:
    """Put the URLs where a child finds them: they are too many for its arguments."""
    json.dump(list(urls), file)
    file.flush()


def measure(sink: ManySink, child: Child, count: int) -> Measured:
    """Let a child that waits for a line send, and measure it."""
    child.read()
    child.tell("go")
    took = sink.took(count)
    cpu, memory = child.ask("end")
    sink.clear()
    return Measured(count / took, cpu / count, memory)


def _bare(sink: ManySink, code: str, urls: Sequence[str], rounds: int, width: int) -> Measured:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        write(file, urls)
        return _run(sink, code, len(urls) * rounds, file.name, rounds, width)


def _run(sink: ManySink, code: str, count: int, *arguments: Any) -> Measured:
    with Child(USAGE + code, *arguments) as child:
        return measure(sink, child, count)
