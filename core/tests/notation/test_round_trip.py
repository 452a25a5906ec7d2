"""What a schema dumps and does not load again is found, by trying it."""

from __future__ import annotations

import enum
from datetime import timedelta
from decimal import Decimal

import pytest
from marshmallow import INCLUDE, Schema, fields, post_load

from pulp_events import Notifier
from pulp_events.errors import PluginError
from pulp_events.fields import Duration, Size
from pulp_events.listeners.notifier_config import validate
from pulp_events.notation.round_trip import faults
from pulp_events.plugins.validation import check_notifiers


class Level(enum.IntEnum):
    LOW = 1


class Hidden(fields.Integer):
    def _serialize(self, value, attr, obj, **kwargs):
        return f"<{value}>"


class Rounded(fields.Float):
    def _serialize(self, value, attr, obj, **kwargs):
        return int(value)


class Broken(fields.String):
    def _serialize(self, value, attr, obj, **kwargs):
        raise LookupError("no such thing")


class Open(Schema):
    class Meta:
        unknown = INCLUDE

    name = fields.String()


class Deep(Schema):
    items = fields.List(fields.Integer())


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (Hidden(), "is stored as '<1>', which it then refuses"),
        (fields.List(Hidden()), "is stored as ['<1>'], which it then refuses"),
        (fields.Dict(values=Hidden()), "which it then refuses"),
        (fields.Nested({"x": Hidden()}), "which it then refuses"),
        (Rounded(), "loads 1.5 as 1.5, and what is stored of it, 1, as 1.0"),
        (Broken(), "cannot be stored: LookupError: no such thing"),
        (fields.Decimal(), "cannot be stored as JSON"),
        (fields.Raw(load_default=1j), "cannot be stored as JSON"),
        (fields.Decimal(load_default=Decimal("1.5")), "cannot be stored as JSON"),
        (fields.Dict(keys=fields.Integer(strict=True)), "which it then refuses"),
        (fields.Function(lambda loaded: loaded["x"], str), "cannot be stored where it is left out: KeyError"),
        (fields.Boolean(truthy={"on"}, falsy={"off"}), "is stored as False, which it then refuses"),
        (fields.Nested(Open), "loads"),
        (fields.Nested(Deep), "cannot be stored: TypeError"),
        (fields.List(fields.Nested(Deep)), "cannot be stored: TypeError"),
        (fields.Method("no_method", deserialize="no_method"), None),
    ],
    ids=str,
)
def test_a_field_that_does_not_load_what_it_dumps_is_named(field, said):
    if said is None:
        with pytest.raises(AttributeError):
            list(faults(Schema.from_dict({"x": field})))
        return
    [(key, text)] = list(faults(Schema.from_dict({"x": field})))
    assert key == "x" and said in text, text


@pytest.mark.parametrize(
    "field",
    [
        fields.Enum(Level, by_value=True),
        fields.Pluck(Open, "name"),
        fields.Nested(Schema.from_dict({"x": fields.UUID()}), many=True),
        fields.TimeDelta(precision="weeks", load_default=timedelta(days=1)),
        fields.Decimal(as_string=True),
        fields.String(attribute="other.name"),
        fields.String(load_only=True, metadata={"secret": True}),
        fields.String(dump_only=True),
        fields.Constant(1j),
        fields.Integer(allow_none=True, load_default=None),
        fields.List(fields.String(), load_default=list),
        Duration(),
        Size(),
    ],
    ids=str,
)
def test_one_that_does_is_not(field):
    assert list(faults(Schema.from_dict({"x": field}))) == []


def test_a_schema_that_takes_any_key_or_makes_an_object_is_named():
    class Objects(Schema):
        name = fields.String(required=True)

        @post_load
        def made(self, data, **_):
            return Level.LOW

    assert [text for _, text in faults(Open)] == [
        "takes keys that it has no field for, which are not stored; declare a fields.Dict for them"
    ]
    assert [text.partition(";")[0] for _, text in faults(Objects)] == ["loads as Level, not as a dict"]


def notifier(field, key="x"):
    class Made(Notifier):
        type_id = "made"
        config_schema = Schema.from_dict({key: field})

        def deliver(self, event, config):
            pass

    return Made()


def test_what_would_be_refused_when_a_channel_opens_is_not_stored():
    with pytest.raises(PluginError, match="'made' does not load what its config_schema dumps .*nothing was stored"):
        validate(notifier(Hidden()), {"x": 1})


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (fields.String(attribute="keys"), "'keys', which is a method of dict; name another attribute"),
        (fields.Nested(Deep), "config_schema, x, has the field 'items', which is a method of dict"),
        (fields.List(fields.Nested(Deep)), "has the field 'items'"),
        (fields.Dict(values=fields.Nested(Deep)), "has the field 'items'"),
        (fields.Nested("NobodyHasThis"), "has the field 'x', whose schema cannot be made: RegistryError"),
    ],
    ids=str,
)
def test_what_can_never_be_used_is_refused_at_load(field, said):
    with pytest.raises(PluginError) as refused:
        check_notifiers([notifier(field)])
    assert said in str(refused.value)
