"""Event types that are classes: what is emitted, what their schema says, and what is wrong with one."""

import dataclasses
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import Schema, fields
from pydantic import BaseModel, Field, field_serializer

from pulp_events import EventBus, EventModel, EventType, InvalidEvent, PayloadRefused, PluginError, UnknownEventType
from pulp_events.events.jsonable import to_jsonable
from pulp_events.events.model_schema import dataclass_schema
from pulp_events.frozen import thaw
from pulp_events.schemas.json_schema import payload_schema
from pulp_events.testing.recording import record_events


@dataclass(frozen=True)
class Line:
    product: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class OrderCreated(EventModel, event_type="order.created", version="2"):
    """An order
    was placed.

    It may be changed later.
    """

    order_id: int
    lines: tuple[Line, ...] = ()
    note: str | None = field(default=None, metadata={"description": "of the customer"})


class OrderPaid(EventModel, BaseModel, event_type="order.paid", description="An order was paid."):
    order_id: int
    paid_at: datetime = Field(serialization_alias="paidAt")


class RefundSchema(Schema):
    order_id = fields.Integer(required=True, data_key="orderId", metadata={"help": "which"})
    amount = fields.Decimal(as_string=True)


@dataclass
class OrderRefunded(EventModel, event_type="order.refunded", schema=RefundSchema):
    """Money went back."""

    order_id: int
    amount: Decimal


@pytest.fixture
def bus():
    with record_events(), EventBus.open(settings={"events": {"payloads": "strict"}}, plugins=False) as bus:
        yield bus


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "event_type", "payload"),
    [
        (
            OrderCreated(7, (Line("tea"),)),
            "order.created",
            {"order_id": 7, "lines": [{"product": "tea", "count": 1}], "note": None},
        ),
        (OrderPaid(order_id=7, paid_at=NOON), "order.paid", {"order_id": 7, "paidAt": "2026-01-02T12:00:00Z"}),
        (OrderRefunded(7, Decimal("1.50")), "order.refunded", {"orderId": 7, "amount": "1.50"}),
    ],
    ids=["dataclass", "pydantic", "marshmallow"],
)
def test_an_instance_is_emitted_under_its_type_and_its_class_is_known_then(bus, event, event_type, payload):
    emitted = bus.emit(event, call_report={"state": "done"})
    assert (emitted.event_type, thaw(emitted.payload)) == (event_type, payload)
    assert emitted.call_report == {"state": "done"}
    assert event_type in bus.event_types
    Draft202012Validator(payload_schema(bus.event_types.require(event_type))).validate(payload)
    bus.emit(event_type, payload)  # by its name, too
    with pytest.raises(PayloadRefused):
        bus.emit(event_type, {**payload, next(iter(payload)): "x"})


def test_name_description_version_and_keys_are_those_of_the_class(bus):
    bus.event_types.register(OrderCreated, OrderPaid, OrderRefunded)
    created = bus.event_types.require("order.created")
    assert (created.description, created.version) == ("An order was placed.", "2")
    assert created.payload == {"order_id": "", "lines": "", "note": "of the customer"}
    assert bus.event_types.require("order.paid").description == "An order was paid."
    assert bus.event_types.require("order.refunded").payload["orderId"] == "which"


def test_a_class_is_known_to_no_bus_that_it_was_not_given_to(bus):
    with EventBus.open(settings={}, plugins=False, event_types=[OrderCreated]) as other:
        other.emit("order.created", {"order_id": 1, "lines": [], "note": None})
    with pytest.raises(UnknownEventType):
        bus.emit("order.created", {"order_id": 1})


def test_several_and_asyncio_take_instances_too(bus):
    import asyncio

    many = bus.emit_many(
        [OrderCreated(1), (OrderCreated(2), None, {"a": 1}, "two"), ("repo.sync.start", {"repo_id": "x"})]
    )
    assert [each.event_type for each in many] == ["order.created", "order.created", "repo.sync.start"]
    assert (many[1].id, many[1].call_report) == ("two", {"a": 1})
    assert asyncio.run(bus.emit_async(OrderCreated(3))).payload["order_id"] == 3


