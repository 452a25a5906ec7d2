"""Secrets in configurations: references to them, and keeping them out of sight.

A secret field (`metadata={"secret": True}`) holds its value or a reference, `{"$env": "NAME"}` or
`{"$file": "/path"}`, that is read each time a channel opens, so that the record holds no secret. In a list or mapping
each item may be one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema

from pulp_events.errors import SettingsError

MASK = "********"
_URL_PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):[^\s/]+(?=@)")
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|credential|key|auth", re.IGNORECASE)


def secret_fields(schema: Schema) -> set[str]:
    """Keys (as in the configuration) of the fields that hold secrets."""
    return {field.data_key or name for name, field in schema.fields.items() if field.metadata.get("secret")}


def is_secret(schema: Schema, key: str) -> bool:
    """True if the value of this key must not be shown: a secret field's, or what may be one's under a misspelt name."""
    names = {field.data_key or name for name, field in schema.fields.items()}
    if key in names:
        return key in secret_fields(schema)
    import difflib

    return bool(_SECRET_NAME.search(key) or difflib.get_close_matches(key, secret_fields(schema), n=1))


def is_reference(value: Any) -> bool:
    """True for `{"$env": …}` and `{"$file": …}`."""
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and next(iter(value)) in ("$env", "$file")
        and isinstance(next(iter(value.values())), str)
    )


def holds_reference(value: Any) -> bool:
    """True for a reference, and for a list or mapping that has one among its items."""
    if is_reference(value):
        return True
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(map(is_reference, items))


def describe_reference(reference: Mapping[str, str]) -> str:
    """`env:NAME` or `file:PATH`, as the CLI takes it."""
    kind, name = next(iter(reference.items()))
    return f"{kind[1:]}:{name}"


def resolve(value: Any, place: str) -> Any:
    """The value that a reference stands for, also as an item of a list or mapping; anything else as it is.

    One line break at a file's end is dropped. Raises SettingsError that names `place` and the reference when it cannot
    be read.
    """
    if not is_reference(value):
        if isinstance(value, list | tuple):
            return [resolve(item, place) if is_reference(item) else item for item in value]
        if isinstance(value, Mapping):
            return {key: resolve(item, f"{place} {key}") if is_reference(item) else item for key, item in value.items()}
        return value
    kind, name = next(iter(value.items()))
    if kind == "$env":
        if name not in os.environ:
            raise SettingsError(f"{place}: environment variable {name} is not set in this process; set it and retry")
        return os.environ[name]
    try:
        return Path(name).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError(f"{place}: cannot read {name}: {reason}; mend the file or its permissions") from error


def mask_passwords(text: str) -> str:
    """The text with the passwords of the URLs in it masked."""
    return _URL_PASSWORD.sub(r"\1:" + MASK, text)


def redact(schema: Schema, config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration fit to be shown: secrets masked, references spelt, passwords in URLs masked."""
    secrets = secret_fields(schema)
    shown: dict[str, Any] = {}
    for key, value in config.items():
        shown[key] = _without_value(value) if key in secrets else _masked(value)
    return shown


def _without_value(value: Any) -> Any:
    """What may be shown of a secret: its references."""
    if is_reference(value):
        return describe_reference(value)
    if not holds_reference(value):
        return MASK
    if isinstance(value, Mapping):
        return {key: _without_value(item) for key, item in value.items()}
    return [_without_value(item) for item in value]


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_passwords(value)
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _masked(item) for key, item in value.items()}
    return value


class Scrubber:
    """Takes known secrets, and passwords in URLs, out of a text before it is stored or logged."""

    def __init__(self, secrets: Iterable[Any]) -> None:
        texts: set[str] = set()
        for secret in secrets:
            texts.update(_texts(secret))
        longest_first = sorted((text for text in texts if len(text) >= 3), key=len, reverse=True)
        # Looks ahead without consuming, so that secrets which overlap are found both.
        self._known = re.compile(f"(?=({'|'.join(map(re.escape, longest_first))}))") if longest_first else None

    def __call__(self, text: str) -> str:
        return mask_passwords(self._without_known(text))

    def _without_known(self, text: str) -> str:
        if self._known is None:
            return text
        parts, end = [], 0
        for found in self._known.finditer(text):
            first, last = found.span(1)
            if first >= end:
                parts += [text[end:first], MASK]
            end = max(end, last)
        return "".join([*parts, text[end:]])


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
        # as errors quote it: in a repr, in one that has both kinds of quotes, in JSON
        yield from (repr(value)[1:-1], repr(value + "'\"")[1:-4], json.dumps(value)[1:-1])
        for line in value.splitlines():
            yield line.strip()
        if "://" in value:
            # Where a URL is secret, its path and query are: clients name these alone when they fail.
            authority, slash, path = value.partition("://")[2].partition("/")
            yield slash + path
            yield path.partition("?")[2]
            yield authority.partition("?")[2]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _texts(item)
