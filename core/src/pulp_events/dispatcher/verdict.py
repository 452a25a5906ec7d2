"""What an attempt came to: judged from what the notifier raised or returned."""

from __future__ import annotations

from dataclasses import dataclass

from pulp_events.errors import DeliveryFailure, PermanentFailure, SettingsError, TimedOut, TransientFailure
from pulp_events.outbox.states import Outcome
from pulp_events.plugins import boundary
from pulp_events.system import guard

DETAIL_BYTES = 1024

_FINAL = frozenset({Outcome.DELIVERED, Outcome.PERMANENT, Outcome.LOST})


@dataclass(frozen=True)
class Verdict:
    """`outcome` is that of `Attempt`; `detail` is not scrubbed yet."""

    outcome: Outcome
    detail: str = ""
    retry_after: float | None = None
    """Seconds for which the receiver wants nothing more of this listener."""
    credentials: bool = False
    """The channel's credentials or certificates may be out of date."""
    unresolved: bool = False
    """A secret could not be read in this process; the receiver was not asked."""
    disable_listener: bool = False
    error: BaseException | None = None
    """What is to be logged with its traceback: an exception that is none of the two failures."""

    @property
    def delivered(self) -> bool:
        """True if the receiver has the event."""
        return self.outcome == Outcome.DELIVERED

    @property
    def final(self) -> bool:
        """True if no other attempt follows."""
        return self.outcome in _FINAL


def of_return(value: object, detail: str) -> Verdict:
    """A notifier returned: None stands for delivered, anything else is a mistake in the notifier."""
    if value is None:
        return Verdict(Outcome.DELIVERED, detail)
    error = TypeError(f"the notifier returned {value!r:.80}; return None for delivered, or raise a failure")
    return Verdict(Outcome.ERROR, str(error), error=error)


def of_settlement(failure: DeliveryFailure | None, detail: str) -> Verdict:
    """A notifier yielded one delivery of a batch: None stands for delivered."""
    return Verdict(Outcome.DELIVERED, detail) if failure is None else of_exception(failure, detail)


def of_exception(error: BaseException, detail: str = "") -> Verdict:
    """A notifier raised: the two failures speak for themselves, anything else is transient.

    `detail`: what the channel said beside it; it is kept below the failure's text, or in its place if it begins so.
    Ctrl-C is the user's, not the notifier's, and passes through.
    """
    if isinstance(error, KeyboardInterrupt) and guard.may_be_pressed():
        raise error
    words = boundary.words_of(error)
    try:
        if isinstance(error, PermanentFailure):
            return Verdict(
                Outcome.PERMANENT,
                _both(words, detail),
                credentials=boundary.flag(error.credentials, "credentials of PermanentFailure"),
                disable_listener=boundary.flag(error.disable_listener, "disable_listener of PermanentFailure"),
            )
        if isinstance(error, TransientFailure):
            return Verdict(
                Outcome.TIMEOUT if isinstance(error, TimedOut) else Outcome.TRANSIENT,
                _both(words, detail),
                boundary.retry_after_of(error),
                credentials=boundary.flag(error.credentials, f"credentials of {type(error).__name__}"),
            )
    except Exception as mistake:  # noqa: BLE001  # a failure of the notifier's own making may hold anything
        return Verdict(Outcome.ERROR, f"{boundary.words_of(mistake)}\n{_both(words, detail)}", error=mistake)
    if isinstance(error, TimeoutError):
        return Verdict(Outcome.TIMEOUT, f"{type(error).__name__}: {words}", error=error)
    if isinstance(error, SettingsError):
        return Verdict(Outcome.TRANSIENT, words, unresolved=True)
    return Verdict(Outcome.ERROR, f"{type(error).__name__}: {words}", error=error)


def _both(text: str, detail: str) -> str:
    if not detail or text.startswith(detail):
        return text
    return detail if detail.startswith(text) else f"{text}\n{detail}"


def shorten(text: str) -> str:
    """At most DETAIL_BYTES of UTF-8, whole characters, without control characters."""
    clean = text
    if not all(map(str.isprintable, text.split("\n"))):
        clean = "".join(character if character.isprintable() or character == "\n" else " " for character in text)
    encoded = clean.encode("utf-8", "replace")
    if len(encoded) <= DETAIL_BYTES:
        return encoded.decode()
    return encoded[: DETAIL_BYTES - 3].decode("utf-8", "ignore") + "…"
