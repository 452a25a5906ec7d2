"""The event types of an application that is not installed: listed, described, completed, listened to, forgotten."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from marshmallow import Schema, fields

from pulp_events import EventBus, EventModel, EventType, Notifier, UnknownEventType
from pulp_events.testing import plugins_of
from pulp_events.testing.clock import FakeClock
from pulp_events_cli.completion.candidates import candidates


@dataclass
class OrderPaid(EventModel, event_type="order.paid", version="2"):
    """An order was paid."""

    order_id: int


class Refund(Schema):
    amount = fields.Integer(required=True, metadata={"help": "in cents"})


PLAIN = EventType("order.created", "An order was placed.", {"order_id": "its number"})
TYPES = [OrderPaid, PLAIN, EventType("order.refunded", "Money went back.", schema=Refund)]
CREATE = ("event", "listener", "http", "create", "--url=http://ci.example/")


@pytest.fixture
def run_application(admin):
    """Runs an application on the store of `pulp-admin`: it opens a bus, does something with it, and ends."""

    def run(*event_types, act=lambda bus: None, **options):
        options = {"deliver": "external", "plugins": False, "event_types": event_types, **options}
        with EventBus.open(admin.config, **options) as bus:
            act(bus)

    return run


def stored(admin):
    file = admin.data / "event-types.json"
    return json.loads(file.read_text())["types"] if file.exists() else {}


def test_they_are_listed_with_who_registered_them_and_when(admin, run_application):
    admin.configure("source = shop\n")
    run_application(*TYPES)
    out = admin.ok("event", "types").out
    assert "order.created\n  An order was placed.\n  (registered by shop, last seen " in out
    assert "  order_id - its number" in out
    listed = {each["name"]: each for each in admin.ok("event", "types", "--json").json}
    assert listed["repo.sync.start"]["remembered"] is None
    assert listed["order.paid"]["description"] == "An order was paid."
    assert (listed["order.paid"]["remembered"]["source"], listed["order.paid"]["remembered"]["stale"]) == (
        "shop",
        False,
    )
    table = admin.ok("event", "types", "--columns=name,source,last_seen").out
    assert "order.paid" in table and "shop" in table


def test_one_is_shown_in_full_with_the_schema_that_the_application_gave_it(admin, run_application):
    run_application(*TYPES)
    shown = admin.ok("event", "types", "show", "order.paid", "--json").json
    assert (shown["version"], shown["fields"][0]["name"], shown["example"]) == ("2", "order_id", {"order_id": 0})
    refund = admin.ok(
        "event", "types", "--json-schema=order.refunded"
    ).json  # of a Schema that only the application has
    assert refund["properties"]["amount"] == {"type": "integer", "description": "in cents"}
    assert "order.paid" in admin.ok("event", "types", "--asyncapi").json["channels"]


def test_listeners_are_created_for_them_and_their_names_completed(admin, run_application):
    missed = admin(*CREATE, "--event-type=order.paid")
    assert missed.code == 2 and "unknown event type 'order.paid'" in missed.err
    run_application(*TYPES)
    admin.ok(*CREATE, "--event-type=order.paid")
    admin.ok(*CREATE, "--event-type=order.*")
    assert admin(*CREATE, "--event-type=order.payed").code == 2
    offered = [text for text, _ in candidates([*CREATE, "--event-type"], "order")]
    assert offered == ["order.created", "order.paid", "order.refunded"]


def test_their_events_are_emitted_and_checked(admin, run_application):
    run_application(*TYPES)
    admin.configure("payloads = strict\n")
    admin.ok("event", "emit", "order.paid", '--payload={"order_id": 7}', "--no-wait")
    refused = admin("event", "emit", "order.paid", '--payload={"order_id": "x"}', "--no-wait")
    assert refused.code == 2 and "payload.order_id is text" in refused.err


class Recording(Notifier):
    type_id = "recording"
    config_schema = Schema

    def deliver(self, event, config):
        """Take it."""


def test_an_application_may_listen_to_what_others_registered_and_not_emit_it(run_application):
    def act(bus):
        with pytest.raises(UnknownEventType):
            bus.emit("order.created", {})
        bus.listeners.create("recording", {}, ["order.created"])
        with pytest.raises(UnknownEventType):
            bus.listeners.create("recording", {}, ["order.lost"])

    run_application(PLAIN)
    run_application(act=act, plugins=plugins_of(Recording()))


@pytest.mark.parametrize("deliver", ["external", "background", "inline"])
def test_a_type_that_is_registered_later_is_told_with_the_next_event_or_at_the_end(admin, run_application, deliver):
    def emit(bus):
        bus.event_types.register(PLAIN)
        assert "order.created" not in stored(admin)
        bus.emit("repo.sync.start")
        assert "order.created" in stored(admin)

    run_application(act=emit, deliver=deliver)
    run_application(act=lambda bus: bus.event_types.register(OrderPaid), deliver=deliver)
    assert list(stored(admin)) == ["order.created", "order.paid"]


def test_emit_writes_once_for_each_set_of_types_and_never_again(admin, run_application, monkeypatch):
    from pulp_events.listeners.tinydb_store import TinyDBListenerStore

    told = []
    plain = TinyDBListenerStore.remember_types
    monkeypatch.setattr(
        TinyDBListenerStore, "remember_types", lambda self, types: told.append([*types]) or plain(self, types)
    )

    def act(bus):
        for each in range(100):
            bus.emit("order.created", {"order_id": each})
        bus.event_types.register(OrderPaid)
        for each in range(100):
            bus.emit(OrderPaid(each))

    run_application(PLAIN, act=act)
    assert told == [["order.created"], ["order.created", "order.paid"]]
    changed = (admin.data / "event-types.json").stat().st_mtime_ns
    run_application(PLAIN, OrderPaid)  # the next process finds it said
    assert (admin.data / "event-types.json").stat().st_mtime_ns == changed


def test_a_type_that_nobody_tells_of_is_stale_and_can_be_forgotten(admin, run_application):
    clock = FakeClock()
    run_application(PLAIN, clock=clock)
    run_application(OrderPaid)
    assert datetime.fromisoformat(stored(admin)["order.created"]["last_seen"]) < datetime.now(UTC) - timedelta(days=30)
    listed = {each["name"]: each["remembered"] for each in admin.ok("event", "types", "--json").json}
    assert (listed["order.created"]["stale"], listed["order.paid"]["stale"]) == (True, False)
    assert "stale: `pulp-admin event types forget` removes it" in admin.ok("event", "types").out
    assert "1 event type forgotten" in admin.ok("event", "types", "forget", "--stale").out
    assert list(stored(admin)) == ["order.paid"]
    assert admin.ok("event", "types", "forget", "order.paid", "--json").json == {"forgotten": ["order.paid"]}
    assert stored(admin) == {}


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["order.lost"], 1, "no application registered 'order.lost'"),
        (["repo.sync.start"], 1, "comes with core or a plugin, and cannot be forgotten"),
        ([], 2, "name event types, or give --stale"),
        (["order.paid", "--stale"], 2, "name event types, or give --stale"),
    ],
)
def test_what_cannot_be_forgotten_is_said(admin, words, code, text):
    run = admin("event", "types", "forget", *words)
    assert run.code == code and text in run.err


def test_hostile_descriptions_are_bounded_and_shown_in_a_line(admin, run_application):
    evil = "\x1b[31mred\n\n" + "x" * 100_000
    keys = {f"key{number}\x1b[0m": evil for number in range(500)}
    large = {"type": "object", "description": "y" * 200_000}
    run_application(EventType("order.evil", evil, keys), EventType("order.large", "Large.", {"a": ""}, schema=large))
    assert (admin.data / "event-types.json").stat().st_size < 1_000_000
    out = admin.ok("event", "types").out
    assert "\x1b" not in out and "order.evil\n  " in out
    assert all(len(line) < 2600 for line in out.splitlines())
    assert admin.ok("event", "types", "show", "order.large", "--json").json["schema"] is None


def test_a_damaged_file_is_a_warning_and_stops_neither_the_command_nor_an_application(admin, run_application, caplog):
    run_application(PLAIN)
    (admin.data / "event-types.json").write_text('{"torn')
    run = admin.ok("event", "types")
    assert "event types of applications are not known here" in run.err and "event-types.json" in run.err
    run_application(OrderPaid, act=lambda bus: bus.emit(OrderPaid(7)))
    assert "will not know the event types of this application" in caplog.text
    assert (admin.data / "event-types.json").read_text() == '{"torn'


def test_records_that_are_none_are_left_out(admin, run_application):
    run_application(PLAIN)
    file = admin.data / "event-types.json"
    content = json.loads(file.read_text())
    good = content["types"]["order.created"]
    wrong = [
        {},
        {**good, "last_seen": "yesterday"},
        {**good, "description": None, "payload": 7},
        {**good, "version": "\n"},
    ]
    content["types"].update({f"order.bad{number}": each for number, each in enumerate(wrong)})
    content["types"]["not a name"] = good
    file.write_text(json.dumps(content))
    names = [each["name"] for each in admin.ok("event", "types", "--json").json if each["remembered"]]
    assert names == ["order.created"]


def test_config_check_knows_them(admin, run_application):
    run_application(*TYPES)
    admin.ok("event", "listener", "http", "create", "--url=http://ci.example/", "--event-type=order.*")
    assert "order." not in admin("event", "config", "check").out
    admin.ok("event", "types", "forget", "order.paid", "order.created", "order.refunded")
    assert "pattern 'order.*' matches no event type" in admin("event", "config", "check").out
