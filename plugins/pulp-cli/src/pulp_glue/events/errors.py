"""What the server says of the fields of a request, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pulp_glue.common.exceptions import PulpHTTPError

_OF_NO_FIELD = {"detail", "non_field_errors", "_schema"}


@dataclass(frozen=True)
class FieldError:
    """One sentence of the server about one field."""

    path: tuple[str, ...]
    """`("notifier_config", "url")`; empty where it concerns the request as a whole."""
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {self.message}" if self.path else self.message


class RequestRefused(PulpHTTPError):
    """A request that the server refused, with reasons that can be read."""

    def __init__(self, errors: tuple[FieldError, ...], status_code: int) -> None:
        super().__init__("\n".join(map(str, errors)), status_code)
        self.errors = errors


def refused(error: PulpHTTPError) -> PulpHTTPError:
    """The same error in words, if its text is the JSON that Django REST framework answers with."""
    try:
        body = json.loads(str(error))
    except ValueError:
        return error
    errors = tuple(_flat(body, ()))
    return RequestRefused(errors, error.status_code) if errors else error


def _flat(found: Any, path: tuple[str, ...]) -> Iterator[FieldError]:
    if isinstance(found, dict):
        for key, inner in found.items():
            yield from _flat(inner, path if key in _OF_NO_FIELD else (*path, str(key)))
    elif isinstance(found, list):
        for at, inner in enumerate(found):
            yield from _flat(inner, (*path, str(at)) if isinstance(inner, dict | list) and inner else path)
    elif found is not None:
        yield FieldError(path, " ".join(str(found).split()))
