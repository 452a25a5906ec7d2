"""Header fields of HTTP as frameworks give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.message import Message

from pulp_events_receiver.rejected import Rejected

Headers = Mapping[str, str] | Message | Iterable[tuple[str, str]]
"""Such as `request.headers` of Flask, FastAPI and Django, or `self.headers` of http.server; names in any case."""

_READ = ("ce-", "pulp-", "webhook-")
_ALSO = frozenset(("content-type", "traceparent", "tracestate"))


def by_name(headers: Headers) -> dict[str, str]:
    """Those that concern us, by their names in lower case.

    Raises Rejected for one that is there twice: two readers could take different ones.
    """
    found: dict[str, str] = {}
    for name, value in headers.items() if isinstance(headers, Mapping | Message) else headers:
        name = name.lower()
        if name not in _ALSO and not name.startswith(_READ):
            continue
        if name in found and name != "tracestate":  # a list, which may be in several (W3C Trace Context §3.3)
            raise Rejected(f"the header {name if name in _ALSO else name.partition('-')[0] + '-…'} is there twice")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found
