"""A reading as metric families of prometheus_client. The names are the contract: dashboard and rules use them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from pulp_events.outbox.histogram import BUCKETS_PER_OCTAVE
from pulp_events.outbox.states import Outcome, State
from pulp_events_prometheus.listeners import OTHER, Labels
from pulp_events_prometheus.words import ATTEMPT, DELAY, DISCARDED, ENDED, SECONDS, Counts

if TYPE_CHECKING:
    from pulp_events_prometheus.reading import Reading

PREFIX = "pulp_events_"
SHORTEST, LONGEST = -10, 20
"""Limits of buckets are powers of two, from 2**-10 (about 1 ms) to 2**20 seconds (12 days): the store's buckets have
four to an octave, so that nothing is counted twice or between two."""
_LISTENER = ("notifier", "listener")

GAUGES = {
    "pending_deliveries": ("listener_pending_deliveries", "Deliveries that wait or are under way."),
    "in_flight_deliveries": ("listener_in_flight_deliveries", "Deliveries that are being attempted."),
    "dead_deliveries": ("listener_dead_deliveries", "Dead deliveries that are kept."),
    "lately_dead": ("listener_lately_dead_deliveries", "Deliveries that were given up in the last 15 minutes."),
    "oldest": ("listener_oldest_pending_seconds", "Age of the oldest event with a pending delivery; 0: there is none."),
    "failures": ("listener_consecutive_failures", "Failures since the last success."),
    "failing": (
        "listener_failing_seconds",
        "Time since the first failure after the last success; 0: it succeeds, or is muted or disabled.",
    ),
    "fails": ("listener_failing", "1 while it has failed three times or more, for ten minutes or more."),
    "circuits": ("listener_circuit_open", "1 while the listener is left alone because its endpoint does not answer."),
    "muted": ("listener_muted", "1 while the listener is muted."),
    "disabled": ("listener_disabled", "1 while the listener is disabled."),
    "lanes": ("listener_lanes", "Deliveries that may be attempted at the same time."),
}
"""Field of `Gauges` → its name and help. Of `other` they are sums, and the age of the oldest: what is said of one
listener by two of them, such as that it has failed often and for long, is not said of `other` by the same two."""


def of_reading(reading: Reading) -> Iterator[Metric]:
    """All families of a reading."""
    yield from _counters(reading)
    yield from _histograms(reading)
    yield from _gauges_of_listeners(reading)
    yield from _gauges(reading)


def _counters(reading: Reading) -> Iterator[Metric]:
    emitted = CounterMetricFamily(PREFIX + "emitted", "Events emitted, by type.", labels=["event_type"])
    for event_type, count in sorted(reading.emitted.items()):
        emitted.add_metric([event_type], count)
    yield emitted
    attempts = CounterMetricFamily(
        PREFIX + "attempts", "Attempts to deliver, by how they ended.", labels=[*_LISTENER, "outcome"]
    )
    ended = CounterMetricFamily(
        PREFIX + "deliveries", "Deliveries that ended: delivered, dead, or discarded without an attempt.",
        labels=[*_LISTENER, "outcome"],
    )  # fmt: skip
    for labels, counts in _told(reading):
        # Each from the beginning, with 0: an increase from nothing is none to Prometheus.
        for outcome in Outcome:
            attempts.add_metric([labels.notifier, labels.listener, outcome], counts.get(ATTEMPT + outcome, 0))
        for end in (State.DELIVERED, State.DEAD, DISCARDED):
            ended.add_metric([labels.notifier, labels.listener, end], counts.get(ENDED + end, 0))
    yield attempts
    yield ended


def _told(reading: Reading) -> Iterator[tuple[Labels, Counts]]:
    sums = reading.sums
    for listener_id, member in sums.members.items():
        if member.named and listener_id in reading.labels:
            yield reading.labels[listener_id], sums.listeners.get(listener_id, {})
    for notifier in sorted({each.notifier for each in sums.members.values() if not each.named} | {*sums.others}):
        yield Labels(notifier, OTHER), sums.others.get(notifier, {})


def _histograms(reading: Reading) -> Iterator[Metric]:
    for beginning, name, text in (
        (SECONDS, "attempt_duration_seconds", "How long attempts took. The sum is an estimate, off by at most 9.1 %."),
        (DELAY, "delivery_delay_seconds", "Time from emit to delivered. The sum is an estimate, off by at most 9.1 %."),
    ):
        family = HistogramMetricFamily(PREFIX + name, text, labels=["notifier"])
        for notifier, counts in sorted(reading.sums.types.items()):
            buckets = {int(word[len(beginning) :]): n for word, n in counts.items() if word.startswith(beginning)}
            family.add_metric([notifier], *_buckets(buckets))
        yield family


def _buckets(counts: Mapping[int, int]) -> tuple[list[tuple[str, float]], float]:
    """Cumulative buckets, and an estimate of the sum."""
    octaves: Counter[int] = Counter()
    for bucket, count in counts.items():
        octaves[min(max(-(-bucket // BUCKETS_PER_OCTAVE), SHORTEST), LONGEST + 1)] += count
    sums = accumulate(octaves[octave] for octave in range(SHORTEST, LONGEST + 2))
    limits = [*(repr(2.0**octave) for octave in range(SHORTEST, LONGEST + 1)), "+Inf"]
    total = sum(count * 2.0 ** ((bucket - 0.5) / BUCKETS_PER_OCTAVE) for bucket, count in counts.items())
    return list(zip(limits, map(float, sums), strict=True)), total


def _gauges_of_listeners(reading: Reading) -> Iterator[Metric]:
    for name, (metric, text) in GAUGES.items():
        family = GaugeMetricFamily(PREFIX + metric, text, labels=_LISTENER)
        for labels, gauges in reading.gauges.items():
            family.add_metric([labels.notifier, labels.listener], getattr(gauges, name))
        yield family


def _gauges(reading: Reading) -> Iterator[Metric]:
    stats = reading.stats
    states = {(str(state),): count for state, count in stats.totals.items()}
    yield _gauge("stored_deliveries", "Deliveries in the store.", ("state",), states)
    yield _gauge(
        "oldest_pending_seconds", "Age of the oldest event with a pending delivery; 0: none.", (), reading.oldest
    )
    yield _gauge(
        "backlog_age_seconds",
        "Age of the oldest event with a pending delivery to a listener that is neither muted nor disabled; 0: none.",
        (),
        reading.backlog,
    )
    yield _gauge("in_flight_deliveries", "Deliveries that are being attempted.", (), reading.in_flight)
    yield _gauge(
        "dispatcher_lag_seconds",
        "How long a delivery that nothing holds up has waited for its attempt.",
        (),
        reading.lag,
    )
    yield _gauge("listeners", "Listeners.", ("notifier", "state"), reading.listeners)
    yield _gauge("processes", "Processes at work; gone: killed within a day.", ("kind", "state"), reading.processes)
    yield _gauge("stored_events", "Events in the store.", (), stats.events)
    dropped = {(name,): count for name, count in reading.dropped.items()}
    yield _gauge("dropped_events", "Events that emit did not store, and did not raise for.", ("event_type",), dropped)
    sizes = {(what,): size for what, size in reading.store_bytes.items()}
    yield _gauge("store_size_bytes", "Size of the stores, in files or tables.", ("file",), sizes)
    if reading.free_bytes is not None:
        yield _gauge("store_free_bytes", "Free space where events are stored.", (), reading.free_bytes)


def _gauge(name: str, text: str, labels: tuple[str, ...], values: float | Mapping[Any, float]) -> Metric:
    """`values`: those of the labels → value."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for key, value in sorted(values.items()) if isinstance(values, Mapping) else [((), values)]:
        family.add_metric(key, value)
    return family


def build() -> Metric:
    """Which releases this is."""
    family = GaugeMetricFamily(
        PREFIX + "build_info", "Releases of what tells these metrics; always 1.", labels=["version", "plugin", "python"]
    )
    family.add_metric(
        [_version("pulp-events"), _version("pulp-events-prometheus"), "{}.{}.{}".format(*sys.version_info)], 1
    )
    return family


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a copy that was not installed
        return "unknown"


def of_scrape(up: bool, seconds: float) -> Iterator[Metric]:
    """Whether the store answered, and how long it took."""
    yield _gauge("up", "1 if the stores answered; 0: only this is told.", (), int(up))
    yield _gauge("scrape_duration_seconds", "How long reading the stores took.", (), seconds)
