"""`Verifier`: signatures by Standard Webhooks 1.0.0, <https://www.standardwebhooks.com>."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable

from pulp_events_receiver.headers import Headers, by_name
from pulp_events_receiver.rejected import Rejected

TOLERANCE = 300.0
"""Seconds by which the clocks of sender and receiver may differ, the way of the request included."""

MOST_SIGNATURES = 16
"""In one request. A sender that rotates has two; each costs a receiver something to check."""

_SYMMETRIC, _PUBLIC, _PRIVATE = "whsec_", "whpk_", "whsk_"

_Check = Callable[[bytes, bytes], bool]
"""Signed content and signature → whether it is right."""


class Verifier:
    """Tells what was signed with one of these secrets.

    `secrets`: what `pulp-admin event listener http show-secret` prints: `whsec_…` (HMAC-SHA256) or the public key
    `whpk_…` (ed25519, with the extra `ed25519`). Several, in any order, while secrets are rotated: one that fits is
    enough. Raises ValueError for a secret that is not well formed, without any of it.

    `tolerance`: seconds that a request's timestamp may be in the past or future. `clock`: seconds since the epoch.
    """

    def __init__(
        self, secrets: str | Iterable[str], *, tolerance: float = TOLERANCE, clock: Callable[[], float] = time.time
    ) -> None:
        self._checks = [_check_for(each) for each in ([secrets] if isinstance(secrets, str) else secrets)]
        if not self._checks:
            raise ValueError("a verifier needs a secret, `whsec_…` or `whpk_…`")
        self._tolerance = tolerance
        self._clock = clock

    def verify(self, headers: Headers, body: bytes) -> str:
        """The `webhook-id`, which is the delivery id and the same on every attempt.

        `body`: as it came, byte for byte; JSON that was read and written again is something else. Raises Rejected
        (401) unless one signature is by one of the secrets and the timestamp within the tolerance.
        """
        fields = by_name(headers)
        try:
            message_id, moment, signatures = (fields[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        except KeyError as missing:
            raise Rejected(f"not signed: the header {missing.args[0]} is missing", 401) from None
        if not re.fullmatch(r"[0-9]{1,12}", moment, re.ASCII):
            raise Rejected("webhook-timestamp is not a number of seconds since the epoch", 401)
        signed = b".".join((message_id.encode("utf-8", "replace"), moment.encode(), body))
        # First the signature: what nobody signed is told nothing of our clock.
        if not self._is_signed(signed, signatures.split(" ")):
            raise Rejected("no signature is by a secret of this receiver", 401)
        if abs(self._clock() - int(moment)) > self._tolerance:
            text = f"the signature is more than {self._tolerance:g} seconds from the clock of this receiver"
            raise Rejected(text, 401)
        return message_id

    def _is_signed(self, signed: bytes, signatures: list[str]) -> bool:
        if len(signatures) > MOST_SIGNATURES:
            raise Rejected(f"more than {MOST_SIGNATURES} signatures", 401)
        fits = False
        for text in signatures:
            version, _, encoded = text.partition(",")
            try:
                signature = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                continue
            for of, check in self._checks:  # all of them, so that the time does not tell which one fitted
                fits |= of == version and check(signed, signature)
        return fits


def _check_for(secret: str) -> tuple[str, _Check]:
    """The version of its signatures, and their check."""
    if secret.startswith(_SYMMETRIC):
        key = _decoded(secret, _SYMMETRIC)
        if not 24 <= len(key) <= 64:  # specification 1.0.0, "Signature scheme"
            raise ValueError(f"a secret must encode 24 to 64 bytes after {_SYMMETRIC}, not {len(key)}")
        return "v1", lambda signed, given: hmac.compare_digest(hmac.digest(key, signed, hashlib.sha256), given)
    if secret.startswith(_PUBLIC):
        return "v1a", _ed25519(_decoded(secret, _PUBLIC))
    if secret.startswith(_PRIVATE):
        raise ValueError(f"{_PRIVATE}… is the sender's private key; give the public key, {_PUBLIC}…")
    raise ValueError(f"a secret must begin with {_SYMMETRIC} or {_PUBLIC}")


def _decoded(secret: str, prefix: str) -> bytes:
    encoded = secret.removeprefix(prefix).rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a secret must be base64 after {prefix}") from None


def _ed25519(key: bytes) -> _Check:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise ValueError(f"{_PUBLIC}… needs the extra: pip install 'pulp-events-receiver[ed25519]'") from None
    if len(key) != 32:
        raise ValueError(f"a public key must encode 32 bytes after {_PUBLIC}, not {len(key)}")
    public = Ed25519PublicKey.from_public_bytes(key)

    def check(signed: bytes, given: bytes) -> bool:
        try:
            public.verify(given, signed)
        except InvalidSignature:
            return False
        return True

    return check
