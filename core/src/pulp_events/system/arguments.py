"""Arguments of the public calls, checked before anything is done: one line says what was given, and what is right."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence, Set
from datetime import datetime
from pathlib import Path

from pulp_events.errors import EventsError
from pulp_events.system.scope_text import LONGEST, is_scope


def check_path(value: object, name: str) -> None:
    """Raise EventsError unless `value` is None, a text that names something, or a Path."""
    if value is None or isinstance(value, Path):
        return
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise EventsError(
            f"{name}={value!r:.60} is of type {type(value).__name__}; give a path, as a str or Path, or leave it out"
        )
    if not text.strip():
        raise EventsError(f"{name}={value!r:.60} is empty; give a path, as a str or Path, or leave it out")
    if text.startswith(("env:", "file:")):
        raise EventsError(
            f"{name}={value!r:.60} is not a path: only secrets of server.conf are read from the environment or a file; "
            f"give the path itself, or ./{text:.40} if that is its name"
        )


def check_seconds(value: object, name: str, *, none: bool = False) -> None:
    """Raise EventsError unless `value` is a number of seconds, or None where `none` allows it."""
    if none and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        alternative = ", or None to wait for as long as it takes" if none else ""
        raise EventsError(f"{name}={value!r:.60} is not a valid time; give a number of seconds{alternative}")


def check_moment(value: object, name: str) -> None:
    """Raise EventsError unless `value` is a moment with a time zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise EventsError(
            f"{name}={value!r:.60} is not a moment; give a datetime with its time zone, such as datetime.now(UTC)"
        )


def check_written(value: object, name: str, longest: int | None = None) -> None:
    """Raise EventsError unless `value` is a text that is not empty, of at most `longest` characters."""
    if not isinstance(value, str) or not value.strip():
        raise EventsError(f"{name}={value!r:.60} is not a text, or empty; give a str that says something")
    if longest is not None and len(value) > longest:
        raise EventsError(f"{name}={value!r:.20}… has {len(value)} characters; the longest allowed has {longest}")


def check_scope_asked(scope: object, without_scope: bool) -> None:
    """Raise EventsError unless a query may ask for this scope, or for what has none."""
    if scope is None:
        return
    if not is_scope(scope):  # no event has it: better said than that there are none
        raise EventsError(
            f"scope={scope!r:.60} is no scope; give a line of text of at most {LONGEST} characters, without blanks at "
            "its ends"
        )
    if without_scope:
        raise EventsError(f"scope={scope!r:.60} and without_scope=True find nothing together; give one")


def check_limit(value: object, name: str) -> None:
    """Raise EventsError unless `value` is a whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise EventsError(f"{name}={value!r:.60} is not a valid limit; give a whole number of at least 0")


def check_place(value: object, name: str) -> None:
    """Raise EventsError unless `value` is the place of an event, or None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise EventsError(f"{name}={value!r:.60} is not a place; give the `place` of a stored event, a whole number")


def check_places(value: object) -> None:
    """Raise EventsError unless `value` is a pair of places of events, or None."""
    if value is not None and not (isinstance(value, tuple) and len(value) == 2):
        raise EventsError(f"places={value!r:.60} is not a pair of places; give the first one, and that behind the last")
    for each in value or ():
        check_place(each, "places")


def check_text(value: object, name: str) -> None:
    """Raise EventsError unless `value` is text, or None."""
    if value is not None and not isinstance(value, str):
        raise EventsError(f"{name}={value!r:.60} is of type {type(value).__name__}; give text")


def check_texts(value: object, name: str) -> None:
    """Raise EventsError unless `value` is a list of texts, or None."""
    if isinstance(value, str):
        raise EventsError(f"{name}={value!r:.60} is a single text; give a list, [{value!r:.60}]")
    if value is None:
        return
    if not isinstance(value, Sequence | Set) or not all(isinstance(each, str) for each in value):
        raise EventsError(f"{name}={value!r:.60} is not a list of texts; give one")


def check_moment_or_none(value: object, name: str) -> None:
    """Raise EventsError unless `value` is a moment with a time zone, or None."""
    if value is not None:
        check_moment(value, name)


def check_query(value: object, kind: type) -> None:
    """Raise EventsError unless `value` is a query of this kind, or None."""
    if value is not None and not isinstance(value, kind):
        raise EventsError(f"query={value!r:.60} is of type {type(value).__name__}; give {kind.__name__}(…)")
