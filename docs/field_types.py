"""The table of field types: what one writes at the command line for each, and what the record then holds.

`Fields` has a field of each type that marshmallow and `pulp_events.fields` have, `WRITTEN` what is written for it. The
other columns are what the code makes of the two. `cli/tests/test_field_types.py` does the same with `pulp-admin` and a
delivery.
"""

from __future__ import annotations

import ast
import enum
import inspect
import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, missing, validate

from pulp_events.fields import Duration, Size, Words
from pulp_events.listeners.notifier_config import validate as stored
from pulp_events.notifier import Notifier
from pulp_events_cli.options_from_schema import SchemaOptions
from pulp_events_cli.parser.parser import Parser


class Level(enum.Enum):
    """An enumeration of texts."""

    LOW = "low"
    HIGH = "high"


class Priority(enum.IntEnum):
    """An enumeration of numbers."""

    NORMAL = 3
    URGENT = 1


class Login(Schema):
    """Has fields of its own."""

    user = fields.String(required=True)
    port = fields.Integer(load_default=443)


class Account(Schema):
    """Has a secret among its fields."""

    user = fields.String(required=True)
    password = fields.String(required=True, metadata={"secret": True})


class Fields(Schema):
    """A field of each type."""

    room = fields.String()
    site = fields.Url()
    sender = fields.Email()
    tries = fields.Integer()
    strict = fields.Integer(strict=True)
    ratio = fields.Float()
    price = fields.Decimal(as_string=True)
    verify = fields.Boolean()
    level = fields.String(validate=validate.OneOf(["low", "high"]))
    by_name = fields.Enum(Level)
    by_value = fields.Enum(Level, by_value=True)
    by_number = fields.Enum(Priority, by_value=True)
    moment = fields.DateTime()
    aware = fields.AwareDateTime()
    naive = fields.NaiveDateTime(format="%d.%m.%Y %H:%M")
    stamp = fields.DateTime(format="timestamp")
    day = fields.Date()
    hour = fields.Time()
    pause = fields.TimeDelta()
    rest = fields.TimeDelta(precision="minutes")
    wait = Duration()
    size = Size()
    uuid = fields.UUID()
    address = fields.IP()
    address4 = fields.IPv4()
    address6 = fields.IPv6()
    network = fields.IPInterface()
    network4 = fields.IPv4Interface()
    network6 = fields.IPv6Interface()
    rooms = fields.List(fields.String())
    codes = fields.List(fields.Integer())
    words = Words(fields.String())
    place = fields.Tuple((fields.String(), fields.Integer()))
    tokens = fields.List(fields.String(metadata={"secret": True}))
    pins = fields.Tuple((fields.String(metadata={"secret": True}), fields.Integer()))
    headers = fields.Dict(keys=fields.String(), values=fields.String())
    limits = fields.Dict(values=fields.Integer(strict=True))
    routes = fields.Dict(values=fields.List(fields.String()))
    login = fields.Nested(Login)
    account = fields.Nested(Account)
    logins = fields.Nested(Login, many=True)
    servers = fields.List(fields.Nested(Login))
    places = fields.Dict(values=fields.Nested(Login))
    user = fields.Pluck(Login, "user")
    ports = fields.Pluck(Login, "port", many=True)
    matrix = fields.List(fields.List(fields.Integer()))
    method = fields.Method("shouted", deserialize="whispered")
    function = fields.Function(lambda loaded: loaded.get("function", missing), deserialize=str.lower)
    raw = fields.Raw()

    def shouted(self, loaded: dict[str, Any]) -> Any:
        """How it is stored."""
        return loaded["method"].upper() if "method" in loaded else missing

    def whispered(self, value: str) -> str:
        """How it is loaded."""
        return value.lower()


