"""What metrics and traces cost together: the drain of a process, and `emit`, with both plugins and without.

In turn, each in a process of its own, with an SDK that records everything, or a tenth, and exports to nowhere. The peer
that shows what no plugin could save is a span of the SDK, bare, in the same place. Run it with .venv-extra/bin/python,
which has the plugins and the SDK; elsewhere there are no rows.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

from benchmarks.measure import Child, Row, Sink, folder, rounds, scaled

COUNT = 6000
EMITTED = 1500
ROUNDS = 5
_CODE = "from benchmarks.traced import main; main()"

_NAMES = {
    "all": "both plugins, everything recorded",
    "tenth": "both plugins, a tenth recorded",
    "api": "both plugins, no SDK",
    "same": "the SDK's part of everything recorded",
    "bare": "a bare span of the SDK instead",
}
_EMITTING = {
    "api": "traced without an SDK",
    "tenth": "a tenth recorded",
    "all": "traced and recorded",
    "same": "the SDK's part of that",
    "bare": "a bare span of the SDK",
}
_PEERS = "same", "bare"


class Drained(NamedTuple):
    """What a drain came to."""

    rate: float
    """Deliveries per second, by the clock of the receiver."""
    seconds: float
    """CPU seconds per delivery, of the process that delivers."""
    exported: float
    """Spans per delivery."""


def _drained(sink: Sink, mode: str) -> Drained:
    count = scaled(COUNT) // 20 * 20
    with folder() as place, Child(_CODE, "drain", mode, place / "server.conf", sink.url, count) as child:
        assert child.read() == "stored"
        child.tell("deliver")
        rate = sink.rate(count)
        seconds, exported = child.ask("end")
    return Drained(rate, seconds / count, exported / count)


def _median(of: list[Drained]) -> Drained:
    return Drained(*(statistics.median(values) for values in zip(*of, strict=True)))


def _drains() -> Iterator[Row]:
    found: dict[str, list[Drained]] = {mode: [] for mode in ("none", *_NAMES)}
    with Sink() as sink:
        for _ in range(rounds(ROUNDS)):
            for mode, of in found.items():
                of.append(_drained(sink, mode))
    without = _median(found["none"])
    for mode, name in _NAMES.items():
        drained = _median(found[mode])
        judged = mode not in _PEERS
        ratio = drained.rate / without.rate
        target = "≥ 0.93" if judged else "–"
        ours, peer = f"{drained.rate:.0f}/s", f"{without.rate:.0f}/s"
        yield Row(f"drain, {name} / none", ours, peer, ratio, target, ratio >= 0.93 if judged else None)
        ours, peer = f"{drained.seconds * 1e6:.0f} µs", f"{without.seconds * 1e6:.0f} µs"
        ratio = without.seconds / drained.seconds
        name = f"CPU of a delivery, the same ({drained.exported:.2f} spans)"
        yield Row(name, ours, peer, ratio, target, ratio >= 0.93 if judged else None)


def _emits() -> Iterator[Row]:
    found: dict[str, list[list[list[float]]]] = {mode: [] for mode in _EMITTING}
    for _ in range(rounds(ROUNDS)):
        for mode, of in found.items():
            with folder() as place, Child(_CODE, "emit", mode, place, scaled(EMITTED)) as child:
                of.append(child.read())
    for mode, name in _EMITTING.items():
        for number, what in enumerate(("CPU of emit", "emit, which waits for the disk")):
            before, after = (
                statistics.median(times) for times in zip(*(each[number] for each in found[mode]), strict=True)
            )
            ratio, judged = after / before, mode not in _PEERS
            ours, peer = f"{after * 1e6:.0f} µs", f"{before * 1e6:.0f} µs"
            target = "≤ 1.05" if judged else "–"
            yield Row(f"{what}, {name} / not", ours, peer, ratio, target, ratio <= 1.05 if judged else None)


def run() -> Iterator[Row]:
    """The rows."""
    wanted = "pulp_events_opentelemetry", "pulp_events_prometheus"
    if any(find_spec(name) is None for name in wanted) or find_spec("opentelemetry.sdk") is None:
        return
    yield from _drains()
    yield from _emits()
