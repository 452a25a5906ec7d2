"""What the measurements share: rows of the table, rounds in turn, helper processes."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROUNDS = 5
_scale = 1.0


def set_scale(scale: float) -> None:
    """Let `scaled` answer this part of each size."""
    global _scale
    _scale = scale


def scaled(size: int) -> int:
    """A size, or the part of it that `--scale` says: enough to see that a row works, too little to judge it."""
    return max(4, round(size * _scale))


def rounds(count: int) -> int:
    """How often to measure in turn; once where sizes are scaled."""
    return count if _scale == 1.0 else 1


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    peer: str
    ratio: float | None
    target: str
    holds: bool | None
    """None where the target asks for something that this machine cannot show."""

    def line(self) -> str:
        """As a row of a Markdown table."""
        ratio = "–" if self.ratio is None else f"{self.ratio:.2f}"
        verdict = {True: "yes", False: "NO", None: "–"}[self.holds]
        return f"| {self.what} | {self.ours} | {self.peer} | {ratio} | {self.target} | {verdict} |"


HEADER = "| what | ours | peer | ratio | target | holds |\n|---|---|---|---|---|---|"


def in_turn(*measurements: Callable[[], float], rounds: int = ROUNDS) -> list[float]:
    """Run the measurements in turn, several rounds; the median of each."""
    found: list[list[float]] = [[] for _ in measurements]
    for _ in range(rounds):
        for values, measure in zip(found, measurements, strict=True):
            values.append(measure())
    return [statistics.median(values) for values in found]


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder with a server.conf whose data folder is in it."""
    with tempfile.TemporaryDirectory(prefix="pulp-events-bench-") as name:
        path = Path(name)
        (path / "server.conf").write_text(f"[events]\ndata_dir = {path / 'data'}\n")
        yield path


class Child:
    """A Python process that runs `code`, and answers each line written to it with a line of JSON."""

    def __init__(self, code: str, *arguments: Any, environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip

    def read(self) -> Any:
        """The next line."""
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise RuntimeError(f"the child process ended with {self.process.wait()}")
        return json.loads(line)

    def tell(self, line: str) -> None:
        """Write a line that has no answer."""
        self.process.stdin.write(f"{line}\n")  # type: ignore[union-attr]

    def ask(self, line: str) -> Any:
        """Write a line, return the answer."""
        self.tell(line)
        return self.read()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


SINK = """
    import json, sys
    from pulp_events.testing.http_sink import Answer, HttpSink
    delay = float(sys.argv[1])
    with HttpSink(Answer(delay=delay)) as sink:
        print(json.dumps(sink.url), flush=True)
        for line in sys.stdin:
            count = int(line)
            sink.wait_for(count, timeout=120)
            times = [request.time for request in sink.requests]
            sink.clear()
            print(json.dumps((count - 1) / (times[count - 1] - times[0])), flush=True)
"""


class Sink(Child):
    """An HTTP server in a process of its own. `rate(n)` waits for n requests and tells how many came per second."""

    def __init__(self, delay: float = 0.0) -> None:
        super().__init__(SINK, delay)
        self.url: str = self.read()

    def rate(self, count: int) -> float:
        """Requests per second, by the clock of the receiver."""
        return float(self.ask(str(count)))