def test_what_a_dataclass_does_not_check_the_schema_does(bus):
    with pytest.raises(PayloadRefused, match="payload.order_id is text; it must be a whole number"):
        bus.emit(OrderCreated("seven"))


def test_the_same_class_made_twice_is_one_type_and_another_one_of_its_name_is_refused(bus):
    def make(kind):
        return dataclass(type("Made", (EventModel,), {"__annotations__": {"id": kind}}, event_type="made"))

    bus.emit(make(int)(id=1))
    bus.emit(make(int)(id=2))
    with pytest.raises(PluginError, match="'made' is already registered with another description or schema"):
        bus.emit(make(str)(id="x"))


def test_a_base_class_has_no_event_type_and_gives_its_fields_to_others(bus):
    @dataclass
    class Base(EventModel):
        tenant: str

    @dataclass
    class Done(Base, event_type="done"):
        """Done."""

        count: int

    assert bus.emit(Done("a", 3)).payload == {"tenant": "a", "count": 3}
    with pytest.raises(PluginError, match=r"Base has no event type; write class OrderCreated\(EventModel, event_type="):
        bus.emit(Base("a"))


def test_what_is_wrong_with_a_class_is_said_with_the_remedy(bus):
    class Bare(EventModel, event_type="bare"):
        pass

    with pytest.raises(PluginError, match="neither a dataclass nor a pydantic model; write @dataclass above it"):
        bus.event_types.register(Bare)
    with pytest.raises(PluginError, match="'not a name' is not a valid name"):

        class Misnamed(EventModel, event_type="not a name"):
            pass

    with pytest.raises(PluginError, match="is no event type; give an EventType, or a class derived from EventModel"):
        bus.event_types.register("order.created")
    with pytest.raises(InvalidEvent, match="payload is given beside an event of OrderCreated"):
        bus.emit(OrderCreated(1), {"order_id": 1})

    @dataclass
    class Lost(EventModel, event_type="lost"):
        where: "Nowhere"  # noqa: F821

    with pytest.raises(PluginError, match=r"annotations of .*Lost cannot be resolved .* import what they name"):
        bus.emit(Lost("x"))


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Node:
    name: str
    children: list["Node"]


Number = NewType("Number", int)
KINDS = [
    bool, int, float, str, None, datetime, date, time, timedelta, UUID, Decimal, PurePosixPath, bytes, Colour, Line,
    Number, Literal["a", 3, None], Annotated[int, "of something"], int | None, str | int, Colour | None,
    Literal["a"] | None, datetime | None, int | Line, list[int], tuple[int, ...], tuple[int, str], set[str],
    frozenset[int], dict[str, int], dict[str, list[Line]], list[Any], Any, list, dict, object, Node,
]  # fmt: skip
TREE = st.recursive(  # of a few nodes: a payload has at most 64 levels
    st.builds(Node, st.text(), st.just([])),
    lambda inner: st.builds(Node, st.text(), st.lists(inner, max_size=3)),
    max_leaves=8,
)
VALUES = {
    Any: st.integers() | st.text(), list[Any]: st.lists(st.text()), object: st.integers(), list: st.lists(st.text()),
    dict: st.dictionaries(st.text(), st.booleans()), Node: TREE, Number: st.integers(),
    datetime: st.datetimes(timezones=st.just(UTC)), datetime | None: st.datetimes(timezones=st.just(UTC)),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    PurePosixPath: st.text("ab/").map(PurePosixPath), None: st.none(), time: st.times(),
}  # fmt: skip


