"""Signing secrets as Standard Webhooks writes them: `whsec_…` (HMAC-SHA256) and `whsk_…` (ed25519).

Specification 1.0.0, "Signature scheme": 24 to 64 random bytes, or an ed25519 key, in base64 behind the prefix.
"""

from __future__ import annotations

import base64
import binascii
import os

SYMMETRIC = "whsec_"
PRIVATE = "whsk_"
PUBLIC = "whpk_"

GENERATE = "generate"
GENERATE_ED25519 = "generate-ed25519"


def key_bytes(secret: str) -> bytes:
    """The key in a secret. Raises ValueError, without any of the secret in it, if it is not well formed."""
    prefix = next((prefix for prefix in (SYMMETRIC, PRIVATE) if secret.startswith(prefix)), None)
    if prefix is None:
        raise ValueError(f"must begin with {SYMMETRIC} or {PRIVATE}; `--secret={GENERATE}` generates one")
    encoded = secret[len(prefix) :].rstrip("=")
    try:
        # Padding is optional to the official libraries, and so it is here.
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be base64 after {prefix}") from None
    if prefix == SYMMETRIC and not 24 <= len(key) <= 64:
        raise ValueError(f"must encode 24 to 64 bytes after {prefix}, not {len(key)}")
    if prefix == PRIVATE and len(key) not in (32, 64):
        raise ValueError(f"must encode 32 bytes (the seed) or 64 (seed and public key) after {prefix}")
    if prefix == PRIVATE:
        _need_cryptography()
    return key


def generate(kind: str = SYMMETRIC) -> str:
    """A new secret: 32 random bytes, or an ed25519 key pair. Raises ValueError if that cannot be made here."""
    if kind == SYMMETRIC:
        return SYMMETRIC + base64.b64encode(os.urandom(32)).decode()
    _need_cryptography()
    seed = os.urandom(32)
    return PRIVATE + base64.b64encode(seed + _public_bytes(seed)).decode()


def public_key(secret: str) -> str:
    """`whpk_…`: what a receiver checks the signatures of the ed25519 key `secret` with."""
    return PUBLIC + base64.b64encode(_public_bytes(key_bytes(secret)[:32])).decode()


def _public_bytes(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _need_cryptography() -> None:
    import importlib.util

    if importlib.util.find_spec("cryptography") is None:
        raise ValueError("needs the extra: pip install 'pulp-events-http[ed25519]'")
