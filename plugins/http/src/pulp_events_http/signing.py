"""Signatures by Standard Webhooks 1.0.0, <https://www.standardwebhooks.com>."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pulp_events_http.signing_keys import PRIVATE, key_bytes

if TYPE_CHECKING:
    from pulp_events.notifier import Config

_Sign = Callable[[str, datetime, str], str]


class Signer:
    """Makes the three headers of a signed request.

    Signs with the listener's `secret`, and with its `previous_secret` until `previous_secret_until`, so that receivers
    may change over one after the other.
    """

    def __init__(self, config: Config) -> None:
        self._sign = _signature(config["secret"])
        self._previous = _signature(config["previous_secret"]) if "previous_secret" in config else None
        until: datetime | None = config.get("previous_secret_until")
        self._until = float("inf") if until is None else until.timestamp()

    def headers(self, message_id: str, body: bytes, now: float) -> dict[str, str]:
        """`webhook-id`, `webhook-timestamp`, `webhook-signature`; `now`: seconds since the epoch, of this attempt."""
        moment = datetime.fromtimestamp(int(now), UTC)
        text = body.decode()
        signature = self._sign(message_id, moment, text)
        if self._previous is not None and now < self._until:
            signature = f"{signature} {self._previous(message_id, moment, text)}"
        return {"webhook-id": message_id, "webhook-timestamp": str(int(now)), "webhook-signature": signature}


def _signature(secret: str) -> _Sign:
    if secret.startswith(PRIVATE):
        return _ed25519(key_bytes(secret)[:32])
    from standardwebhooks import Webhook

    return Webhook(secret).sign


def _ed25519(seed: bytes) -> _Sign:
    """`v1a`. The official library for Python has symmetric signatures only, so this one is made here."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seed)

    def sign(message_id: str, moment: datetime, text: str) -> str:
        signed = f"{message_id}.{int(moment.timestamp())}.{text}".encode()
        return f"v1a,{base64.b64encode(key.sign(signed)).decode()}"

    return sign
