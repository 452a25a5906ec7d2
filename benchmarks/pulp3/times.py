"""How long a sync of three files takes, from its request to its end: four servers, in turn, in changing order."""

from __future__ import annotations

import contextlib
import random
import statistics
from collections.abc import Iterator

from benchmarks.measure import Row, scaled
from benchmarks.pulp3.bootstrap import interval
from benchmarks.pulp3.servers import WITHOUT, frozen_at_forks, missing, subject

SYNCS = 50
MOST_RATIO, MOST_MORE = 1.03, 0.030
"""Either is enough; the second in seconds."""


def run() -> Iterator[Row]:
    """The rows."""
    if (reason := missing()) is not None:
        yield reason
        return
    from pulp_events.testing import HttpSink

    dice = random.Random(1)
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(HttpSink())
        with frozen_at_forks():
            subjects = [stack.enter_context(subject("frozen", **WITHOUT))]
        subjects.append(stack.enter_context(subject("without", **WITHOUT)))
        subjects.append(stack.enter_context(subject("silent")))
        subjects.append(heard := stack.enter_context(subject("heard", deliver=True)))
        heard.pulp.pulp_admin("listener", "http", "create", "--event-type=*", f"--url={sink.url}")
        taken: dict[str, list[float]] = {each.name: [] for each in subjects}
        for each in subjects:
            each.sync()
        for _ in range(scaled(SYNCS)):
            dice.shuffle(subjects)
            for each in subjects:
                taken[each.name].append(each.sync())
        if not sink.wait_for(scaled(SYNCS), timeout=60):
            raise RuntimeError("nothing arrived")
    for name, what in (
        ("silent", "nobody listens"),
        ("heard", "one webhook listener of all events, its worker beside"),
    ):
        yield _row(f"{what}; without the plugin", list(zip(taken[name], taken["without"], strict=True)), judged=True)
        peer = "without the plugin, but with `gc.freeze` before a fork as the plugin has it"
        yield _row(f"{what}; {peer}", list(zip(taken[name], taken["frozen"], strict=True)), judged=False)


def _row(what: str, pairs: list[tuple[float, float]], judged: bool) -> Row:
    ratio, low, high = interval(pairs, lambda ours, peer: ours / peer)
    more, least, most = interval(pairs, lambda ours, peer: (ours - peer) * 1000)
    ours, peer = (statistics.median(each[place] for each in pairs) * 1000 for place in (0, 1))
    target = f"≤ {MOST_RATIO} or {MOST_MORE * 1000:.0f} ms more" if judged else "–"
    return Row(
        f"a sync of 3 files, median of {len(pairs)}, {what} "
        f"(95 %: {low:.2f} to {high:.2f}; {more:+.0f} ms, {least:+.0f} to {most:+.0f})",
        f"{ours:.0f} ms", f"{peer:.0f} ms", ratio, target,
        ratio <= MOST_RATIO or more <= MOST_MORE * 1000 if judged else None,
    )  # fmt: skip
