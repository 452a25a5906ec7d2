"""`Uses`: the places in a report that an expression reads, and whether a field is among them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""Keys from the report down, such as `("payload", "lines", "[]", "count")`; `()` is the report itself."""

ITEM = "[]"
"""An item of a list."""
ANY = "*"
"""A key that is known only when the expression is evaluated."""
DEEPEST = 16
"""Keys of a path that are followed; a longer one stands for all below it."""

YES, MAYBE, NO = "yes", "maybe", "no"
PAYLOAD, CALL_REPORT = "payload", "call_report"
_KEY = r"""(?:[^\s.*'"\[\]]+|"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})+")"""
_FIRST = re.compile(_KEY)
_STEP = re.compile(rf"\.{_KEY}|\[(?:\*|-?\d+)?\]")
ROOTS: frozenset[Path] = frozenset([(), (PAYLOAD,), (CALL_REPORT,)])
"""Whether these are there, or empty, is not a matter of one field."""
WHOLE = "any field"
_OF_REPORTS = frozenset[Path]([(), (PAYLOAD,), (CALL_REPORT,), (ANY,)])
"""How a path begins that may lead to a field: the event type, for one, has none."""
_ALL = frozenset[Path]([(), (PAYLOAD,), (ANY,), (PAYLOAD, ANY), (ANY, ANY)])
"""Paths that may be any field of a payload."""


class Uses:
    """What one filter or template reads."""

    def __init__(self) -> None:
        self._whole: dict[Path, bool] = {}

    def add(self, paths: Iterable[Path], *, whole: bool = True) -> None:
        """These places are read: with everything below them, or (`whole=False`) only whether they are there."""
        for path in paths:
            self._whole[path] = self._whole.get(path, False) or whole

    @property
    def fields(self) -> list[str]:
        """What is read of payload and call report, for people; `any field` where that may be anything."""
        known = [path for path in sorted(self._whole) if stripped(path)[:1] in _OF_REPORTS]
        # That a list is there matters little beside what is read of its items.
        deeper = [path for path in known if self._whole[path] or not any(is_below(other, path) for other in known)]
        return list(dict.fromkeys(map(text_of, deeper)))

    def of(self, field: Path) -> str:
        """`yes`: the field is read; `maybe`: something is that it may be part of; `no`."""
        named = stripped(field)
        lists = {stripped(field[:index]) for index, key in enumerate(field) if key == ITEM}
        # Whether a list is empty does not depend on what its items have; an object that loses all its keys is.
        verdicts = {
            _verdict(stripped(path), whole or path[-1:] == (ITEM,) or stripped(path) not in lists, named)
            for path, whole in self._whole.items()
        }
        return YES if YES in verdicts else MAYBE if MAYBE in verdicts else NO


def extended(paths: Iterable[Path], key: str) -> frozenset[Path]:
    """The places below these of the name `key`."""
    return frozenset(
        path if len(path) >= DEEPEST or (key == ITEM and path[-1:] in ((ITEM,), (ANY,))) else (*path, key)
        for path in paths
    )


def text_of(path: Path) -> str:
    """A path as filters have it.

    >>> text_of(("payload", "lines", "[]", "count")), text_of(("payload", "*")), text_of(()), text_of(("*", "count"))
    ('payload.lines[].count', 'any field', 'any field', '*.count')
    """
    if stripped(path)[:2] in _ALL:
        return WHOLE
    return ".".join(path).replace(f".{ITEM}", ITEM)


def field_named(text: str) -> Path:
    """The path of a field as people name it: `repo_id` is `payload.repo_id`. Raises ValueError if `text` names none.

    An item of a list may have a number, and a key quotes, as filters have them.

    >>> field_named("lines[].count"), field_named("call_report.tags")
    (('payload', 'lines', '[]', 'count'), ('call_report', 'tags'))
    >>> field_named('lines[0]."two words"')
    ('payload', 'lines', '[]', 'two words')
    """
    keys: list[str] = []
    position = 0
    while position < len(text) or not keys:
        found = (_STEP if keys else _FIRST).match(text, position)
        if found is None:
            raise ValueError(f"{text!r:.60} is not a field; write one as repo_id, lines[].count or call_report.state")
        position = found.end()
        if (item := found[0]).startswith("["):
            keys.append(ITEM)
        else:
            key = item.removeprefix(".")
            keys.append(json.loads(key) if key.startswith('"') else key)
    return tuple(keys) if keys[0] in (PAYLOAD, CALL_REPORT) else (PAYLOAD, *keys)


def is_below(path: Path, other: Path) -> bool:
    """True if `path` is part of what `other` is."""
    return len(path) > len(other) and path[: len(other)] == other


def stripped(path: Path) -> Path:
    """The keys without what stands for items: a filter may go through a list in several ways."""
    return tuple(key for key in path if key != ITEM)


def _verdict(read: Path, whole: bool, field: Path) -> str:
    verdict = YES
    for mine, named in zip(read, field, strict=False):
        if mine == ANY:
            verdict = MAYBE
        elif mine != named:
            return NO
    if len(read) < len(field):
        return MAYBE if whole else NO
    return verdict