@pytest.mark.sample(12)
@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(st.data())
def test_whatever_a_field_holds_fits_the_schema_of_its_class(kind, data):
    value = data.draw(VALUES.get(kind, st.from_type(kind)) if kind in VALUES else st.from_type(kind))
    made = dataclasses.make_dataclass("Made", [("value", kind)])
    schema = dataclass_schema(made)
    payload = thaw(to_jsonable({"value": value}, "payload"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(payload)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [(int, "x"), (str, 1), (int | None, "x"), (Colour, "green"), (Line, {"product": 1}), (list[int], ["x"]),
     (dict[str, int], {"a": "x"}), (datetime, 1), (Literal["a"], "b"), (bool, "true"), (int | Line, "x")],
)  # fmt: skip
def test_what_a_field_cannot_hold_does_not_fit(kind, wrong):
    schema = dataclass_schema(dataclasses.make_dataclass("Made", [("value", kind)]))
    assert not Draft202012Validator(schema).is_valid({"value": wrong})


def test_a_field_says_more_in_its_metadata():
    @dataclass
    class Made:
        count: int = field(metadata={"help": "how many", "schema": {"minimum": 1}})

    assert dataclass_schema(Made)["properties"] == {
        "count": {"type": "integer", "description": "how many", "minimum": 1}
    }


def test_pydantic_models_stand_in_payloads_and_are_payloads(bus):
    model = OrderPaid(order_id=7, paid_at=NOON)
    payload = bus.emit("repo.sync.start", {"repo_id": "a", "orders": [model]}).payload
    assert thaw(payload)["orders"] == [{"order_id": 7, "paidAt": "2026-01-02T12:00:00Z"}]
    bus.event_types.register(EventType("free", "Anything."))
    assert bus.emit("free", model).payload == {"order_id": 7, "paidAt": "2026-01-02T12:00:00Z"}
    assert bus.emit("free", lambda: model, model).call_report["order_id"] == 7


def test_without_pydantic_nothing_imports_it():
    code = (
        "import sys\nfrom dataclasses import dataclass\nfrom pulp_events import EventBus, EventModel\n"
        "from pulp_events.testing.recording import record_events\n"
        "@dataclass\nclass Done(EventModel, event_type='done'):\n    count: int\n"
        "with record_events(), EventBus.open(settings={}, plugins=False) as bus:\n    bus.emit(Done(1))\n"
        "assert 'pydantic' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Money:
    def __init__(self, amount):
        self.amount = amount


def encode(value):
    if isinstance(value, Money):
        return {"amount": Decimal(value.amount), "currency": "EUR"}
    raise TypeError


def test_an_encoder_writes_types_of_the_application_and_leaves_others_to_the_error():
    with record_events(), EventBus.open(settings={}, plugins=False, encode=encode) as bus:
        payload = bus.emit("repo.sync.start", {"repo_id": "a", "price": [Money(3)]}).payload
        assert thaw(payload)["price"] == [{"amount": "3", "currency": "EUR"}]
        with pytest.raises(
            InvalidEvent, match=r"payload.other is of type .* let the function of encode= know .*\(TypeError\)"
        ):
            bus.emit("repo.sync.start", {"other": object()})


@pytest.mark.parametrize(
    ("encoder", "error"),
    [
        (lambda value: object(), "payload.price is nested deeper than 64 levels"),
        (lambda value: 1 / 0, "^payload.price is a .*Money that cannot be .*: ZeroDivisionError: division by zero$"),
    ],
)
def test_an_encoder_that_never_ends_or_fails_stores_nothing(encoder, error):
    with record_events() as events, EventBus.open(settings={}, plugins=False, encode=encoder) as bus:
        with pytest.raises(InvalidEvent, match=error):
            bus.emit("repo.sync.start", {"price": Money(3)})
        assert len(events) == 0


def test_a_naive_datetime_says_what_to_do(bus):
    with pytest.raises(InvalidEvent) as refused:
        bus.emit("repo.sync.start", {"at": datetime(2026, 1, 2)})
    assert str(refused.value) == (
        "payload.at is a datetime without a time zone (datetime.datetime(2026, 1, 2, 0, 0)); use "
        "datetime.now(timezone.utc) for now, value.replace(tzinfo=timezone.utc) for one that is in UTC, "
        "value.astimezone() for local time"
    )


class Stop(BaseModel):
    at: datetime | None = None
    alias: datetime | None = Field(None, serialization_alias="asWritten")


class Tour(EventModel, BaseModel, event_type="tour.planned"):
    stops: list[Stop] = []
    by_day: dict[int, tuple[Stop, ...]] = {}
    named: Any = None
    fixed: datetime | None = None
    day: date | None = None
    hour: time | None = None

    @field_serializer("fixed")
    def in_utc(self, value: datetime | None) -> str | None:
        return None if value is None else f"{value.isoformat()}Z"


NAIVE = datetime(2026, 1, 2, 12, 0, 0, 5)


@pytest.mark.parametrize(
    ("held", "path"),
    [
        ({"stops": [Stop(), Stop(at=NAIVE)]}, "payload.stops[1].at"),
        ({"stops": [Stop(alias=NAIVE)]}, "payload.stops[0].asWritten"),
        ({"by_day": {1: (Stop(), Stop(at=NAIVE))}}, "payload.by_day.1[1].at"),
        ({"named": {"a": [1, NAIVE]}}, "payload.named.a[1]"),
        ({"named": {NAIVE}}, "payload.named[0]"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_naive_datetime_in_a_pydantic_model_is_refused_wherever_it_is(bus, held, path):
    with pytest.raises(InvalidEvent) as refused:
        bus.emit(Tour(**held))
    assert str(refused.value).startswith(f"{path} is a datetime without a time zone ({NAIVE!r}); use datetime.now(")
    with pytest.raises(InvalidEvent, match=r"payload.repo_id.0.\.at is a datetime without a time zone"):
        bus.emit("repo.sync.start", {"repo_id": [Stop(at=NAIVE)]})


class Crate(BaseModel):
    held: Any = None
    failing: int = 0

    @field_serializer("failing")
    def written(self, value):
        if value:
            raise ValueError("no crate fails here")
        return value


def crate_of_itself():
    made = Crate()
    made.held = [made]
    return made


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Crate(held=object()), "Unable to serialize unknown type: <class 'object'>"),
        (lambda: Crate(failing=1), "no crate fails here"),
        (crate_of_itself, "Circular reference"),
    ],
)
def test_a_pydantic_model_that_cannot_be_written_is_an_invalid_event(bus, tmp_path, make, why):
    with pytest.raises(InvalidEvent) as refused:
        bus.emit("repo.sync.start", {"repo_id": [make()]})
    assert str(refused.value).startswith("payload.repo_id[0] is a ")
    assert "Crate that pydantic cannot write as JSON (" in str(refused.value) and why in str(refused.value)
    with EventBus.open(data_dir=tmp_path / "careful", deliver="external", on_error="log") as careful:
        assert "pydantic cannot write" in str(careful.emit("repo.sync.start", {"repo_id": make()}).error)
        assert careful.refused == {"InvalidEvent": 1}


def test_what_a_pydantic_model_writes_with_a_zone_or_as_text_is_as_the_model_has_it(bus):
    tour = Tour(fixed=NAIVE, day=date(2026, 1, 2), hour=time(12), named=["2026-01-02T12:00:00", NOON])
    assert thaw(bus.emit(tour).payload) == {
        "stops": [], "by_day": {}, "named": ["2026-01-02T12:00:00", "2026-01-02T12:00:00Z"],
        "fixed": "2026-01-02T12:00:00.000005Z", "day": "2026-01-02", "hour": "12:00:00",
    }  # fmt: skip


def test_a_class_in_place_of_an_event_is_told_apart(bus):
    for wrong in (lambda: bus.emit(OrderCreated), lambda: bus.emit_many([OrderCreated, (OrderCreated, None)])):
        with pytest.raises(InvalidEvent, match=r"^OrderCreated is a class; give an instance of it: OrderCreated\(…\)$"):
            wrong()


def test_where_errors_are_logged_an_event_that_cannot_be_emitted_is_named_by_its_type_alone(caplog):
    with record_events() as events:
        settings = {"events": {"payloads": "strict"}}
        with EventBus.open(settings=settings, plugins=False, on_error="log") as bus:
            refused = bus.emit(OrderCreated("a secret"))
        assert refused.event_type == "order.created" and len(events) == 0
    assert "order.created could not be emitted" in caplog.text and "a secret" not in caplog.text
