"""The URLs of a listener: told apart, and given labels. Nothing is checked here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

ALL = ""
"""Target that stands for every URL that a reference leads to."""

_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


def split(text: str) -> list[str]:
    """The URLs in a text, which commas, spaces or line ends stand between.

    A comma or space inside of a URL stays, as in `mailto://host?to=a@example.com,b@example.com`.
    """
    return [url for part in _BETWEEN.split(text) if (url := part.strip(" \t\r\n,"))]


def scheme(url: str) -> str:
    """What stands before `://`, in lower case; empty if nothing does."""
    name, found, _ = url.partition("://")
    return name.lower() if found else ""


def labels(urls: Sequence[str]) -> dict[str, str]:
    """Label → URL, in the order of the URLs.

    Only the scheme is in a label, and its number is that among the URLs of this scheme: what waits for `slack` still
    finds it when a URL of another scheme is added or removed.
    """
    seen: Counter[str] = Counter()
    found = {}
    for url in urls:
        name = scheme(url)
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} {seen[name]}"] = url
    return found
