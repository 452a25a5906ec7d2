"""Turns what applications put into a payload into JSON values, or says where it cannot."""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pulp_events.errors import EventsError, InvalidEvent
from pulp_events.events.failing import reason, refusing
from pulp_events.events.naive_times import is_naive, naive
from pulp_events.events.pydantic_models import dump_pydantic, is_pydantic
from pulp_events.frozen import FrozenDict, FrozenList
from pulp_events.system.clock import iso_z
from pulp_events.system.signal_handlers import raised_in_handler
from pulp_events.visible import visible

MAX_DEPTH = 64
_CONTAINERS = (Mapping, list, tuple, AbstractSet)
_MAX_INTEGER_BITS = 4096  # far below the digits at which int → str is refused by the interpreter


Encode = Callable[[Any], Any]
"""An application's own: makes JSON types, or what is made into them here, of a value that is none of these. Raises
TypeError for one that it does not know, as `json.dumps(default=…)` has it."""


def to_jsonable(value: Any, path: str, encode: Encode | None = None) -> Any:
    """A frozen copy of `value` in JSON types (RFC 8259): dict, list, str, int, float, bool, None.

    Aware datetimes become ISO 8601 with `Z`, dates and times ISO 8601, timedeltas seconds, UUIDs and paths text,
    Decimals text, bytes base64 (RFC 4648 §4), sets sorted lists, tuples lists, enum members their value, dataclasses
    dicts, pydantic models what their `model_dump(mode="json", by_alias=True)` makes, integer keys text. `path` names
    `value` in errors, for example `payload`. `encode` is asked for values that are none of these.

    Raises InvalidEvent with the path of the first value that is none of these, of NaN or infinity, of a naive
    datetime, of text that is not Unicode (lone surrogates), of a cycle, of nesting deeper than 64, and of one whose own
    code fails, or that `encode` fails for: that error is its cause.
    """
    try:
        return _convert(value, path, (), encode)
    except InvalidEvent as error:
        # A key of the application's stands in the path: what would break the line is spelt out.
        raise InvalidEvent(visible(str(error))) from error.__cause__


def _convert(value: Any, path: str, parents: tuple[int, ...], encode: Encode | None) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value, path)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _integer(value, path)
    if kind is float:
        return _float(value, path)
    try:
        if (
            kind is dict
            or isinstance(value, _CONTAINERS)
            or (dataclasses.is_dataclass(value) and not isinstance(value, type))
        ):
            if id(value) in parents:
                raise InvalidEvent(f"{path} contains itself; a report cannot have cycles")
            if len(parents) >= MAX_DEPTH:
                raise InvalidEvent(f"{path} is nested deeper than {MAX_DEPTH} levels; flatten it")
            return _container(value, path, (*parents, id(value)), encode)
        return _scalar(value, path, parents, encode)
    except EventsError:
        raise
    except Exception as error:
        raise refusing(value, path, error) from error


def _container(value: Any, path: str, parents: tuple[int, ...], encode: Encode | None) -> Any:
    if isinstance(value, Mapping):
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = key if type(key) is str and key.isascii() else _key(key, path)
            if name in result:
                raise InvalidEvent(
                    f"{path} has the key {name!r} twice, once as text and once as another type; keep one"
                )
            result[name] = _convert(item, f"{path}.{name}", parents, encode)
        return FrozenDict(result)
    if isinstance(value, list | tuple):
        return FrozenList([_convert(item, f"{path}[{index}]", parents, encode) for index, item in enumerate(value)])
    if isinstance(value, AbstractSet):
        members = [_convert(item, f"{path}{{{_shown(item)}}}", parents, encode) for item in value]
        members.sort(key=lambda member: (type(member).__name__, json.dumps(member, sort_keys=True)))
        return FrozenList(members)
    return FrozenDict(
        {
            field.name: _convert(getattr(value, field.name), f"{path}.{field.name}", parents, encode)
            for field in dataclasses.fields(value)
        }
    )


def _scalar(value: Any, path: str, parents: tuple[int, ...], encode: Encode | None) -> Any:
    if isinstance(value, enum.Enum):
        return _convert(value.value, path, parents, encode)
    if isinstance(value, datetime):
        if is_naive(value):
            raise naive(path, value)
        try:
            return iso_z(value)
        except OverflowError:
            raise InvalidEvent(f"{path} is {value!r}, which is not a date in UTC; use null or text") from None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID | PurePath):
        return _text(str(value), path)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidEvent(f"{path} is {value}, which JSON cannot represent; use null or text")
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, str):
        return _text(str(value), path)
    if isinstance(value, int):
        return _integer(int(value), path)
    if isinstance(value, float):
        return _float(float(value), path)
    return _encoded(value, path, parents, encode)


def _encoded(value: Any, path: str, parents: tuple[int, ...], encode: Encode | None) -> Any:
    """What others know how to write: pydantic its models, the application types of its own."""
    if len(parents) >= MAX_DEPTH:  # where each makes another one
        raise InvalidEvent(f"{path} is nested deeper than {MAX_DEPTH} levels; flatten it")
    parents = (*parents, id(value))
    if is_pydantic(value):
        return _convert(dump_pydantic(value, path), path, parents, encode)
    unknown = (
        f"{path} is of type {type(value).__module__}.{type(value).__qualname__}, which a report cannot contain; "
        "use JSON types, datetime, UUID, bytes, sets, dataclasses or pydantic models, or"
    )
    if encode is None:
        raise InvalidEvent(f"{unknown} open the bus with encode=, a function that knows the type")
    try:
        made = encode(value)
    except TypeError as error:
        if raised_in_handler(error):
            raise
        raise InvalidEvent(f"{unknown} let the function of encode= know the type ({reason(error)})") from error
    return _convert(made, path, parents, encode)


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.40}"
    except Exception as error:  # noqa: BLE001  # a class may have any repr
        if raised_in_handler(error):
            raise
        return f"<{type(value).__name__}>"


def _key(key: Any, path: str) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return _text(str(key), f"a key of {path}")
    if isinstance(key, int) and not isinstance(key, bool):
        return str(_integer(int(key), f"a key of {path}"))
    if isinstance(key, UUID):
        return str(key)
    raise InvalidEvent(f"{path} has the key {_shown(key)} of type {type(key).__name__}; keys must be text")


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidEvent(f"{path} has text that is not valid Unicode (a lone surrogate): {value!r:.60}") from None
    return value


def _integer(value: int, path: str) -> int:
    if value.bit_length() > _MAX_INTEGER_BITS:
        raise InvalidEvent(
            f"{path} is an integer of {value.bit_length()} bits; at most {_MAX_INTEGER_BITS} are allowed"
        )
    return value


def _float(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise InvalidEvent(f"{path} is {value}, which JSON cannot represent; use null or text")
    return value
