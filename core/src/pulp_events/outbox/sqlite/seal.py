"""A digest over the whole file of a backup, kept in that file itself: SQLite has no checksums, and so does not notice
a changed letter in a text.

The digest is stored as text of a fixed length. It is of the file with zeros in its place, wherever that text occurs:
SQLite may have left a copy of the row in a page's unused part.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

_LENGTH = 64
_ZEROS = b"0" * _LENGTH
_BLOCK = 1 << 20


def placeholder() -> str:
    """Text of a digest's length that occurs nowhere else; to be stored where the digest is to be."""
    return secrets.token_hex(_LENGTH // 2)


def close(path: Path, stored: str) -> None:
    """Put the digest in the place of the placeholder, in a file that nothing has open. Raises OSError."""
    token, digest = stored.encode(), _digest(path, stored).encode()
    with path.open("r+b") as file:
        at, carry = 0, b""
        while block := file.read(_BLOCK):
            text = carry + block
            start = text.find(token)
            while start >= 0:
                file.seek(at - len(carry) + start)
                file.write(digest)
                start = text.find(token, start + _LENGTH)
            at += len(block)
            carry = text[1 - _LENGTH :]
            file.seek(at)


def is_whole(path: Path, stored: str) -> bool:
    """Whether the file is as it was when the digest that it holds was made; nothing has it open. Raises OSError."""
    return secrets.compare_digest(_digest(path, stored).encode(), stored.encode(errors="replace"))


def _digest(path: Path, stored: str) -> str:
    token = stored.encode(errors="replace")
    found, carry = hashlib.sha256(), b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = (carry + block).replace(token, _ZEROS)
            found.update(text[: 1 - _LENGTH])
            carry = text[1 - _LENGTH :]
    found.update(carry)
    return found.hexdigest()
