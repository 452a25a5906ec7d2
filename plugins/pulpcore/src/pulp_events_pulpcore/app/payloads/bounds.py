"""Nothing in a report is without bounds or secret: texts are clipped and scrubbed, mappings and lists cut."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
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
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def scrubbed(text: str) -> str:
    """The text without what stands before the `@` of a URL: a token may stand in the place of the user, too."""
    return _USERINFO.sub(f"{MASK}@", text)


def clipped(text: object, most: int = NAME) -> str:
    """The beginning of a text: at most `most` bytes of UTF-8, scrubbed, without control characters."""
    found = _clean(text)
    raw = found.encode()
    return found if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"


def clipped_start(text: object, most: int = TRACEBACK) -> str:
    """As `clipped`, and the end of the text."""
    found = _clean(text)
    raw = found.encode()
    return found if len(raw) <= most else "…" + raw[3 - most :].decode(errors="ignore")


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
