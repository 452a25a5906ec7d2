"""The states of a delivery, and every legal way from one to another.

                    ┌── claim ──┐      ┌──────── revive ────────┐
                    │           ▼      ▼                        │
    emit ──────> pending     pending, leased ── succeed ──> delivered
      │          ▲  │  ▲         │  │  │
      │ skip     │  │  └─ release┘  │  └──── give up ───────> dead
      └─────> dead  │     postpone, │                          ▲
                    │     lose      │                          │
                    └───────── bury ┴──────────────────────────┘

`claim`     a dispatcher takes it for the length of a lease; the attempt counts from here on
`succeed`   the receiver has it
`postpone`  the attempt failed and the retry schedule has another step
`give_up`   the attempt failed for good, or was the last of the schedule
`lose`      the lease ended without a result: the process died; the attempt counts, and another claim follows at once
`release`   the dispatcher gives it back unattempted; the attempt does not count
`bury`      its listener or its target is gone
`skip`      at emit the listener was disabled, with `[delivery] while_disabled = skip`, or muted in the way that drops
`revive`    an administrator retries a dead one; its schedule starts over
"""

from __future__ import annotations

from dataclasses import dataclass

from pulp_events.outbox.delivery import DEAD, DELIVERED, PENDING


@dataclass(frozen=True)
class Transition:
    """A named way out of one state into another. `leased`: whether a lease must be held before, and is held after."""

    leaves: str | None
    enters: str
    leased_before: bool | None = None
    leased_after: bool = False


TRANSITIONS = {
    "emit": Transition(None, PENDING),
    "skip": Transition(None, DEAD),
    "claim": Transition(PENDING, PENDING, leased_before=False, leased_after=True),
    "succeed": Transition(PENDING, DELIVERED),
    "postpone": Transition(PENDING, PENDING, leased_before=True),
    "give_up": Transition(PENDING, DEAD, leased_before=True),
    "lose": Transition(PENDING, PENDING, leased_before=True, leased_after=True),
    "release": Transition(PENDING, PENDING, leased_before=True),
    "bury": Transition(PENDING, DEAD),
    "revive": Transition(DEAD, PENDING),
}
"""`succeed` asks for no lease: a receiver that has the event has it, also if its answer came after the lease ended."""
