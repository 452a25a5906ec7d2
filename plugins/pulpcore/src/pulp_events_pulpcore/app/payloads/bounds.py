"""Nothing in a report is without bounds or secret: texts are clipped and scrubbed, mappings and lists cut.

Sizes are bytes as they are sent, in JSON: of quotes only half as many have room. So no report reaches the 262,144 bytes
of `[events] max_event_bytes`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import accumulate, islice
from typing import Any

from pulp_events.redaction.passwords import MASK

MESSAGE = 4_000
"""Bytes of an error's message, its beginning."""
TRACEBACK = 20_000
"""Bytes of a traceback, its end: that is where the error is."""
NAME = 500
"""Bytes of a name, a label's value, or a progress report's message."""
ITEMS = 50
"""Labels, content types, progress reports, resources and the like of one report."""

_USERINFO = re.compile(r"(?<=://)[^\s/?#@'\"<>]*(?:[/?#][^\s@'\"<>]*)?@(?=[^\s/?#@'\"<>])")
"""`user:password@` of a URL. A password may have a `/` that nobody escaped; a path may have an `@`, and loses then what
stands before it, which is better than to show a password."""
_ESCAPED = re.compile(r'["\\\t\n]')
"""What has a `\\` before it in JSON; other control characters are removed."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def scrubbed(text: str) -> str:
    """The text without what stands before the `@` of a URL: a token may stand in the place of the user, too."""
    return _USERINFO.sub(f"{MASK}@", text)


def clipped(text: object, most: int = NAME) -> str:
    """The beginning of a text: at most `most` bytes, scrubbed, without control characters."""
    found = _clean(text)
    return found if _size(found) <= most else found[: _room(found[:most], most)] + "…"


def clipped_start(text: object, most: int = TRACEBACK) -> str:
    """As `clipped`, and the end of the text."""
    found = _clean(text)
    return found if _size(found) <= most else "…" + found[len(found) - _room(found[-most:][::-1], most) :]


def _size(text: str) -> int:
    return len(text.encode()) + len(_ESCAPED.findall(text))


def _room(text: str, most: int) -> int:
    """How many characters, from the first one on, have room beside the `…`, which has three bytes."""
    return bisect_right(list(accumulate(map(_size, text))), most - len("…".encode()))


def _clean(text: object) -> str:
    carried = str(text).encode("utf-8", "backslashreplace").decode()
    return scrubbed(_CONTROL.sub("", carried))


def mapping(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """The first items, with texts clipped."""
    items = islice((found or {}).items(), ITEMS)
    return {clipped(key): each if each is None or isinstance(each, int) else clipped(each) for key, each in items}


def texts(found: Iterable[object] | None) -> list[str]:
    """The first items, clipped."""
    return [clipped(each) for each in islice(found or (), ITEMS)]


def time(found: datetime | None) -> str | None:
    """ISO 8601 in UTC, such as `2012-10-19T19:09:16.123456Z`."""
    return None if found is None else found.astimezone(UTC).isoformat().replace("+00:00", "Z")
