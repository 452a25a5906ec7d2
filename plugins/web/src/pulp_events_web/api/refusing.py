"""What is refused of a request, by the field or parameter that it is about."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from flask import request
from werkzeug.exceptions import HTTPException

from pulp_events.errors import InvalidConfig, NameTaken
from pulp_events_web.problems import Faults, Where, faults_of, problem


class Refused(HTTPException):
    """An answer that is a problem. `found`: messages by field, which are of the body, or as `where` says."""

    def __init__(
        self, status: HTTPStatus | int, detail: str, found: Any = None, *, where: Where = "json", **headers: str
    ) -> None:
        super().__init__(detail, problem(status, detail, Faults(faults_of(where, found or {})), **headers))
        self.code = int(status)


def refuse(field: str, detail: str, status: int = 422, *, where: Where | None = None) -> NoReturn:
    """Raise Refused: the value of this field, parameter or header is not valid. `where` it is: if that is not said, in
    the query of a GET, in the body of any other request."""
    found: Where = where or ("query" if request.method in ("GET", "HEAD") else "json")
    raise Refused(status, detail, {field: [detail]}, where=found) from None


def missing(detail: str) -> NoReturn:
    """Raise Refused: there is no such thing."""
    raise Refused(HTTPStatus.NOT_FOUND, detail) from None


@contextlib.contextmanager
def by_field(config: Mapping[str, Any], under: tuple[str, ...] = ("notifier_config",)) -> Iterator[None]:
    """Raise Refused, with pointers into the body, for what the bus refuses of `notifier_config`, and of the name.

    `under`: where the configuration stands in the body.
    """
    try:
        yield
    except InvalidConfig as error:
        if not error.errors:
            raise
        found: dict[str, Any] = {}
        for path, texts in error.errors.items():
            place = found
            *above, last = (*under, *steps(path, config))
            for step in above:
                place = place.setdefault(step, {}) if isinstance(place.get(step, {}), dict) else place
            place[last] = texts
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), found) from None
    except NameTaken as error:
        refuse("name", str(error), HTTPStatus.CONFLICT)


def steps(path: str, config: Any) -> list[str]:
    """The keys that lead to `path`, which joins them by dots; keys may have dots, too.

    >>> steps("headers.X.Y.0", {"headers": {"X.Y": ["a"]}})
    ['headers', 'X.Y', '0']
    """
    parts, found = path.split("."), []
    while parts:
        size = 1
        if isinstance(config, Mapping):
            known = [each for each in range(1, len(parts) + 1) if ".".join(parts[:each]) in config]
            size = known[-1] if known else 1
            config = config.get(".".join(parts[:size]))
        elif isinstance(config, list) and parts[0].isdigit() and int(parts[0]) < len(config):
            config = config[int(parts[0])]
        else:
            config = None
        found.append(".".join(parts[:size]))
        parts = parts[size:]
    return found
