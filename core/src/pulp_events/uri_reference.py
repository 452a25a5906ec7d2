"""Whether a text is a URI-reference (RFC 3986 §4.1), and one made of it if not."""

from __future__ import annotations

import re
from urllib.parse import quote

_PCT = r"%[0-9A-Fa-f]{2}"
_UNRESERVED = r"A-Za-z0-9._~\-"
_SUB = r"!$&'()*+,;="
_PCHAR = rf"(?:[{_UNRESERVED}{_SUB}:@]|{_PCT})"
_NO_COLON = rf"(?:[{_UNRESERVED}{_SUB}@]|{_PCT})"
_HOST = rf"(?:\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB}:]+)\]|(?:[{_UNRESERVED}{_SUB}]|{_PCT})*)"
_AUTHORITY = rf"(?:(?:[{_UNRESERVED}{_SUB}:]|{_PCT})*@)?{_HOST}(?::[0-9]*)?"
_REST = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:\#(?:{_PCHAR}|[/?])*)?"
_ABSOLUTE = rf"/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?"
_HIER = rf"(?://{_AUTHORITY}(?:/{_PCHAR}*)*|{_ABSOLUTE}"
_REFERENCE = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.\-]*:{_HIER}|{_PCHAR}+(?:/{_PCHAR}*)*|)|{_HIER}|{_NO_COLON}+(?:/{_PCHAR}*)*|)){_REST}\Z"
)


def as_uri_reference(text: str) -> str:
    """`text` if it is a URI-reference that is not empty, else all of it as one percent-encoded path segment.

    >>> as_uri_reference("pulp.example.com"), as_uri_reference("https://pulp.example.com/api")
    ('pulp.example.com', 'https://pulp.example.com/api')
    >>> as_uri_reference("Büro 3"), as_uri_reference("")
    ('B%C3%BCro%203', 'pulp-events')
    """
    if not text:
        return "pulp-events"
    return text if _REFERENCE.match(text) else quote(text, safe="", errors="replace")
