"""References to secrets: `{"$env": "NAME"}` or `{"$file": "/path"}` in the place of a secret of a configuration.

They are read each time a channel opens, so that the record holds no secret. In a list, a mapping or an object each of
its secrets may be one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pulp_events.errors import SettingsError
from pulp_events.system.remedies import remedy

VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
"""A name that shells can set (POSIX.1-2017, XBD 3.235 Name)."""


def is_misnamed(reference: Mapping[str, str]) -> bool:
    """True where it is of an environment variable that no shell could set, so that nothing would ever be there."""
    return "$env" in reference and re.fullmatch(VARIABLE, reference["$env"]) is None


def is_reference(value: Any) -> bool:
    """True for `{"$env": …}` and `{"$file": …}`."""
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and next(iter(value)) in ("$env", "$file")
        and isinstance(next(iter(value.values())), str)
    )


def references_in(value: Any) -> Iterator[Mapping[str, str]]:
    """The references in a value, at any depth; the value itself if it is one."""
    if is_reference(value):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from references_in(each)


def holds_reference(value: Any) -> bool:
    """True for a reference, and for a list or mapping that has one at any depth."""
    return next(references_in(value), None) is not None


def describe_reference(reference: Mapping[str, str]) -> str:
    """`env:NAME` or `file:PATH`, as the CLI takes it."""
    kind, name = next(iter(reference.items()))
    return f"{kind[1:]}:{name}"


def resolve(value: Any, place: str) -> Any:
    """The value with what its references lead to in their places, at any depth; anything else as it is.

    One line break at a file's end is dropped. Raises SettingsError that names `place` and the reference when it cannot
    be read.
    """
    if is_reference(value):
        kind, name = next(iter(value.items()))
        return _read(kind, name, place)
    if isinstance(value, list | tuple) and holds_reference(value):
        return [resolve(item, place) for item in value]
    if isinstance(value, Mapping) and holds_reference(value):
        return {key: resolve(item, f"{place} {key}") for key, item in value.items()}
    return value


def _read(kind: str, name: str, place: str) -> str:
    if kind == "$env":
        if name not in os.environ:
            raise SettingsError(f"{place}: environment variable {name} is not set in this process; set it and retry")
        return os.environ[name]
    try:
        return Path(name).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise SettingsError(f"{place}: cannot read {name}: {error.strerror}; {remedy(error, 'read')}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{place}: cannot read {name}: not UTF-8 text; write it as UTF-8") from error
