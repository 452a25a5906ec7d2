"""Header fields: one line each however long, encoded where they must be. No input or output here."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

LINE_LIMIT = 998
"""Octets of a line at the most, its CRLF not counted (RFC 5322 §2.1.1)."""

_UTF8 = SMTP.clone(utf8=True)
_ATOM = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*\Z")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\Z")


def header(name: str, value: str) -> str:
    """One header field, folded and, where it must be, encoded (RFC 2047), with its CRLF."""
    plain = f"{name}: {value}\r\n"
    if value.isascii() and value.isprintable() and "=?" not in value and len(plain) <= 78 and value == value.strip():
        return plain  # what nearly all are, and the email package takes its time
    return _folded(SMTP, name, value)


@lru_cache(maxsize=1024)
def often(name: str, value: str) -> str:
    """The same for fields with few values."""
    return header(name, value)


@lru_cache(maxsize=1024)
def date(second: datetime) -> str:
    """As RFC 5322 §3.3 writes it."""
    return format_datetime(second)


def address_header(name: str, display_name: str, address: str) -> str:
    """`From: Pulp <no-reply@your.domain>`. An address beyond ASCII stands as it is (RFC 6532): it goes by SMTPUTF8."""
    if not display_name:
        # Folded before the address at the most: an address in two lines is taken for two words.
        space = " " if len(name) + len(address) <= 75 else "\r\n "
        return f"{name}:{space}{address}\r\n"
    if address.isascii():
        return header(name, str(Address(display_name, addr_spec=address)))
    local, _, domain = address.rpartition("@")
    return _folded(_UTF8, name, str(Address(display_name, username=local, domain=domain)))


def one_line(text: str, longest: int = 255) -> str:
    """The text fit for a header's value: line breaks and other control characters become a space."""
    if len(text) <= longest and text.isprintable():
        return " ".join(text.split())
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text[:10_000])
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def list_id(listener_id: str, domain: str) -> str:
    """The value of List-Id (RFC 2919 §2): one list for each listener, so that mail can be sorted by it."""
    label = listener_id if _ATOM.match(listener_id) else _digest(listener_id)
    return f"<{label}.pulp-events.{domain if _HOST.match(domain) else 'localhost'}>"


def thread_id(task_id: str, domain: str) -> str:
    """The Message-ID that stands for a task, for References: nobody sends that message, its answers are one thread."""
    label = task_id if len(task_id) <= 64 and _ATOM.match(task_id) else _digest(task_id)
    return f"<task.{label}@{domain}>"


def _folded(policy: object, name: str, value: str) -> str:
    message = EmailMessage(policy=policy)  # type: ignore[arg-type]
    message[name] = value
    text = message.as_bytes().partition(b"\r\n\r\n")[0].decode("utf-8") + "\r\n"
    if max(map(len, text.encode().split(b"\r\n"))) <= LINE_LIMIT:
        return text
    return _folded(policy, name, one_line(value, 255) if len(value) > 255 else _digest(value))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
