"""`Scrubber`: takes secrets out of a text, in whichever words they stand there."""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulp_events.redaction.passwords import MASK, mask_passwords
from pulp_events.redaction.percent import readings

SHORTEST = 3
"""Characters of a secret that is looked for: shorter ones stand in any text."""
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_SHORTEST_BASE64 = 4
_SHORTEST_PARAMETER = 6
_SHORTEST_HEX = 8
_ENTITIES = (
    ("&", ("&amp;",)),
    ("<", ("&lt;",)),
    (">", ("&gt;",)),
    ('"', ("&quot;", "&#34;")),
    ("'", ("&#x27;", "&#39;")),
)

alive: list[weakref.ref[Scrubber]] = []
"""Those of this process, for logs that are not ours; see `log_scrubbing`."""


class Scrubber:
    """Removes known secrets, and passwords in URLs, from a text before it is stored or logged.

    A secret is recognised as it is; as quoted by Python, JSON, HTML and URLs (even again and again); in hex; and in
    base64, even as part of what is encoded, such as the password in the `user:password` of an Authorization header.
    """

    def __init__(self, secrets: Iterable[Any]) -> None:
        texts: set[str] = set()
        encoded: set[str] = set()
        for secret in secrets:
            for text in _texts(secret):
                texts.add(text)
                texts.update(_quoted(text))
                encoded.update(_in_base64(text))
        self._known = _any_of(text for text in texts if len(text) >= SHORTEST)
        self._encoded = _any_of(encoded)
        alive.append(weakref.ref(self, _forget))

    def __call__(self, text: str) -> str:
        return scrub_by([self], text)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a secret begins and ends."""
        for plain, places in readings(text):
            for first, last in self._plain_spans(plain):
                yield (first, last) if places is None else (places[first], places[last])

    def _plain_spans(self, text: str) -> Iterator[tuple[int, int]]:
        if self._known is not None:
            yield from (found.span(1) for found in self._known.finditer(text))
        if self._encoded is not None:
            for found in self._encoded.finditer(text):
                first, last = found.span(1)
                while first and text[first - 1] in _BASE64:
                    first -= 1
                while last < len(text) and text[last] in _BASE64:
                    last += 1
                yield first, last


def scrub_by(scrubbers: Iterable[Scrubber], text: str) -> str:
    """Take what any of them knows out of a text: all look at the whole of it, as the secret of one may begin with that
    of another, and what would be left of it then is known to none."""
    spans = sorted(span for each in scrubbers for span in each._spans(text))
    parts, end = [], 0
    for first, last in spans:
        if first >= end:
            parts += [text[end:first], MASK]
        end = max(end, last)
    return mask_passwords("".join([*parts, text[end:]]) if spans else text)


def _forget(gone: weakref.ref[Scrubber]) -> None:
    alive.remove(gone)


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(texts, key=len, reverse=True)
    # Looks ahead without consuming, so that secrets which overlap are found both.
    return re.compile(f"(?=({'|'.join(map(re.escape, longest_first))}))") if longest_first else None


def _texts(value: Any) -> Iterator[str]:
    """The texts that are secret in a value."""
    if isinstance(value, str):
        yield value
        for line in value.splitlines():
            yield line.strip()
        if "://" in value:
            yield from _of_url(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _texts(item)


def _of_url(url: str) -> Iterator[str]:
    """Where a URL is secret, its password, path and query are: clients name these alone when they fail."""
    from urllib.parse import unquote

    authority, slash, path = url.partition("://")[2].partition("/")
    userinfo, at, _ = authority.rpartition("@")
    if at:
        password = userinfo.partition(":")[2]
        yield from (password, unquote(password))
    yield slash + path
    for query in (path.partition("?")[2], authority.partition("?")[2]):
        yield query
        for parameter in query.split("&"):
            if len(value := parameter.partition("=")[2]) >= _SHORTEST_PARAMETER:
                yield from (value, unquote(value))


def _quoted(text: str) -> Iterator[str]:
    """As errors and answers quote it: in a repr, in one that has both kinds of quotes, in JSON, in HTML, in hex; and
    what is left of a space where a form is decoded as a URL is."""
    plain = text.encode("utf-8", "replace")
    yield from (repr(text)[1:-1], repr(text + "'\"")[1:-4], json.dumps(text)[1:-1])
    yield from (repr(plain)[2:-1], repr(plain + b"'\"")[2:-4])
    digits = plain.hex()
    if len(digits) >= _SHORTEST_HEX:
        yield from (digits, digits.upper())
    yield text.replace(" ", "+")
    escaped = {text}
    for character, entities in _ENTITIES:
        escaped |= {each.replace(character, entity) for each in escaped for entity in entities if character in each}
    yield from escaped


def _in_base64(text: str) -> Iterator[str]:
    """What is always there when the text is encoded, whatever stands before and after it.

    Three bytes become four characters, so the text may begin at three places among them; characters that share bits
    with a neighbour are left out.
    """
    from base64 import b64encode

    plain = text.encode("utf-8", "replace")
    if len(plain) < SHORTEST:
        return
    for before in range(3):
        bits = b64encode(b"\0" * before + plain).decode().rstrip("=")
        first = (0, 2, 3)[before]
        last = len(bits) - bool((before + len(plain)) % 3)
        if len(core := bits[first:last]) >= _SHORTEST_BASE64:
            yield from (core, core.replace("+", "-").replace("/", "_"))
