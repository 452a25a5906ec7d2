"""`EventModel`: an event type as a class, so that type checkers see what its events hold.

    @dataclass(frozen=True)
    class OrderCreated(EventModel, event_type="order.created"):
        \"\"\"An order was placed.\"\"\"

        order_id: int
        note: str | None = None

    bus.emit(OrderCreated(order_id=7))

It is a dataclass, or a pydantic model (`class OrderCreated(EventModel, BaseModel, event_type=…)`). With
`schema=OrderSchema`, a marshmallow Schema, that makes the payload of a dataclass, and is its schema.

A class is known to no bus before it is given to one: by `EventBus.open(event_types=[OrderCreated])`,
`bus.event_types.register(OrderCreated)`, or the first `bus.emit` of one of its events. So there is no registry that two
buses, or two tests, would share.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, cast

from pulp_events.errors import PluginError
from pulp_events.events.event_type import EventType, PayloadSchema
from pulp_events.events.pydantic_models import dump_pydantic, is_pydantic
from pulp_events.visible import one_line

_EXAMPLE = "class OrderCreated(EventModel, event_type='order.created')"


class _Declared(NamedTuple):
    """What the class statement said."""

    event_type: str
    description: str | None
    version: str
    schema: PayloadSchema | None


class EventModel:
    """Base class of event types that are classes. A class without `event_type` is a base for others."""

    __event_declared__: ClassVar[_Declared | None] = None
    __event_made__: ClassVar[EventType | None] = None

    def __init_subclass__(
        cls,
        *,
        event_type: str | None = None,
        description: str | None = None,
        version: str = "",
        schema: PayloadSchema | None = None,
        **others: Any,
    ) -> None:
        """`event_type`: the name. `description`: by default the first paragraph of the docstring. `version`: of the
        payload's form. `schema`: in place of the one that the fields make.

        Raises PluginError for a name or version that is none.
        """
        super().__init_subclass__(**others)
        if event_type is None:
            if "__event_declared__" not in cls.__dict__:  # as `dataclass(slots=True)` makes the same class once more
                cls.__event_declared__ = None
            return
        cls.__event_declared__ = _Declared(event_type, description, version, schema)
        cls.__event_made__ = None
        EventType(event_type, "", version=version)  # what is wrong with them is told where they stand

    @classmethod
    def __event_type__(cls) -> EventType:
        """The event type that the class stands for. Raises PluginError where it stands for none."""
        made = cls.__dict__.get("__event_made__")
        if made is None:
            declared = cls.__event_declared__
            if declared is None:
                raise PluginError(f"{cls.__qualname__} has no event type; write {_EXAMPLE}")
            schema = _schema(cls) if declared.schema is None else declared.schema
            text = _description(cls) if declared.description is None else declared.description
            made = cls.__event_made__ = EventType(declared.event_type, text, schema=schema, version=declared.version)
        return cast(EventType, made)

    def __event_payload__(self) -> Mapping[str, Any]:
        """The payload of this event, before it is converted to JSON. Raises PluginError as `__event_type__` does,
        InvalidEvent as `dump_pydantic` does, and what the object's own code or its schema raises."""
        schema = type(self).__event_type__().schema
        if schema is not None and not isinstance(schema, Mapping):
            dumped: Mapping[str, Any] = (schema() if isinstance(schema, type) else schema).dump(self)
            return dumped
        if is_pydantic(self):
            made: Mapping[str, Any] = dump_pydantic(self, "payload")
            return made
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}  # type: ignore[arg-type]


def is_model_class(value: object) -> bool:
    """True for a class derived from `EventModel`, where one of its events is wanted."""
    return isinstance(value, type) and hasattr(value, "__event_payload__")


def _schema(cls: Any) -> Mapping[str, Any]:
    pydantic = sys.modules.get("pydantic")
    if pydantic is not None and issubclass(cls, pydantic.BaseModel):
        made: dict[str, Any] = cls.model_json_schema(mode="serialization", by_alias=True)
        made.pop("title", None)  # that of the type is its name
        return made
    if "__dataclass_fields__" in cls.__dict__:
        from pulp_events.events.model_schema import dataclass_schema  # for the first event of a class

        return dataclass_schema(cls)
    raise PluginError(
        f"{cls.__qualname__} is neither a dataclass nor a pydantic model; write @dataclass above it, or derive it from "
        "pydantic.BaseModel as well"
    )


def _description(cls: type) -> str:
    from inspect import cleandoc

    text = cleandoc(cls.__doc__ or "")
    if not text or text.startswith(f"{cls.__name__}("):  # which dataclass writes where there is none
        return ""
    return one_line(text.partition("\n\n")[0])
