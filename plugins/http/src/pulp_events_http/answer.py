"""What an HTTP answer means for the delivery. No input or output here."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC
from urllib.parse import urljoin

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events_http.url import without_secrets

EXCERPT = 1024
"""Characters of an answer's body that a failure's text holds at the most."""

_TRANSIENT = frozenset({408, 425, 429})
_TOO_MANY_REQUESTS = 429
_GONE = 410


def judge(
    status: int, reason: str | None, headers: Mapping[str, str], excerpt: str, *, url: str, now: float
) -> DeliveryFailure | None:
    """The failure that this answer stands for; None if it says that the report was taken.

    `excerpt`: the beginning of the body, see `excerpt_of`; `url`: that of the request; `now`: seconds since the epoch.
    """
    if 200 <= status < 300:
        return None
    line = f"{status} {clean(reason or '')[:100]}".rstrip()
    text = f"{line}: {excerpt}" if excerpt else line
    if 300 <= status < 400:
        target = headers.get("Location")
        to = f" to {clean(without_secrets(urljoin(url, target)))[:500]}" if target else ""
        return PermanentFailure(f"{line}: redirects are not followed{to}; put the new address in the listener's url")
    if status == _GONE:
        return PermanentFailure(text, disable_listener=True)
    # RFC 9110 §15: a status outside 100..599 is to be taken as a 5xx. A 1xx is no final answer at all.
    if status in _TRANSIENT or status >= 500 or status < 200:
        return TransientFailure(text, retry_after=_retry_after(status, headers.get("Retry-After"), now))
    return PermanentFailure(text)


def _retry_after(status: int, value: str | None, now: float) -> float | None:
    """Seconds to wait by `Retry-After` (RFC 9110 §10.2.3: seconds or a date), and at least a minute after 429."""
    seconds = parse_retry_after(value, now) if value else None
    if status == _TOO_MANY_REQUESTS:
        return max(60.0, seconds or 0.0)
    return seconds


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds from `now` that a `Retry-After` asks for, never negative; None if it is neither seconds nor a date."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def excerpt_of(body: bytes, encoding: str | None) -> str:
    """The beginning of an answer's body as one line of text, at most EXCERPT characters.

    A compressed body is not unpacked (we asked for none, and it may be a bomb): its place is taken by a note.
    """
    if not body:
        return ""
    if encoding and encoding.lower() != "identity":
        return f"({clean(encoding)[:20]} body)"
    return clean(body[: 4 * EXCERPT].decode("utf-8", "replace"))[:EXCERPT]


def clean(text: str) -> str:
    """`text` in one line, control characters and runs of white space made a single space each."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
