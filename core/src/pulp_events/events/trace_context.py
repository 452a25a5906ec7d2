"""W3C Trace Context of an event: in which trace of distributed tracing it was emitted.

Two texts by the names that they have in headers (https://www.w3.org/TR/trace-context/): `traceparent`, and `tracestate`
where a tracing system has more to say. Core makes none: a plugin gives them to events in `pulp_trace_context`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from pulp_events.frozen import FrozenDict

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
NO_TRACE: Mapping[str, str] = FrozenDict()
"""That of an event that was emitted outside of any trace."""

LONGEST_STATE = 512
"""Characters of a tracestate: as many as everybody has to pass on (§3.3.1.5)."""
MOST_MEMBERS = 32
"""Of a tracestate (§3.3.1.1)."""

_KNOWN = r"-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_PARENT = re.compile(rf"(?:00(?P<ours>{_KNOWN})|(?!00|ff)[0-9a-f]{{2}}(?P<later>{_KNOWN})(?:-.*)?)\Z")
"""What a later version has beyond ours is left out (§3.2.4)."""
_KEY = r"[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}"
_MEMBER = re.compile(rf"(?:{_KEY})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e]\Z")


class Traced(NamedTuple):
    """What a plugin returns from `pulp_trace_context`."""

    context: Mapping[str, str]
    """The event's trace context: `traceparent` and maybe `tracestate`. What of it is not valid is left out."""
    stored: Callable[[], object] | None = None
    """Called once the event is stored; not at all if that fails, or one with its id is there already."""


def checked(given: object) -> Mapping[str, str]:
    """What of `given` is valid: both texts, `traceparent` alone, or nothing. Never raises: an event needs no trace.

    >>> parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    >>> checked({"traceparent": parent, "tracestate": "a=1, b=2", "baggage": "user=7"}) == {
    ...     "traceparent": parent, "tracestate": "a=1,b=2"}
    True
    >>> checked({"traceparent": parent.upper(), "tracestate": "a=1"})
    {}
    """
    if not given or not isinstance(given, Mapping):
        return NO_TRACE
    parent, state = given.get(TRACEPARENT), given.get(TRACESTATE)
    found = _PARENT.match(parent) if isinstance(parent, str) else None
    if found is None:
        return NO_TRACE
    parent = f"00{found['ours'] or found['later']}"
    members = _members(state) if state and isinstance(state, str) else ""
    return FrozenDict({TRACEPARENT: parent, TRACESTATE: members} if members else {TRACEPARENT: parent})


def to_text(context: Mapping[str, str]) -> str | None:
    """A valid one as one text, as a column holds it; None (NULL) for none. `traceparent` has no space in it."""
    if not context:
        return None
    state = context.get(TRACESTATE)
    return f"{context[TRACEPARENT]} {state}" if state else context[TRACEPARENT]


def from_text(text: str | None) -> Mapping[str, str]:
    """What `to_text` made a text of."""
    return NO_TRACE if text is None else _parsed(text)


@lru_cache(maxsize=1024)  # an event for many listeners is read once for each
def _parsed(text: str) -> Mapping[str, str]:
    parent, _, state = text.partition(" ")
    return checked({TRACEPARENT: parent, TRACESTATE: state})


def trace_id_of(context: Mapping[str, str]) -> str | None:
    """The 32 hex digits that everything of one trace has in common; None outside of any."""
    parent = context.get(TRACEPARENT)
    return None if parent is None else parent[3:35]


def _members(state: str) -> str:
    """A tracestate without the spaces that may be around its members; empty if it is not valid."""
    if len(state) > LONGEST_STATE:
        return ""
    members = [member for each in state.split(",") if (member := each.strip(" \t"))]
    return ",".join(members) if len(members) <= MOST_MEMBERS and all(map(_MEMBER.match, members)) else ""