WRITTEN: dict[str, tuple[str, ...]] = {
    "room": ("--room=lobby", "--room='a, b'"),
    "site": ("--site=https://ci.example/",),
    "sender": ("--sender=ann@host.example",),
    "tries": ("--tries=3",),
    "strict": ("--strict=3",),
    "ratio": ("--ratio=0.5",),
    "price": ("--price=1.50",),
    "verify": ("--verify", "--no-verify", "--verify=false"),
    "level": ("--level=high",),
    "by_name": ("--by-name=HIGH",),
    "by_value": ("--by-value=high",),
    "by_number": ("--by-number=1",),
    "moment": ("--moment=2026-11-24T08:00:00+01:00", "--moment='2026-11-24 08:00'"),
    "aware": ("--aware=2026-11-24T08:00:00Z",),
    "naive": ("--naive='24.11.2026 08:00'",),
    "stamp": ("--stamp=1795507200",),
    "day": ("--day=2026-11-24",),
    "hour": ("--hour=08:30",),
    "pause": ("--pause=90",),
    "rest": ("--rest=1.5",),
    "wait": ("--wait='1h 30m'", "--wait=90"),
    "size": ("--size=500M", "--size=1500"),
    "uuid": ("--uuid=79be77a8-1a20-11e2-aeb9-1803731e94c4",),
    "address": ("--address=192.0.2.1", "--address=2001:db8::1"),
    "address4": ("--address4=192.0.2.1",),
    "address6": ("--address6=2001:db8::1",),
    "network": ("--network=192.0.2.1/24",),
    "network4": ("--network4=192.0.2.1/24",),
    "network6": ("--network6=2001:db8::1/64",),
    "rooms": ("--rooms=a,b", "--rooms=a --rooms=b", """--rooms='["a,b", " c"]'"""),
    "codes": ("--codes=404,410", "--codes='[404, 410]'"),
    "words": ("--words=a,b",),
    "place": ("--place=rack,4",),
    "tokens": ("--tokens=x,y --tokens=z", "--tokens=env:TOKEN", """--tokens='["x,y", "z"]'"""),
    "pins": ("--pins=zwei,1", "--pins=a,b --pins=1"),
    "headers": ("--headers A=1 --headers B=x=y", """--headers='{"A": "1"}'"""),
    "limits": ("--limits a=1 --limits b=2",),
    "routes": ("--routes ops=a,b --routes dev=c", "--routes ops=a --routes ops=b"),
    "login": ("""--login='{"user": "ann", "port": 80}'""",),
    "account": ("""--account='{"user": "ann", "password": "env:TOKEN"}'""",),
    "logins": ("""--logins='{"user": "ann"}' --logins='{"user": "bob"}'""", """--logins='[{"user": "ann"}]'"""),
    "servers": ("""--servers='{"user": "ann"}'""", """--servers='[{"user": "ann"}, {"user": "bob"}]'"""),
    "places": ("""--places attic='{"user": "ann"}'""",),
    "user": ("--user=ann",),
    "ports": ("--ports=80,443",),
    "matrix": ("--matrix='[[1, 2], [3]]'",),
    "method": ("--method=Hello",),
    "function": ("--function=Hello",),
    "raw": ("--raw=5", """--raw='{"a": 1}'"""),
}
"""Key → ways to write it, as in a shell."""
WITHOUT_OPTION = ("Constant",)
"""Types of fields that nobody sets."""


class Example(Notifier):
    """Has them all."""

    type_id = "example"
    config_schema = Fields

    def deliver(self, event: Any, config: Any) -> None:
        """Does nothing."""


def rows() -> Iterator[tuple[str, str, Any]]:
    """Of each way to write each field: key, words, and the value in the record."""
    options = SchemaOptions(Example.type_id, Fields)
    parser = Parser(prog="create")
    options.add_to(parser, updating=True)
    for key, ways in WRITTEN.items():
        for words in ways:
            config = options.config(parser.parse_words(shlex.split(words)))
            yield key, words, stored(Example(), config)[0][key]


def table(make: Callable[..., str]) -> str:
    """The table, by `markdown_table.table`."""
    made, options = [], SchemaOptions(Example.type_id, Fields)
    for key, words, value in rows():
        first = words == WRITTEN[key][0]
        said = options.help(key, updating=False).replace("no description", "–")
        cells = (f"`{SOURCES[key]}`", said) if first else ("", "")
        made.append((*cells, f"`{words}`", f"`{json.dumps(value)}`"))
    return make(("field", "what help adds", "for example", "in the record"), made)


def _sources() -> dict[str, str]:
    """Key → its field, as the class above declares it."""
    tree = ast.parse(Path(inspect.getsourcefile(Fields) or __file__).read_text("utf-8"))
    [body] = [each.body for each in tree.body if isinstance(each, ast.ClassDef) and each.name == "Fields"]
    found = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value)
    return found


SOURCES = _sources()
