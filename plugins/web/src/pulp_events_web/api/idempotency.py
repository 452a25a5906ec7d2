"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the id of the event is made from it, so that the store
itself keeps the promise, also between processes and after a crash.

It holds for as long as the event is stored: `[events] keep_for`.
"""

from __future__ import annotations

import hashlib

from pulp_events_web.principal import Principal

LONGEST = 255
_DIGITS = 48


def key_of(header: str) -> str:
    """The key: a String of structured fields (RFC 8941 §3.3.3), or the same without quotation marks, as most clients
    send it. Raises ValueError, whose text is for the client."""
    text = header.strip()
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"'):
            raise ValueError("The quotation marks of Idempotency-Key are not closed.")
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not 1 <= len(text) <= LONGEST or not all(" " <= each <= "~" for each in text):
        raise ValueError(f"Give an Idempotency-Key of 1 to {LONGEST} printable ASCII characters, such as a UUID.")
    return text


def event_id_of(principal: Principal, key: str) -> str:
    """The id of the event that this user emits with this key; another user's with the same key is another."""
    digest = hashlib.sha256(f"{principal.name}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"key-{digest[:_DIGITS]}"
