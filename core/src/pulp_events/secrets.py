"""Secrets in configurations: references to them, and keeping them out of sight.

A secret field (`metadata={"secret": True}`) holds its value or a reference, `{"$env": "NAME"}` or
`{"$file": "/path"}`, that is read each time a channel opens, so that the record holds no secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema

from pulp_events.errors import SettingsError

MASK = "********"
_URL_PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+(?=@)")


def secret_fields(schema: Schema) -> set[str]:
    """Keys (as in the configuration) of the fields that hold secrets."""
    return {field.data_key or name for name, field in schema.fields.items() if field.metadata.get("secret")}


def is_reference(value: Any) -> bool:
    """True for `{"$env": …}` and `{"$file": …}`."""
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and next(iter(value)) in ("$env", "$file")
        and isinstance(next(iter(value.values())), str)
    )


def describe_reference(reference: Mapping[str, str]) -> str:
    """`env:NAME` or `file:PATH`, as the CLI takes it."""
    kind, name = next(iter(reference.items()))
    return f"{kind[1:]}:{name}"


def resolve(value: Any, place: str) -> Any:
    """The value that a reference stands for; anything else as it is. One line break at a file's end is dropped.

    Raises SettingsError that names `place` and the reference when it cannot be read.
    """
    if not is_reference(value):
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
        if is_reference(value):
            shown[key] = describe_reference(value)
        elif key in secrets:
            shown[key] = MASK
        elif isinstance(value, str):
            shown[key] = mask_passwords(value)
        else:
            shown[key] = value
    return shown


class Scrubber:
    """Takes known secrets, and passwords in URLs, out of a text before it is stored or logged."""

    def __init__(self, secrets: Iterable[Any]) -> None:
        texts: set[str] = set()
        for secret in secrets:
            texts.update(_texts(secret))
        longest_first = sorted((text for text in texts if len(text) >= 3), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MASK, text)
        return mask_passwords(text)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
        for line in value.splitlines():
            yield line.strip()
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _texts(item)
