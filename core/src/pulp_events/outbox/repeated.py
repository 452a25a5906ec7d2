"""An event that is emitted again, under the id that the application chose: is it the same?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulp_events.errors import EventConflict
from pulp_events.events.report import EXPIRES, fingerprint
from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.stored_event import StoredEvent

_SHOWN = 3
"""Differences that an error names."""
_LONG = 80
"""Characters of a value that it shows."""


def check_same(new: NewEvent, stored: StoredEvent, *, together: bool = False) -> StoredEvent:
    """`stored` if the application gave the same event type, payload, call report, scope and `expires` for both.

    What plugins made of them does not count, nor `expires` where the id of `stored` was not chosen. Of one that was
    erased only the scope is left to compare with: it is taken to be the same where that is, and stays erased. Raises
    EventConflict, which shows what differs. `together`: both are of the same `emit_many`, so that `stored` is not
    stored either.
    """
    heard_by_same = new.scope == stored.scope or not stored.scope_known
    if stored.erased is not None and heard_by_same:
        return stored
    # Of one that was emitted without an id, what the application gave is not known where plugins changed it.
    before, _, end = (stored.fingerprint or fingerprint(stored.report)).partition(EXPIRES)
    given, _, new_end = (new.fingerprint or fingerprint(new.report)).partition(EXPIRES)
    is_same = stored.erased is not None or given == before
    ends_same = stored.erased is not None or stored.fingerprint is None or new_end == end
    if is_same and heard_by_same and ends_same:
        return stored
    first = "is that of another event of this call" if together else f"was emitted at {stored.time:%Y-%m-%dT%H:%M:%SZ}"
    if is_same and heard_by_same:
        differs = f"expires: it was {end or 'never'} and is {new_end or 'never'} now"
    elif is_same:
        differs = f"scope: it was {_short(stored.scope)} and is {_short(new.scope)} now"
    else:
        differs = f"content: {_said(stored, new)}"
    raise EventConflict(
        f"event id {new.id!r} {first} with another {differs}; "
        "emit the same event, or choose another id; nothing was stored",
        stored.report,
        new.report,
    )


def _said(stored: StoredEvent, new: NewEvent) -> str:
    """What differs. The reports are as plugins changed them: where they did, not all of it is the application's."""
    found = "; ".join(_differences(stored.report, new.report))
    as_given = all(_content(each) in (None, fingerprint(each.report)) for each in (stored, new))
    if as_given and found:
        return found
    before = "what was given for it before plugins changed it"
    return f"{before}; as it is after that, {found}" if found else before


def _content(event: StoredEvent | NewEvent) -> str | None:
    return None if event.fingerprint is None else event.fingerprint.partition(EXPIRES)[0]


def _differences(stored: bytes, given: bytes) -> Iterator[str]:
    found = list(_compare("", json.loads(stored), json.loads(given)))
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN} more"


def _compare(path: str, stored: Any, given: Any) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(given, Mapping):
        for key in sorted(stored.keys() | given.keys()):
            at = f"{path}.{key}" if path else key
            if key not in given:
                yield f"{at} was {_short(stored[key])} and is missing now"
            elif key not in stored:
                yield f"{at} was missing and is {_short(given[key])} now"
            else:
                yield from _compare(at, stored[key], given[key])
    elif json.dumps(stored) != json.dumps(given):  # where 1, 1.0 and true are three
        yield f"{path} was {_short(stored)} and is {_short(given)} now"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
