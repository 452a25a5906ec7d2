"""`Route`: the way of deliveries to one listener, as one dispatcher sees it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pulp_events.dispatcher.circuit import Circuit
from pulp_events.dispatcher.claim_size import BATCH_SECONDS, LARGEST_BATCH, ClaimSize
from pulp_events.dispatcher.configuration import Configuration
from pulp_events.dispatcher.lines import SILENT, UNTRIED, Speed
from pulp_events.dispatcher.mixing import mixed, probe_first
from pulp_events.dispatcher.renewal import same
from pulp_events.dispatcher.retry import LONGEST_PAUSE, pause
from pulp_events.dispatcher.traits import Traits
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.rate import Rate
from pulp_events.system.clock import Clock

MOST_ABANDONED = 16
"""Threads of a listener that hang beyond its time limit, and channels of it that wait to be closed; with more, nothing
further is risked."""


PROBE = 2
"""Deliveries that are claimed for a probe: a retry and a first attempt, if there are both. One of them is sent."""
SOON = 2.0
"""Seconds that are waited for the next attempt that a listener's rate allows, by whoever waits until all that is due is
made."""


class AtWork(Protocol):
    """A turn, as far as the route is concerned."""

    has_taken: bool
    under_way: dict[str, Delivery]


class Route:
    """A listener's record, configuration, circuit and claim size; what is claimed and not begun; the turns at work."""

    def __init__(
        self,
        listener: Listener,
        traits: Traits,
        configuration: Configuration,
        delivery: Mapping[str, Any],
        clock: Clock,
    ) -> None:
        self.listener: Listener = listener
        self.traits = traits
        self.configuration = configuration
        self._delivery = delivery
        self.circuit: Circuit = Circuit()
        self.claim_size: ClaimSize = ClaimSize()
        self.paused_until: float = 0.0
        """Monotonic time until which the receiver wants nothing, or a secret is not tried to be read again."""
        self.paused_by_receiver: bool = True
        """Whether the receiver asked for that; else a secret could not be read."""
        self.throttled_until: float = 0.0
        """Monotonic time until which the listener's rate allows no more to be claimed."""
        self.waiting: deque[Delivery] = deque()
        """Claimed and not begun, in the order in which they are to begin."""
        self.turns: set[AtWork] = set()
        self.abandoned = 0
        """Threads that hang in what the listener's notifier does."""
        self._told: str | None = None
        self.closing = 0
        """Its channels that are being closed, or are to be."""
        self._is_async = False
        self.speed: Speed = UNTRIED
        self.in_flight = 0
        """Deliveries that its channel takes on top of each other; 0: it takes them one by one."""
        self.last_claimed = 0
        self.exhausted = False
        """The last claim found less than it asked for."""
        self.used: float = clock.monotonic()
        self.window: float | None = None
        """Seconds of events that leave together; None where each leaves by itself."""
        self.window_known: bool = not traits.has_windows
        self.asking = False
        self.window_fault: str | None = None
        """Why the window cannot be determined: each delivery fails with this."""

    @property
    def is_async(self) -> bool:
        """True if it is known that its attempts are awaited in an event loop."""
        return self._is_async if self.traits.is_mixed else self.traits.is_async

    def learn_kind(self, is_async: bool) -> None:
        """A channel of it was opened; mostly, those of the notifier's other listeners are like it."""
        if self.traits.is_mixed:
            self._is_async = is_async
        elif is_async:
            self.traits.is_async = True

    @property
    def most_lanes(self) -> int:
        """Deliveries under way at once, at most."""
        return self.listener.lanes or int(self._delivery["lanes"])

    @property
    def ordered(self) -> bool:
        """True if deliveries must also finish in emit order."""
        return self.most_lanes == 1

    @property
    def retry_schedule(self) -> list[float]:
        """Seconds between attempts."""
        own = self.listener.retry_schedule
        return list(self._delivery["retry_schedule"] if own is None else own)

    @property
    def rate(self) -> Rate | None:
        """What all dispatchers together may attempt."""
        text = self.traits.limits.rate(self.listener)
        return None if text is None else Rate.of(text)

    def refresh(self, listener: Listener) -> None:
        """Take over a record that was written again."""
        if listener is self.listener:
            return
        before, self.listener = self.listener, listener
        if listener != before:
            if self.configuration.use_record(listener):
                self.window_known = not self.traits.has_windows
            if listener.updated != before.updated or not same(listener, before):
                self.circuit = Circuit()
                self.paused_until = 0.0
            if listener.rate != before.rate or listener.untrusted != before.untrusted:
                self.throttled_until = 0.0

    def wait(self, now: float) -> float:
        """Seconds until anything may be sent."""
        return max(self.circuit.wait(now), self.paused_until - now, 0.0)

    @property
    def may_answer(self) -> bool:
        """False if its endpoint did not answer the last attempt within the time limit; or never did answer, and has
        been silent for as long as makes a step slow."""
        return self.speed is not SILENT

    def lift(self) -> None:
        """An administrator decided that the endpoint is tried now: what it asked for, and the circuit, hold no more.
        What the listener's rate allows is his own decision too, and stays."""
        self.circuit.half_open()
        self.paused_until = 0.0

    def is_throttled(self, now: float) -> bool:
        """True if the rate allows nothing more for longer than is waited for."""
        return self.throttled_until - now >= SOON

    def is_due(self, now: float) -> bool:
        """True if what is pending may be attempted now, or soon where it only waits for its turn by the rate."""
        return not self.is_throttled(now) and self.lanes_wanted(now) > 0

    def lanes_wanted(self, now: float) -> int:
        """How many turns may be at work now."""
        if self.wait(now) > 0 or self.abandoned + self.closing > MOST_ABANDONED:
            return 0
        if self.circuit.is_open or self.window is not None or self.in_flight:
            return 1
        return min(self.claim_size.lanes, self.most_lanes)

    def wants_turn(self, now: float) -> bool:
        """True if something waits that another turn may take."""
        waiting = len(self.waiting)
        if not waiting or len(self.turns) >= self.lanes_wanted(now):
            return False
        return waiting > sum(not turn.has_taken for turn in self.turns)

    def claim_limit(self) -> int:
        """How many deliveries the next claim may take; 0 while enough of the last one is left."""
        if self.ordered or self.window is not None:
            if self.waiting or self.turns:
                return 0  # what comes next depends on what becomes of these
            return 1 if self.circuit.is_open else min(self._batch, LARGEST_BATCH)
        if self.circuit.is_open:
            return 0 if self.waiting or self.turns else PROBE
        if self.in_flight:
            return self.in_flight if len(self.waiting) <= self.in_flight // 2 else 0
        most = min(self._batch * max(1, min(self.claim_size.lanes, self.most_lanes)), LARGEST_BATCH)
        return most if len(self.waiting) <= self.last_claimed // 4 else 0

    @property
    def _batch(self) -> int:
        """What a lane gets of a claim; with a rate no more than can begin while the tokens last."""
        batch = self.claim_size.batch
        return batch if self.rate is None else max(1, int(batch * min(1.0, self.rate.lasts / BATCH_SECONDS)))

    def line_up(self, deliveries: Sequence[Delivery]) -> None:
        """These were claimed: they wait for a turn."""
        if not self.ordered and self.window is None:
            circuit = self.circuit
            deliveries = probe_first(deliveries, circuit.retry_next) if circuit.is_open else mixed(deliveries)
        self.waiting.extend(deliveries)

    def learn(self, verdict: Verdict, now: float, group: str | None, *, again: bool = False) -> None:
        """What an attempt came to, as far as it says something about the endpoint; `group`: what left together;
        `again`: its event failed before."""
        if group is not None and group == self._told:
            return  # what fails together is one failure
        self._told = group
        asked = self.asked_wait(verdict)
        if asked is not None:
            if self.wait(now) <= 0:  # else it is of what was under way when the pause began, and says nothing new
                self.circuit.failed(now)
                self.paused_until = now + pause(asked)
                self.paused_by_receiver = not verdict.unresolved
                self.claim_size.limit()
        elif not verdict.final:
            # In an order, and of windows, no first attempt can come between retries.
            self.circuit.failed(now, again=again and not self.ordered and self.window is None)
        else:
            self.circuit.succeeded(now)

    def asked_wait(self, verdict: Verdict) -> float | None:
        """Seconds for which the listener is to be left alone: the receiver said so, or a secret cannot be read here."""
        if verdict.unresolved:
            return self.retry_schedule[0] if self.retry_schedule else LONGEST_PAUSE
        return verdict.retry_after

    def held(self) -> list[Delivery]:
        """Deliveries that this dispatcher holds the lease of."""
        return [*self.waiting, *(one for turn in list(self.turns) for one in list(turn.under_way.values()))]
