"""Passwords in addresses: in URLs that stand in a text, and in what somebody gave for an address and may be none.

What the query of a URL has under a name such as `token` is one, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MASK = "********"
SHORTEST_PART = 4
"""Characters of a part of a password that is hidden by itself."""
# Those that few texts need are compiled when first used: each start of pulp-admin imports this.
_URL_PASSWORD = r"(?<=://)([^\s/:@]*):[^\s/]+(?=@)"
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_PORT = re.compile(r"\d*(?:$|[/?#]|[,;\s]+[A-Za-z][A-Za-z0-9+.-]*://)")
_UNFINISHED_URL = r"(?<=://)([^\s/:@\[\]'\"]*):(?!\d+(?:[/?#,;\s'\")]|\.?(?:\s|$)))[^\s/'\"]+"
"""What stands where a port would, and is none."""
_ACCOUNT = r"(?<![^\s'\"\[({,;=])([^\s/:@'\"]*):(?!//)\S+(?=@[^\s@])"
"""`user:password@` without a scheme before it."""

_IN_QUERY = (
    r"(?<=[?&;])((?:[\w.\[\]-]|%[0-9A-Fa-f]{2}){0,60}?(?:pass|pwd|secret|token|credential|key|auth|(?<![A-Za-z])sig)"
    r"(?:[\w.\[\]-]|%[0-9A-Fa-f]{2}){0,60}=)(?!\{[{%])([^\s&#;'\"<>]+)"
)
"""A parameter that is a secret by its name, unless a template is to make its value. Names are bounded, as the time that
it takes to find none grows with their square."""


def mask_passwords(text: str) -> str:
    """The text with the passwords of the URLs in it masked, and secrets in their queries."""
    if "@" in text:
        text = re.sub(_URL_PASSWORD, r"\1:" + MASK, text)
    return re.sub(_IN_QUERY, r"\1" + MASK, text, flags=re.IGNORECASE) if "=" in text else text


def passwords_of_urls(text: str) -> Iterator[str]:
    """The passwords of the URLs in a text, and secrets in their queries, as they stand there and decoded; also a
    password with a space, where all of the text is an address."""
    if "://" in text:
        from urllib.parse import unquote

        found = [match[0].partition(":")[2] for match in re.finditer(_URL_PASSWORD, text)]
        if _SCHEME.match(text) and (span := _span(text)) is not None:
            found.append(text[slice(*span)])
        found += [match[2] for match in re.finditer(_IN_QUERY, text, re.IGNORECASE)]
        for password in found:
            yield from (password, unquote(password))


def mask_address(text: str) -> str:
    """A text fit to be shown that may be an address as a whole, and then has a password with any characters in it."""
    return mask_passwords(_masked(text) if _SCHEME.match(text) else text)


def mask_value(value: Any) -> str:
    """The `repr` of what somebody gave, fit to be shown: it may be meant for an address, and be none for its password.

    So everything between the first `:` that can stand before a password and the last `@` is masked, with spaces,
    slashes and quotes, and where a URL has no `@`, everything behind what would be its user.
    """
    if isinstance(value, str):
        return repr(mask_passwords(_masked(value)))
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {mask_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(mask_value, value))}]"
    return repr(value)


def mask_message(message: str, value: Any, *, secret: bool = False) -> str:
    """What is said of such a value: no part of its password from SHORTEST_PART characters on is left.

    A message may quote the value as it is, cut it, or name only an item of it. `secret`: all of the value is one.
    """
    # The scheme of an address is no secret, and the message may be about it.
    secrets = (
        (_SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text for text in _texts(value))
        if secret
        else _passwords(value)
    )
    for password in secrets:
        message = _without_parts(message, password)
    return re.sub(_ACCOUNT, r"\1:" + MASK, re.sub(_UNFINISHED_URL, r"\1:" + MASK, mask_passwords(message)))


def _masked(text: str) -> str:
    span = _span(text)
    return text if span is None else text[: span[0]] + MASK + text[span[1] :]


def _passwords(value: Any) -> Iterator[str]:
    for text in _texts(value):
        if (span := _span(text)) is not None:
            yield text[slice(*span)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _span(text: str) -> tuple[int, int] | None:
    """Where a password stands, if all of the text is meant for one address, or for some."""
    schemes = [match.end() for match in re.finditer("://", text)]
    for start in schemes:
        authority = text.find("]", start) + 1 if text.startswith("[", start) else start
        colon = text.find(":", authority)
        if colon < 0 or any(mark in text[authority:colon] for mark in "/?#") or _PORT.match(text, colon + 1):
            continue
        at = text.rfind("@", colon)
        return colon + 1, at if at > colon else len(text)
    if _SCHEME.match(text):
        return None
    colon, at = text.find(":"), text.rfind("@")
    return (colon + 1, at) if 0 <= colon < at else None


def _without_parts(text: str, password: str) -> str:
    spans: list[tuple[int, int]] = []
    first = 0
    while first < len(text):
        last = first
        while last < len(text) and text[first : last + 1] in password:
            last += 1
        if last - first >= SHORTEST_PART:
            spans.append((first, last))
            first = last
        else:
            first += 1
    return _with_masks(text, spans)


def _with_masks(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, end = [], 0
    for first, last in spans:
        parts += [text[end:first], MASK]
        end = last
    return "".join([*parts, text[end:]])
