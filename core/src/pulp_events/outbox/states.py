"""The states of a delivery, every legal way from one to another, and the outcomes of an attempt.

                    ┌── claim ──┐      ┌──────── revive ────────┐
                    │           ▼      ▼                        │
    emit ──────> pending     pending, leased ── succeed ──> delivered
      │          ▲  │  ▲         │  │  │
      │ skip     │  │  └─ release┘  │  └──── give up ───────> dead
      └─────> dead  │     postpone, │                          ▲
                    │     lose      │                          │
            bury, expire, erase ────┴──────────────────────────┘

Whoever changes a state asks TRANSITIONS: the stores when they write their SQL, the dispatcher when it records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from pulp_events.errors import IllegalTransition


class Word(StrEnum):
    """One of a few words. It is text: stored, printed, compared and put into JSON as the word that it is."""

    def __repr__(self) -> str:
        return repr(self.value)


DAY = 86400.0


class State(Word):
    """The state of a delivery.

    A member holds all that is needed to count, keep, list and colour deliveries: its word and, if it ends a delivery,
    `keep` and perhaps `failed`.
    """

    keep: float | None
    """Seconds that such deliveries stay listed unless server.conf says otherwise; None: they are not finished."""
    failed: bool
    """It ends a delivery that its receiver does not have."""

    def __new__(cls, word: str, keep: float | None = None, failed: bool = False) -> Self:
        made = str.__new__(cls, word)
        made._value_, made.keep, made.failed = word, keep, failed
        return made

    PENDING = "pending"
    """still to be delivered: immediately, when its retry is due, or when its listener is enabled"""

    DELIVERED = "delivered", 7 * DAY
    """the receiver has it"""

    DEAD = "dead", 30 * DAY, True
    """given up; an administrator may retry it"""

    @property
    def finished(self) -> bool:
        """Nothing more happens to such a delivery by itself."""
        return self.keep is not None

    @property
    def keep_setting(self) -> str:
        """The key of `[delivery]` that says how long such deliveries stay listed."""
        return f"keep_{self}"


FINISHED = tuple(state for state in State if state.finished)


class Outcome(Word):
    """How an attempt ended. The second paragraph of each says what follows."""

    DELIVERED = "delivered"
    """the notifier returned

    delivered
    """

    TRANSIENT = "transient"
    """the receiver asked for another attempt, or could not be reached

    the next step of the schedule, or a pause
    """

    TIMEOUT = "timeout"
    """no answer within the time limit

    the next step, at least 60 s later: the receiver may still be processing it
    """

    ERROR = "error"
    """the notifier raised something else, or returned or set something that it must not

    the next step; logged with its traceback at the first attempt
    """

    PERMANENT = "permanent"
    """no attempt can succeed

    dead
    """

    LOST = "lost"
    """the process that held the lease went away

    another attempt follows at once; dead after more attempts than the schedule allows
    """


class Transition(Word):
    """What happens to a delivery. `TRANSITIONS` says which state each of them leaves and enters."""

    EMIT = "emit"
    """the event is stored with its delivery"""

    SKIP = "skip"
    """at emit the listener was disabled, with `[delivery] while_disabled = skip`, or muted with `--drop`"""

    CLAIM = "claim"
    """a dispatcher takes it for the length of a lease; the attempt counts from here on"""

    SUCCEED = "succeed"
    """the receiver has it"""

    POSTPONE = "postpone"
    """the attempt failed and the retry schedule has another step"""

    GIVE_UP = "give_up"
    """the attempt failed for good, or was the last of the schedule"""

    LOSE = "lose"
    """the lease ended without a result: the process died; the attempt counts, and another claim follows at once"""

    RELEASE = "release"
    """the dispatcher gives it back unattempted; the attempt does not count"""

    BURY = "bury"
    """its listener or its target is gone, or the listener may not get the event any more"""

    EXPIRE = "expire"
    """it expired before it was delivered"""

    ERASE = "erase"
    """an administrator erased its event; if its attempt had begun by then, it may still arrive"""

    REVIVE = "revive"
    """an administrator retries a dead one; its schedule starts over"""

    HASTEN = "hasten"
    """an administrator retries a pending one that nobody is attempting: it is due at once; or its listener's
    configuration was changed: it is due within a minute; its schedule goes on"""

    DISCARD = "discard"
    """an administrator gives up a pending one that nobody is attempting"""


@dataclass(frozen=True, slots=True)
class Way:
    """A way from one state to another."""

    leaves: State | None
    """None: there was no delivery before."""
    enters: State
    leased_before: bool | None = None
    """Whether the caller must hold its lease; None: it does not matter."""
    leased_after: bool = False

    def is_open(self, state: str | None, leased: bool) -> bool:
        """Whether a delivery in this state may go this way; `leased`: it is held under the caller's lease."""
        return state == self.leaves and (self.leased_before is None or self.leased_before is leased)


