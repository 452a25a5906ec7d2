"""The keywords of JSON Schema whose cost a payload can drive up, with a limit: `emit` runs in its caller.

A pattern such as `^(a+)+$` takes twice as long for each further letter, `uniqueItems` compares each item with each, and
schemas that refer to themselves in several ways double their work at each level.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from pulp_events.system.signal_handlers import raised_in_handler

SECONDS = 0.5
"""That the patterns of one payload may take together; most take some millionths."""
REFERENCES = 20_000
"""That may be followed for one payload, at some 10 µs each."""


class TooMuch(Exception):
    """The payload takes more to check than one may; the text says of what, without its values."""


@dataclass
class _Budget:
    seconds: float
    references: int


_budget: ContextVar[_Budget] = ContextVar("budget of a payload")


@contextmanager
def budget() -> Iterator[None]:
    """What a payload may cost that is checked within. The keywords raise TooMuch beyond it."""
    token = _budget.set(_Budget(SECONDS, REFERENCES))
    try:
        yield
    finally:
        _budget.reset(token)


def kind_like(kind: Any) -> Any:
    """The validator class with the keywords of this file, where it has them."""
    ours: dict[str, Any] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "uniqueItems": _unique_items,
    }
    ours.update({key: _counted(kind.VALIDATORS[key]) for key in _REFERRING if key in kind.VALIDATORS})
    if "additionalProperties" in kind.VALIDATORS:
        ours["additionalProperties"] = _additional_properties(kind.VALIDATORS["additionalProperties"])
    like: Any = extend
    return like(kind, {key: each for key, each in ours.items() if key in kind.VALIDATORS})


_REFERRING = ("$ref", "$dynamicRef", "$recursiveRef")


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """The compiled pattern. Raises regex.error."""
    return regex.compile(pattern)


def _found(pattern: str, text: str) -> bool:
    left = _budget.get()
    started = time.perf_counter()
    try:
        return compiled(pattern).search(text, timeout=max(left.seconds, 0.001)) is not None
    except TimeoutError as error:
        if raised_in_handler(error):
            raise
        raise TooMuch(f"takes more than {SECONDS:g} s to compare with the pattern {pattern!r:.80}") from error
    finally:
        left.seconds -= time.perf_counter() - started


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, within in patterns.items():
        for key, value in instance.items():
            if _found(pattern, key):
                yield from validator.descend(value, within, path=key, schema_path=pattern)


def _additional_properties(theirs: Any) -> Any:
    """jsonschema's own looks for keys by patterns without a limit; it is given those that are left."""

    def check(validator: Any, further: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        patterns = schema.get("patternProperties")
        if not patterns or not validator.is_type(instance, "object"):
            yield from theirs(validator, further, instance, schema) or ()
            return
        left = {key: value for key, value in instance.items() if not any(_found(each, key) for each in patterns)}
        rest = {key: value for key, value in schema.items() if key != "patternProperties"}
        yield from theirs(validator, further, left, rest) or ()

    return check


def _counted(theirs: Any) -> Any:
    def check(validator: Any, reference: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        left = _budget.get()
        left.references -= 1
        if left.references < 0:
            raise TooMuch(f"takes more than {REFERENCES} references to check")
        yield from theirs(validator, reference, instance, schema) or ()

    return check


def _unique_items(validator: Any, wanted: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not wanted or not validator.is_type(instance, "array"):
        return
    seen: set[Any] = set()
    for item in instance:
        known = len(seen)
        seen.add(_hashable(item))
        if len(seen) == known:
            yield ValidationError(f"{instance!r} has non-unique elements")
            return


def _hashable(value: Any) -> Any:
    """Equal for values that JSON Schema says are equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, Mapping):
        return "object", frozenset((key, _hashable(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return "array", tuple(map(_hashable, value))
    return isinstance(value, bool), value
