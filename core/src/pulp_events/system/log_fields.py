"""What a log record is about: which delivery, listener and trace, as fields that a program can look for.

A record says so itself (`extra=fields(delivery)`), or is made while something is being attempted: whatever a notifier,
or a library that it uses, logs meanwhile in the same thread or task is about that delivery, too.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

FIELDS = (
    "delivery_id",
    "event_id",
    "event_type",
    "listener_id",
    "notifier_type_id",
    "trace_id",
    "attempt",
    "outcome",
    "seconds",
    "repeats",
)
"""Attributes of a log record, and keys of a JSON line: there where they are known. None is ever secret."""

_OURS = "pulp_events"
"""How the names of loggers begin that are core's and our plugins': what their records say of themselves holds."""
_SETTLED = "pulp_events_fields"

_about: ContextVar[Any] = ContextVar("pulp_events_about", default=None)


def begin(what: Any) -> None:
    """From now on this thread, or task, is busy with a delivery or a listener; None: with neither."""
    _about.set(what)


def fields(what: Any, **more: str | int | float | None) -> dict[str, str | int | float]:
    """What is known of a delivery, event or listener, for `extra` of a log call; `more` that is None is left out."""
    found: dict[str, str | int | float | None] = {}
    if hasattr(what, "listener_id"):  # a delivery
        found.update(delivery_id=what.id, event_id=what.event_id, listener_id=what.listener_id)
    elif hasattr(what, "notifier_type_id"):  # a listener
        found.update(listener_id=what.id, notifier_type_id=what.notifier_type_id)
    elif hasattr(what, "event_type"):
        found.update(event_id=what.id)
    found["event_type"] = getattr(what, "event_type", None)
    found["trace_id"] = getattr(what, "trace_id", None)
    return {name: value for name, value in {**found, **more}.items() if value is not None}


def fields_of(record: Any) -> dict[str, str | int | float]:
    """The fields of a log record, in the order of `FIELDS`; of what its thread is busy with where it has none itself.

    To be asked in the thread that made the record, as handlers are; see `settle`. A library may have attributes of
    these names for things of its own, such as a `trace_id`: what its thread is busy with stands in their place, and
    they follow as `their_trace_id`.
    """
    if (settled := vars(record).get(_SETTLED)) is not None:
        return dict(settled)
    own = {name: vars(record)[name] for name in FIELDS if isinstance(vars(record).get(name), str | int | float)}
    is_ours = f"{record.name}.".startswith((f"{_OURS}.", f"{_OURS}_"))
    says = is_ours and ("delivery_id" in vars(record) or "listener_id" in vars(record))  # even if that is None
    theirs: dict[str, str | int | float] = {}
    if not says and (what := _about.get()) is not None:
        ours = fields(what)
        if not is_ours:
            theirs = {f"their_{name}": value for name, value in own.items() if ours.get(name, value) != value}
        own = {**ours, **own} if is_ours else {**own, **ours}
    return {**{name: own[name] for name in FIELDS if name in own}, **theirs}


def settle(record: Any, **more: str | int | float) -> None:
    """Let the fields of a record be those of now, in whichever thread it is shown, and `more`."""
    vars(record)[_SETTLED] = {**fields_of(record), **more}
