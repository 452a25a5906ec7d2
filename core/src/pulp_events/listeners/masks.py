"""Masks that come back: `********` in what was shown of a configuration stands for the stored value of the same place.

In a mapping the place is the key, so a secret stays although what stands beside it changes. In a list it is the item as
a whole: one that is exactly as it was shown. Nothing says which item a changed one was, so its secret is asked for
rather than sent to another's address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from pulp_events.secrets import MASK, redact

_NOWHERE = object()
_PROBE = "stands-for-a-secret"

Path = tuple[str, ...]


def kept(
    given: Mapping[str, Any], stored: Mapping[str, Any], shown: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Path]]:
    """What is given with the stored values where it is as it was shown, and the places of masks with nothing to keep.

    `shown`: what is stored, fit to be shown.

    >>> kept({"user": "bob", "token": "********"}, {"user": "ann", "token": "t"}, {"user": "ann", "token": "********"})
    ({'user': 'bob', 'token': 't'}, [])
    >>> kept({"token": "********"}, {}, {})
    ({'token': '********'}, [('token',)])
    """
    lost: list[Path] = []
    return {
        key: _kept(value, stored.get(key, _NOWHERE), shown.get(key, _NOWHERE), (key,), lost)
        for key, value in given.items()
    }, lost


def has_mask(schema: Schema, key: str, value: Any) -> bool:
    """Whether the value has a mask where a secret would be masked, and not in text that anybody may see."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if MASK not in text:
        return False
    probed = text.replace(MASK, _PROBE)
    seen = json.dumps(redact(schema, {key: json.loads(probed)}), ensure_ascii=False)
    return seen.count(_PROBE) < probed.count(_PROBE)


def _kept(given: Any, stored: Any, shown: Any, path: Path, lost: list[Path]) -> Any:
    if given == shown or (given == [MASK] and shown == MASK and isinstance(stored, list)):
        return stored  # a list of secrets is shown as one mask, which an option of lists makes one item of
    if isinstance(given, Mapping):
        lost += [(*path, str(key)) for key in given if MASK in str(key)]
        return {
            key: _kept(each, _at(stored, key), _at(shown, key), (*path, str(key)), lost) for key, each in given.items()
        }
    if isinstance(given, list):
        return [
            _kept(each, *_item(number, each, len(given), stored, shown), (*path, str(number)), lost)
            for number, each in enumerate(given)
        ]
    if isinstance(given, str) and MASK in given:
        lost.append(path)
    return given


def _at(value: Any, key: str) -> Any:
    return value.get(key, _NOWHERE) if isinstance(value, Mapping) else _NOWHERE


def _item(number: int, given: Any, length: int, stored: Any, shown: Any) -> tuple[Any, Any]:
    """The stored item that was shown as this one is given, and how it was shown: where several were, they must be the
    same, or the list as long as it was."""
    if isinstance(stored, list) and isinstance(shown, list):
        alike = [one for one, seen in zip(stored, shown, strict=False) if seen == given]
        if alike and all(each == alike[0] for each in alike):
            return alike[0], given
        if length == len(shown) and shown[number] == given:
            return stored[number], given
    return _NOWHERE, _NOWHERE