TRANSITIONS: Mapping[Transition, Way] = MappingProxyType(
    {
        Transition.EMIT: Way(None, State.PENDING),
        Transition.SKIP: Way(None, State.DEAD),
        Transition.CLAIM: Way(State.PENDING, State.PENDING, leased_before=False, leased_after=True),
        # No lease: a receiver that has the event has it, also if its answer came after the lease ended.
        Transition.SUCCEED: Way(State.PENDING, State.DELIVERED),
        Transition.POSTPONE: Way(State.PENDING, State.PENDING, leased_before=True),
        Transition.GIVE_UP: Way(State.PENDING, State.DEAD, leased_before=True),
        Transition.LOSE: Way(State.PENDING, State.PENDING, leased_before=True, leased_after=True),
        Transition.RELEASE: Way(State.PENDING, State.PENDING, leased_before=True),
        Transition.BURY: Way(State.PENDING, State.DEAD),
        # Whoever attempts it may know first, and holds its lease; nobody expires what another attempts.
        Transition.EXPIRE: Way(State.PENDING, State.DEAD),
        Transition.ERASE: Way(State.PENDING, State.DEAD),
        Transition.REVIVE: Way(State.DEAD, State.PENDING),
        Transition.HASTEN: Way(State.PENDING, State.PENDING, leased_before=False),
        Transition.DISCARD: Way(State.PENDING, State.DEAD, leased_before=False),
    }
)

_AFTER_ATTEMPT = {each: TRANSITIONS[each] for each in (Transition.SUCCEED, Transition.POSTPONE, Transition.GIVE_UP)}


def following(outcome: Outcome, again: bool) -> Transition:
    """What follows an attempt that ended so; `again`: another one is due."""
    if outcome == Outcome.DELIVERED:
        return Transition.SUCCEED
    return Transition.POSTPONE if again else Transition.GIVE_UP


def after_attempt(transition: Transition) -> Way:
    """The way that a recorded attempt leads to. Raises IllegalTransition for a transition that no attempt leads to."""
    try:
        return _AFTER_ATTEMPT[transition]
    except KeyError:
        known = ", ".join(_AFTER_ATTEMPT)
        raise IllegalTransition(f"an attempt is followed by one of {known}, not by {transition!r}") from None


def kept(transition: Transition) -> State:
    """The state that a transition keeps, for statements that do not write it.

    Raises IllegalTransition for a transition that changes it.
    """
    way = TRANSITIONS[transition]
    if way.leaves is None or way.leaves != way.enters:
        raise IllegalTransition(f"{transition!r} makes a delivery {way.enters}; the statement must write that")
    return way.enters


def entered(transition: Transition, state: State) -> State:
    """The state that a delivery enters from `state`. Raises IllegalTransition if the table has no such way."""
    way = TRANSITIONS.get(transition)
    if way is None:
        raise IllegalTransition(f"there is no transition {transition!r}; there are {', '.join(TRANSITIONS)}")
    if way.leaves != state:
        raise IllegalTransition(f"{transition!r} leaves {way.leaves or 'no delivery'}, and this delivery is {state}")
    return way.enters
