"""The states of a delivery, and the outcomes of an attempt. `transitions` has the ways from one state to another."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


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
