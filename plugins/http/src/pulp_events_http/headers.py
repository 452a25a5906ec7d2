"""`--header 'Name: value'`: header fields that an administrator adds to each request. No input or output here."""

from __future__ import annotations

import re

# RFC 9110 §5.6.2: a token. §5.5: visible ASCII, spaces and tabs are what every receiver understands.
# Compiled when first used: each start of pulp-admin imports this.
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?"

_OF_THE_CONNECTION = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect")
    + ("proxy-authorization", "proxy-connection", "accept-encoding")
)
_OURS = ("pulp-", "webhook-", "ce-")


def name_of(text: str) -> str:
    """The name of a header as it is written, which is no secret, unlike its value; empty where there is none."""
    name, colon, _ = text.partition(":")
    return name if colon and re.fullmatch(_NAME, name.strip(" \t")) else ""


def parse_header(text: str) -> tuple[str, str]:
    """Name and value of `Name: value`.

    Raises ValueError for what is no header field, and for one that the notifier makes or that belongs to the
    connection. The text of the error holds the name at the most, as the value is a secret.
    """
    name, colon, value = text.partition(":")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not colon or not re.fullmatch(_NAME, name):
        raise ValueError("is not a header; write 'Name: value'")
    if not re.fullmatch(_VALUE, value):
        raise ValueError(f"has a value for {name} that is empty or not in visible ASCII characters and spaces")
    lower = name.lower()
    if lower == "content-type":
        raise ValueError("cannot set Content-Type; use --format, or --content-type for a template")
    if lower in _OF_THE_CONNECTION or lower.startswith(_OURS):
        raise ValueError(f"cannot set {name}, which is set for each request")
    return name, value
