"""Models of pydantic as JSON types. pydantic is not imported: whoever made one has done so."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from pulp_events.errors import InvalidEvent
from pulp_events.events.failing import reason
from pulp_events.events.naive_times import is_naive, is_naive_text, naive
from pulp_events.system.signal_handlers import raised_in_handler


def is_pydantic(value: object) -> bool:
    """True for a pydantic model."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(value, pydantic.BaseModel)


def dump_pydantic(value: Any, path: str) -> Any:
    """A pydantic model in JSON types, under the names that leave (its serialization aliases).

    Raises InvalidEvent with the path, from `path` on, of a datetime that would leave without a time zone. One that a
    serializer of the model gives a zone, or makes something else of, is as the model has it. Raises InvalidEvent, too,
    for a model that pydantic cannot write: it holds itself, or what is no JSON, or a serializer of it fails. What a
    signal handler raises meanwhile is raised as it is.
    """
    try:
        made = value.model_dump(mode="json", by_alias=True)
        if any(is_naive_text(text) for text in _leaves(made)):  # else the model need not be written twice
            _check(value.model_dump(mode="python", by_alias=True, warnings=False), made, path)
    except InvalidEvent:
        raise
    except Exception as error:  # pydantic's own are ValueErrors; those of a computed field are any
        _raise_of_others(error)
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise InvalidEvent(
            f"{path} is a {kind} that pydantic cannot write as JSON ({reason(error)}); "
            "give the model a serializer, or a field of another type"
        ) from error
    return made


def _raise_of_others(error: BaseException) -> None:
    """Raise what is no failure of the model: pydantic wraps whatever comes out of a serializer, Ctrl-C and what a
    signal handler raises as well."""
    inner: BaseException | None = error
    while inner is not None:
        if not isinstance(inner, Exception) or raised_in_handler(inner):
            raise inner
        inner = inner.__cause__


def _leaves(made: Any) -> Iterator[Any]:
    waiting = [made]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        else:
            yield each


def _check(value: Any, made: Any, path: str) -> None:
    """Compare what the model holds with what became of it."""
    if is_naive(value) and is_naive_text(made):
        raise naive(path, value)
    parts: Iterable[tuple[str, Any]] = ()
    values: Sequence[Any] = ()
    if isinstance(made, Mapping) and isinstance(value, Mapping):
        parts, values = ((f".{name}", part) for name, part in made.items()), [*value.values()]
    elif isinstance(made, list) and isinstance(value, Sequence | AbstractSet) and not isinstance(value, str | bytes):
        parts, values = ((f"[{index}]", part) for index, part in enumerate(made)), [*value]
    if len(values) == (len(made) if values else 0):  # else a serializer made something else of it
        for part, (place, item) in zip(values, parts, strict=False):
            _check(part, item, f"{path}{place}")
