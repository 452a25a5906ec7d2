"""Header fields: names, addresses, dates and ids, in lines that every server takes. No input or output here."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from pulp_events_email.encoded_words import WIDTH, encode, field, is_plain

_ATOM = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*\Z")
_DOTTED = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\Z")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
"""Atoms with a space between each (RFC 5322 §3.2.5): a name that needs no quotes."""

_BREAK = re.compile(r" *\n[ \n]*")


def header(name: str, value: str) -> str:
    """One header field, folded and, where it must be, encoded (RFC 2047), with its CRLF."""
    if len(name) + len(value) <= WIDTH - 2 and is_plain(value):
        return f"{name}: {value}\r\n"
    return field(name, value)


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
    line = f"{name}: "
    if display_name:
        words = _phrase(display_name, len(line))
        # Some parsers, Python's among them, read a space between two encoded words of a name: rather one, below.
        if "\r\n" in words and "\r\n" not in (alone := _phrase(display_name, 1)):
            line, words = f"{name}:\r\n ", alone
        line, address = f"{line}{words} ", f"<{address}>"
    # Folded before the address at the most: an address in two lines is taken for two words.
    if len(line.rpartition("\r\n")[2]) + len(address.encode()) > WIDTH:
        line = line.rstrip(" ") + "\r\n "
    return f"{line}{address}\r\n"


def _phrase(text: str, taken: int) -> str:
    """A display name (RFC 5322 §3.4); `taken`: characters before it."""
    quoted = text if _PHRASE.match(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return quoted if is_plain(text) and taken + len(quoted) <= WIDTH else encode(text, taken)


def one_line(text: str, longest: int = 255) -> str:
    """The text fit for a header's value, without spaces at its ends.

    Line breaks and other control characters become one space, together with what spaces are at them.
    """
    if not (len(text) <= longest and text.isprintable()):
        kept = [
            "\n" if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character
            for character in text[:10_000]
        ]
        text = _BREAK.sub(" ", "".join(kept))
    line = text.strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def list_id(listener_id: str, domain: str) -> str:
    """The value of List-Id (RFC 2919 §2): one list for each listener, so that mail can be sorted by it."""
    label = listener_id if _ATOM.match(listener_id) else _digest(listener_id)
    return f"<{label}.pulp-events.{domain if _HOST.match(domain) else 'localhost'}>"


def message_id(delivery_id: str, domain: str) -> str:
    """The value of Message-ID: the delivery's id where that is a dot-atom (RFC 5322 §3.2.3), else a digest of it."""
    is_short = len(delivery_id) <= 100
    return f"<{delivery_id if is_short and _DOTTED.match(delivery_id) else _digest(delivery_id)}@{domain}>"


def thread_id(task_id: str, domain: str) -> str:
    """The Message-ID that stands for a task, for References: nobody sends that message, its answers are one thread."""
    label = task_id if len(task_id) <= 64 and _ATOM.match(task_id) else _digest(task_id)
    return f"<task.{label}@{domain}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
