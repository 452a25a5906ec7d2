"""What an HTTP answer means for the delivery. No input or output here."""

from __future__ import annotations

import email.utils
from collections.abc import Collection, Mapping
from datetime import UTC

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure
from pulp_events.visible import one_line
from pulp_events_http.explain import PROXY_ACCOUNT
from pulp_events_http.url import location_without_secrets

EXCERPT = 1024
"""Characters of an answer's body that a failure's text holds at the most."""

_TOO_MANY_REQUESTS = 429
_GONE = 410
_NOT_MODIFIED = 304
_PROXY_AUTHENTICATION = 407
_ABOUT_CREDENTIALS = frozenset({401, 403, 407})


def accepts(status: int) -> bool:
    """True if such an answer says that the receiver has the event (RFC 9110 §15.3)."""
    return 200 <= status < 300


def judge(
    status: int,
    reason: str | None,
    headers: Mapping[str, str],
    excerpt: str,
    *,
    url: str,
    now: float,
    permanent: Collection[int] = (),
    by_proxy: bool = False,
) -> DeliveryFailure | None:
    """The failure that this answer stands for; None if it says that the report was taken.

    Whatever an administrator can fix, here or at the receiver, is worth another attempt: a wrong token, a missing
    path, a moved URL. Only 410 ends it, and what the listener calls `permanent`.

    `headers`: names in lower case; `excerpt`: the beginning of the body, see `excerpt_of`; `url`: that of the request;
    `now`: seconds since the epoch; `by_proxy`: a proxy was asked for the URL.
    """
    if accepts(status):
        return None
    line = f"{status} {one_line(reason or '')[:100]}".rstrip()
    text = f"{line}: {excerpt}" if excerpt else line
    if status == _NOT_MODIFIED:
        text = f"{line}: not a valid answer to a POST (RFC 9110 §15.4.5); check the receiver, or a cache in front of it"
    elif 300 <= status < 400:
        target = headers.get("location")
        to = f" to {one_line(location_without_secrets(url, target))[:500]}" if target else ""
        text = f"{line}: redirects are not followed{to}; put the new address in the listener's url"
    if status == _GONE:
        return PermanentFailure(text, disable_listener=True)
    if status in permanent:
        return PermanentFailure(text, credentials=status in _ABOUT_CREDENTIALS)
    if status == _PROXY_AUTHENTICATION and by_proxy:
        text = f"{text}; {PROXY_ACCOUNT}"
    pause = pause_for(status, headers.get("retry-after"), now)
    return TransientFailure(text, retry_after=pause, credentials=status in _ABOUT_CREDENTIALS)


def pause_for(status: int, value: str | None, now: float) -> float | None:
    """Seconds for which the receiver wants no request at all: `Retry-After` (RFC 9110 §10.2.3) of 429 and of 5xx.

    It holds for a proxy that refuses a tunnel too. Of another status it is about this request, and no reason to hold
    others back. A second at least; a minute after a 429 that does not say how long.
    """
    if status != _TOO_MANY_REQUESTS and status < 500:
        return None
    seconds = parse_retry_after(value, now) if value else None
    if seconds is not None:
        return max(1.0, seconds)
    return 60.0 if status == _TOO_MANY_REQUESTS else None


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
        return f"({one_line(encoding)[:20]} body)"
    return one_line(body[: 4 * EXCERPT].decode("utf-8", "replace"))[:EXCERPT]
