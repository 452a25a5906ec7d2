"""Objects of an application that raise while a payload is made of them: refused with path and cause."""

import os
import signal
from collections import UserDict
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from marshmallow import Schema, fields
from pydantic import BaseModel, computed_field, field_serializer

from pulp_events import EventBus, EventModel, InvalidEvent
from pulp_events.events.jsonable import to_jsonable
from pulp_events.testing.recording import record_events


class Broken(Exception):
    """Raised by what an application wrote."""


def breaks(*_):
    raise Broken("out of order")


class Zone(tzinfo):
    utcoffset = breaks


@dataclass
class Row:
    name: str = "a"

    def __getattribute__(self, name):
        return breaks() if name == "name" else super().__getattribute__(name)


@dataclass
class Lazily(EventModel, event_type="lazily"):
    """A row that is read when it is asked for."""

    name: str = "a"

    def __getattribute__(self, name):
        return breaks() if name == "name" else super().__getattribute__(name)


class Failing(Schema):
    name = fields.Function(breaks)


@dataclass
class Dumped(EventModel, event_type="dumped", schema=Failing):
    """Its schema fails."""

    name: str = "a"


class Computed(BaseModel):
    @computed_field
    @property
    def total(self) -> int:
        return breaks()


class Counted(EventModel, BaseModel, event_type="counted"):
    """Its count fails."""

    @computed_field
    @property
    def total(self) -> int:
        return breaks()


def of(base, *made, **methods):
    return type("Made", (base,), methods)(*made)


VALUES = {
    "items": lambda: of(dict, {"a": 1}, items=breaks),
    "mapping": lambda: of(UserDict, {"a": 1}, __iter__=breaks),
    "list": lambda: of(list, [1], __iter__=breaks),
    "set": lambda: of(set, [1], __iter__=breaks),
    "dataclass": Row,
    "date": lambda: of(date, 2026, 1, 2, isoformat=breaks),
    "zone": lambda: datetime(2026, 1, 2, tzinfo=Zone()),
    "timedelta": lambda: of(timedelta, 1, total_seconds=breaks),
    "uuid": lambda: of(UUID, "0" * 32, __str__=breaks),
    "decimal": lambda: of(Decimal, 1, is_finite=breaks),
    "text": lambda: of(str, "a", __str__=breaks),
    "number": lambda: of(int, 1, __int__=breaks),
    "enum": lambda: Enum("Made", {"A": 1, "value": property(breaks)}).A,
    "class": lambda: type("Made", (), {"__class__": property(breaks)})(),
    "pydantic": Computed,
    "encode": object,
}


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_what_an_object_raises_refuses_the_event_with_its_path_and_the_cause(make, tmp_path):
    payload = {"rows": [{}, {"bad": make()}]}
    with record_events() as events, EventBus.open(settings={}, plugins=False, encode=breaks) as bus:
        with pytest.raises(InvalidEvent, match=r"^payload\.rows\[1\]\.bad is a .*Broken: out of order") as refused:
            bus.emit("repo.sync.start", payload)
        assert isinstance(refused.value.__cause__, Broken) and len(events) == 0
    with EventBus.open(data_dir=tmp_path, deliver="external", on_error="log", encode=breaks) as careful:
        assert "Broken: out of order" in str(careful.emit("repo.sync.start", payload).error)
        assert careful.refused == {"InvalidEvent": 1}


@pytest.mark.parametrize("made", [Lazily(), Dumped(), Counted()], ids=lambda each: type(each).__name__)
def test_so_does_what_an_event_of_a_class_raises(made):
    with record_events(), EventBus.open(settings={}, plugins=False) as bus:
        with pytest.raises(InvalidEvent, match=r"^payload is a .*Broken: out of order") as refused:
            bus.emit(made)
        assert isinstance(refused.value.__cause__, Broken)


class Unspeakable(Exception):
    __str__ = breaks


def test_an_error_without_a_text_is_called_by_its_name():
    def encode(value):
        raise Unspeakable

    with pytest.raises(InvalidEvent, match=r"cannot be written as JSON: Unspeakable$"):
        to_jsonable(object(), "payload", encode)


class Interrupted(Exception):
    """Raised by a signal handler."""


@pytest.fixture
def alarm():
    def handle(number, frame):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda *_: [os.kill(os.getpid(), signal.SIGALRM), *range(1000)]
    signal.signal(signal.SIGALRM, before)


def leave(*_):
    raise SystemExit(3)


def press(*_):
    raise KeyboardInterrupt


class Written(BaseModel):
    how: object = None

    @field_serializer("how")
    def write(self, how):
        how()


WAYS = {
    "encode": lambda how: ({"x": object()}, how),
    "items": lambda how: ({"x": of(dict, {"a": 1}, items=how)}, None),
    "repr": lambda how: ({"x": {of(object, __repr__=how)}}, None),
    "pydantic": lambda how: ({"x": Written(how=how)}, None),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("kind", [Interrupted, SystemExit, KeyboardInterrupt])
def test_what_a_signal_handler_raises_meanwhile_and_an_exit_are_raised_as_they_are(way, kind, alarm):
    payload, encode = way({Interrupted: alarm, SystemExit: leave, KeyboardInterrupt: press}[kind])
    with record_events(), EventBus.open(settings={}, plugins=False, encode=encode, on_error="log") as bus:
        with pytest.raises(kind):
            bus.emit("repo.sync.start", payload)
        assert bus.refused == {}
