"""`Lane`: takes claimed deliveries of one listener, sends them one after the other, records what became of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from pulp_events.clock import Clock
from pulp_events.dispatcher import verdict as verdicts
from pulp_events.dispatcher.channels import OpenChannel
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.store import Outbox

RECORD_SECONDS = 0.25
"""Results are stored at the latest after this long, and at once when nothing more is due: while small batches follow
each other, a transaction for each would take longer than the deliveries."""

OPEN_LIMIT = 120.0
"""Seconds that opening a channel may take."""

GIVEN_UP = "given up: the process that made it ended during each of the last attempts"


class Recorder(Protocol):
    """Stores what lanes found out."""

    def record(self, route: Route, judged: Sequence[tuple[Delivery, Verdict, float, float]]) -> None:
        """Each: a delivery, its verdict, the wall-clock time at which the attempt began, and its seconds."""


class Lane:
    """One thread's work for a listener. `stopping` is asked between deliveries."""

    def __init__(
        self, route: Route, outbox: Outbox, recorder: Recorder, clock: Clock, stopping: Callable[[], bool]
    ) -> None:
        self.route = route
        self._outbox = outbox
        self._recorder = recorder
        self._clock = clock
        self._stopping = stopping
        self._lock = threading.Lock()
        self._judged: list[tuple[Delivery, Verdict, float, float]] = []
        self._record_at = 0.0
        """Monotonic time at which what is judged is to be stored."""
        self._opened: OpenChannel | None = None
        self._failed: str | None = None
        """Lease of the delivery that failed last."""
        self._halted = False
        """What came of an attempt forbids further ones."""
        self.taken: list[Delivery] = []
        """Deliveries that this lane took and has not recorded yet."""
        self.under_way: Sequence[Delivery] = ()
        self.since = 0.0
        """Monotonic time at which what is under way began; 0 if nothing is."""
        self.busy = False
        self.thread: threading.Thread | None = None
        self.abandoned = False

    def run_batch(self) -> int:
        """Attempt deliveries until those that were claimed together are used up; returns how many this lane took."""
        route = self.route
        first = route.claims.first()
        if not first or first[0].attempts > 1:  # it may be what ended a process: that is to cost no result
            self.store()
        if not first:
            return 0
        began, cpu_began = time.perf_counter(), time.thread_time()
        count = self._use_up(first)
        if count and not self.abandoned:
            wall, cpu = time.perf_counter() - began, time.thread_time() - cpu_began
            route.pace.learn(count, wall, cpu, route.most_lanes)
        return count

    @property
    def limit(self) -> float:
        """Seconds that what is under way may take."""
        return self._opened.limit if self._opened is not None else OPEN_LIMIT

    def close(self) -> None:
        """Hand the channel back."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            if self.abandoned:
                self.route.channels.discard(opened)
            else:
                self.route.channels.give_back(opened)

    def abandon(self, reason: str) -> None:
        """Give up on a thread that hangs: what it has under way timed out, what else it took is free again.

        Whatever the thread does when it comes back is not recorded.
        """
        with self._lock:
            if self.abandoned or not self.since:
                return
            self.abandoned = True
            began = self._clock.time() - (self._clock.monotonic() - self.since)
            duration = self._clock.monotonic() - self.since
            hanging = list(self.under_way)
            self._judged += [(delivery, Verdict("timeout", reason), began, duration) for delivery in hanging]
            rest = [one for one in self.taken if one not in hanging and one not in (j[0] for j in self._judged)]
        self.route.circuit.failed(self._clock.monotonic())
        self.store()
        if self.route.ordered:
            self.route.claims.release()
        if rest:
            self._outbox.release(rest)

    def store(self) -> None:
        """Record what is judged; also called from outside, while a long send keeps the lane's own thread."""
        with self._lock:
            judged, self._judged = self._judged, []
        if judged:
            self._recorder.record(self.route, judged)
            done = {delivery.id for delivery, *_ in judged}
            with self._lock:
                self.taken = [delivery for delivery in self.taken if delivery.id not in done]

    def release_all(self) -> None:
        """Record what is judged and give back what else this lane took: it ends in the middle of something."""
        self.store()
        with self._lock:
            rest, self.taken = self.taken, []
            self.abandoned = self.abandoned or bool(rest)
        if rest:
            self._outbox.release(rest)

    def _use_up(self, part: list[Delivery]) -> int:
        count = 0
        with self._lock:
            self.taken = self.taken + part
        self._halted = False
        while part and not self._must_stop():
            count += self._attempt(part)
            if self._judged and self._clock.monotonic() >= self._record_at:
                self.store()
            part = self._take(1)
        if part or self._halted or self.route.ordered or self.route.window is not None:
            self.store()  # two windows in one transaction would be due again at the same instant
        if part:
            with self._lock:
                self.taken = [delivery for delivery in self.taken if delivery not in part]
            self._outbox.release(part)
            self.route.claims.release()
        return count

    def _attempt(self, part: list[Delivery]) -> int:
        """Attempt a delivery, with more of its batch where the channel takes several, or a window; returns how many."""
        if self._give_up_on_lost(part):
            return len(part)
        opened = self._channel(part)
        if opened is None:
            return len(part)
        if len(part) == 1:
            part = part + self._take(opened.channel.batch_size - 1)
        self._send(opened, part)
        return len(part)

    def _take(self, count: int) -> list[Delivery]:
        with self._lock:
            taken = [] if self.abandoned else self.route.claims.take(count)
            self.taken = self.taken + taken
        return taken

    def _give_up_on_lost(self, part: list[Delivery]) -> bool:
        """A delivery whose attempts ended with their processes, as often as the schedule has attempts, is dead.

        What kills whoever touches it must not be touched for ever.
        """
        made = part[0].attempts - part[0].forgiven - 1
        if made <= len(self.route.retry_schedule):
            return False
        with self._under_way(part) as timing:
            self._judge_all(part, Verdict("lost", GIVEN_UP), timing)
        return True

    def _must_stop(self) -> bool:
        return (
            self.abandoned or self._halted or self._stopping() or self.route.circuit.wait(self._clock.monotonic()) > 0
        )

    def _channel(self, part: list[Delivery]) -> OpenChannel | None:
        """The channel to use; None if none could be opened, which then is the deliveries' failure."""
        if self._opened is not None and not self._opened.channel.broken:
            return self._opened
        if self._opened is not None:
            self.route.channels.discard(self._opened)
            self._opened = None
        with self._under_way(part) as timing:
            try:
                self._opened = self.route.channels.take()
            except BaseException as error:  # noqa: BLE001  # a notifier may raise anything, and only its deliveries suffer
                self._judge_all(part, verdicts.of_exception(error), timing)
        return self._opened

    def _send(self, opened: OpenChannel, part: list[Delivery]) -> None:
        channel = opened.channel
        channel.detail = ""
        if channel.batch_size <= 1 and len(part) == 1:
            with self._under_way(part) as timing:
                try:
                    found = verdicts.of_return(_call(channel.send, part[0]), channel.detail)
                except BaseException as error:  # noqa: BLE001
                    found = verdicts.of_exception(error, channel.detail)
                self._judge(part[0], found, timing)
            if found.error is not None:
                channel.broken = True
            return
        self._send_batch(opened, part)

    def _send_batch(self, opened: OpenChannel, part: list[Delivery]) -> None:
        channel, left = opened.channel, {delivery.id: delivery for delivery in part}
        with self._under_way(part) as timing:
            rest = Verdict("error", "the notifier's send_batch() said nothing about this delivery")
            try:
                for delivery, failure in channel.send_batch(part):
                    found = verdicts.of_outcome(failure, channel.detail)
                    if left.pop(delivery.id, None) is not None:
                        self._judge(delivery, found, timing)
                    self.under_way = list(left.values())
            except BaseException as error:  # noqa: BLE001
                rest = verdicts.of_exception(error)
                channel.broken = channel.broken or rest.error is not None
            self._judge_all(left.values(), rest, timing)

    def _judge_all(self, deliveries: Iterable[Delivery], found: Verdict, timing: _UnderWay) -> None:
        for delivery in deliveries:
            self._judge(delivery, found, timing)

    def _judge(self, delivery: Delivery, found: Verdict, timing: _UnderWay) -> None:
        with self._lock:
            if self.abandoned:
                return
            now = self._clock.monotonic()
            if not self._judged:
                self._record_at = now + RECORD_SECONDS
            self._judged.append((delivery, found, timing.started, now - timing.since))
            self._halted = self._halted or found.disable_listener or (self.route.ordered and not found.final)
            self.since = now if self.since else 0.0
        if found.outcome in ("transient", "timeout", "error"):
            if self.route.window is None or delivery.lease != self._failed:  # what fails together is one failure
                self.route.circuit.failed(now)
            self._failed = delivery.lease
        else:
            self.route.circuit.succeeded()

    def _under_way(self, deliveries: list[Delivery]) -> _UnderWay:
        return _UnderWay(self, deliveries, self._clock)


class _UnderWay:
    """While it is entered, the supervisor sees what the lane has under way, and since when."""

    __slots__ = ("_deliveries", "_lane", "since", "started")

    def __init__(self, lane: Lane, deliveries: list[Delivery], clock: Clock) -> None:
        self._lane = lane
        self._deliveries = deliveries
        self.started = clock.time()
        self.since = clock.monotonic()

    def __enter__(self) -> _UnderWay:
        self._lane.under_way = self._deliveries
        self._lane.since = self.since
        return self

    def __exit__(self, *_: object) -> None:
        self._lane.since = 0.0
        self._lane.under_way = ()


def _call(send: Callable[[Delivery], object], delivery: Delivery) -> object:
    # typed as returning something: what a notifier's send() returns is checked, whatever its signature says
    return send(delivery)
