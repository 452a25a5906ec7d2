"""Ids at the command line: a unique beginning is enough, a mistyped one is answered with the nearest."""

from __future__ import annotations

from collections.abc import Collection

from pulp_events_cli.errors import UsageError

SHORTEST = 4
"""Characters that the beginning of an id must have at least."""
SHOWN = 5
"""Ids that an error names."""


def pick(text: str, known: Collection[str], many: str) -> str | None:
    """The id that `text` is, or is the beginning of; None if there is none. `many`: what these ids are of, in plural.

    Raises UsageError where several ids begin so.
    """
    if text in known:
        return text
    found = [each for each in known if each.startswith(text)] if len(text) >= SHORTEST else []
    return only(text, found, many) if found else None


def only(text: str, found: Collection[str], many: str) -> str:
    """The one id that was found for `text`. Raises UsageError where there are several."""
    first, *others = found
    if others:
        shown = ", ".join([*found][:SHOWN]) + ", …" * (len(found) > SHOWN)
        raise UsageError(f"{text!r} is ambiguous: {len(found)} {many} have ids that start with it, {shown}")
    return first


def hint(text: str, known: Collection[str], command: str, names: Collection[str] = ()) -> str:
    """What to add to the message that there is no such id. `command`: what lists them; `names`: what else is taken."""
    if len(text) < SHORTEST and any(each.startswith(text) for each in known):
        return f"; a unique prefix of at least {SHORTEST} characters is enough"
    from pulp_events.system.suggestion import did_you_mean

    return did_you_mean(text, [*known, *names]) or f"; `pulp-admin event {command}` shows them"
