"""Listeners are created, changed and deleted; what is refused leaves the store as it was."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from marshmallow import ValidationError, fields

from pulp_events import (
    EventBus,
    EventsError,
    InvalidConfig,
    ListenerNotFound,
    PluginError,
    UnknownEventType,
    UnknownNotifierType,
)
from pulp_events.secrets import MASK


def test_a_listener_has_an_id_in_objectid_form_and_comes_back_as_it_was_made(bus):
    made = bus.listeners.create("room", {"room": "ops", "size": "5"}, ["repo.sync.start", "repo.publish.*"], lanes=1)
    assert re.fullmatch(r"[0-9a-f]{24}", made.id)
    assert made.notifier_config == {"room": "ops", "size": 5}
    assert bus.listeners.get(made.id) == made == bus.listeners.list()[0]
    assert (made.targets, made.lanes, made.enabled) == (("ops",), 1, True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"filter": "payload.["}, "filter"),
        ({"lanes": 0}, "lanes"),
        ({"retry_schedule": [-1]}, "retry_schedule|retry schedule"),
        ({"listener_id": "x"}, "24 hex digits"),
        ({"event_types": ["repo.sink.start"]}, "repo.sink.start"),
    ],
)
def test_checking_what_is_to_be_created_refuses_what_creating_it_would(bus, wrong, said):
    given = {"event_types": ["*"], "filter": None, "retry_schedule": None, "lanes": None, "listener_id": None, **wrong}
    with pytest.raises(EventsError, match=said):
        bus.listeners.check(**given)
    with pytest.raises(EventsError, match=said):
        bus.listeners.create("room", {"room": "a"}, given.pop("event_types"), **given)
    assert bus.listeners.list() == []


def test_ids_differ_and_sort_by_age(bus):
    ids = [bus.listeners.create("room", {"room": "ops"}, ["*"]).id for _ in range(30)]
    assert len(set(ids)) == 30
    assert [id[:8] for id in ids] == sorted(id[:8] for id in ids)


@pytest.mark.parametrize(
    ("type_id", "config", "event_types", "options", "error", "text"),
    [
        ("rooom", {"room": "x"}, ["*"], {}, UnknownNotifierType, "did you mean 'room'"),
        ("room", {}, ["*"], {}, InvalidConfig, "room: Missing data"),
        ("room", {"room": ""}, ["*"], {}, InvalidConfig, "room ''"),
        ("room", {"room": "x", "rome": "y"}, ["*"], {}, InvalidConfig, "rome 'y': Unknown field"),
        ("room", {"room": "x", "size": "big"}, ["*"], {}, InvalidConfig, "size 'big': Not a valid integer"),
        ("room", {"room": {"$env": "X"}}, ["*"], {}, InvalidConfig, "room is not a secret"),
        (
            "room",
            {"room": "x", "token": {"$env": "1 X"}},
            ["*"],
            {},
            InvalidConfig,
            "token: The name of an environment",
        ),
        ("room", {"room": "x", "token": {"$env": "A\n"}}, ["*"], {}, InvalidConfig, "no digit first"),
        ("room", {"room": "x", "token": {"$env": "\u00c4"}}, ["*"], {}, InvalidConfig, "no digit first"),
        ("room", {"room": "x"}, [], {}, InvalidConfig, "at least one event type"),
        ("room", {"room": "x"}, "*", {}, InvalidConfig, "give a list"),
        ("room", {"room": "x"}, ["repo.sink.start"], {}, UnknownEventType, "did you mean 'repo.sync.start'"),
        ("room", {"room": "x"}, ["repo.nothing.*"], {}, UnknownEventType, "matches no event type"),
        ("room", {"room": "x"}, ["*"], {"filter": "payload =="}, InvalidConfig, "not valid JMESPath"),
        ("room", {"room": "x"}, ["*"], {"lanes": 0}, InvalidConfig, "from 1 to 64"),
        ("room", {"room": "x"}, ["*"], {"retry_schedule": [5, -1]}, InvalidConfig, "above 0"),
        ("room", {"room": "x"}, ["*"], {"retry_schedule": 5}, InvalidConfig, "list of seconds"),
        ("room", {"room": "a\ud800"}, ["*"], {}, InvalidConfig, "notifier_config.room has half of a character"),
        ("room", {"room": "x"}, ["*"], {"filter": "'\ud800'"}, InvalidConfig, "filter has half of a character"),
    ],
)
def test_bad_input_is_refused_before_anything_is_stored(bus, file, type_id, config, event_types, options, error, text):
    with pytest.raises(error) as refused:
        bus.listeners.create(type_id, config, event_types, **options)
    assert text in str(refused.value) and "\n" not in str(refused.value)
    assert not file.exists()


def test_a_refused_update_leaves_the_file_as_it_was(bus, file):
    listener = bus.listeners.create("room", {"room": "ops", "size": 5}, ["*"])
    before = file.read_bytes()
    for config, event_types in ((None, ["no.such"]), ({"size": "big"}, None), ({"room": None}, None), ({"x": 1}, None)):
        with pytest.raises((InvalidConfig, UnknownEventType)):
            bus.listeners.update(listener.id, config, event_types)
    assert file.read_bytes() == before


def test_an_update_changes_what_is_named_and_keeps_the_rest(bus):
    listener = bus.listeners.create("room", {"room": "ops", "size": 5}, ["repo.sync.start"], filter="payload")
    after = bus.listeners.update(listener.id, {"size": 6}, ["*", "*"])
    assert after.notifier_config == {"room": "ops", "size": 6} and after.event_types == ("*",)
    assert (after.id, after.created, after.notifier_type_id, after.filter) == (
        listener.id, listener.created, "room", "payload",
    )  # fmt: skip
    assert after.updated > listener.updated
    assert bus.listeners.update(listener.id, {"size": None}).notifier_config == {"room": "ops"}
    assert bus.listeners.update(listener.id, {"room": "dev"}).targets == ("dev",)
    assert bus.listeners.update(listener.id, filter=None, lanes=2, retry_schedule=[1]).lanes == 2


def test_an_update_that_changes_nothing_writes_nothing(bus, file):
    listener = bus.listeners.create("room", {"room": "ops"}, ["*"])
    before = file.stat()
    assert bus.listeners.update(listener.id, {"room": "ops"}, ["*"]) == listener
    assert bus.listeners.enable(listener.id) == listener
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_update_by_a_function_sees_what_is_stored_then(open_bus):
    bus, other = open_bus(), open_bus()
    listener = bus.listeners.create("room", {"room": "ops", "size": 1}, ["*"])
    other.listeners.update(listener.id, {"size": 5})
    changed = bus.listeners.update(listener.id, lambda config: {"size": config["size"] + 1, "token": "t"})
    assert changed.notifier_config == {"room": "ops", "size": 6, "token": "t"}
    assert bus.listeners.update(listener.id, lambda config: {}) == changed
    for wrong in (lambda config: {"size": "big"}, lambda config: ["size"]):
        with pytest.raises(InvalidConfig):
            bus.listeners.update(listener.id, wrong)
    assert bus.listeners.get(listener.id) == changed


def test_updates_at_once_by_a_function_all_count(open_bus):
    buses = [open_bus() for _ in range(4)]
    listener = buses[0].listeners.create("room", {"room": "ops", "size": 0}, ["*"])

    def more(bus):
        for _ in range(5):
            bus.listeners.update(listener.id, lambda config: {"size": config["size"] + 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(more, buses))
    assert buses[0].listeners.get(listener.id).notifier_config["size"] == 20


def test_what_a_notifier_prepares_is_stored_and_prepared_once(bus, room, file, monkeypatch):
    def prepare(config):
        if config["room"] == "none":
            raise ValidationError("There is no such room.", "room")
        return {**config, "token": "made"} if config.get("token") == "make" else config

    monkeypatch.setattr(room, "prepare", prepare)
    with pytest.raises(InvalidConfig, match="room 'none': There is no such room"):
        bus.listeners.create("room", {"room": "none"}, ["*"])
    assert not file.exists()
    listener = bus.listeners.create("room", {"room": "ops", "token": "make"}, ["*"])
    assert listener.notifier_config == {"room": "ops", "token": "made"}
    monkeypatch.setenv("TOKEN", "make")
    reference = bus.listeners.create("room", {"room": "ops", "token": {"$env": "TOKEN"}}, ["*"])
    assert reference.notifier_config == {"room": "ops", "token": {"$env": "TOKEN"}}
    bus.emit("repo.sync.start")
    assert {config["token"] for _, config in room.calls} == {"made", "make"}


def test_what_is_not_there_cannot_be_changed(bus):
    for attempt in (bus.listeners.get, bus.listeners.delete, bus.listeners.enable, bus.listeners.update):
        with pytest.raises(ListenerNotFound, match="listener list"):
            attempt("0" * 24)


def test_secrets_are_masked_and_references_shown(bus):
    stored = {"room": "x", "token": "hunter2", "url": "http://u:pw@chat.example/"}
    listener = bus.listeners.create("room", stored, ["*"])
    assert bus.listeners.redacted(listener) == {"room": "x", "token": MASK, "url": f"http://u:{MASK}@chat.example/"}
    reference = bus.listeners.create("room", {"room": "x", "token": {"$file": "/run/token"}}, ["*"])
    assert bus.listeners.redacted(reference)["token"] == "file:/run/token"
    gone = replace(listener, notifier_type_id="gone")
    assert set(bus.listeners.redacted(gone).values()) == {MASK}, "nobody knows which of them are secret"


def test_a_reference_is_read_when_a_channel_opens_and_never_stored(bus, room, file, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("from-a-file\n")
    monkeypatch.setenv("ROOM_TOKEN", "from-the-environment")
    bus.listeners.create("room", {"room": "a", "token": {"$file": str(tmp_path / "token")}}, ["*"])
    bus.listeners.create("room", {"room": "b", "token": {"$env": "ROOM_TOKEN"}}, ["*"])
    bus.emit("repo.sync.start")
    assert {config["token"] for _, config in room.calls} == {"from-a-file", "from-the-environment"}
    assert "from-" not in file.read_text()


@pytest.mark.parametrize(
    ("expression", "heard"),
    [
        ("payload.result == 'failed'", True),
        ("payload.result == 'success'", False),
        ("payload.missing", False),
        ("payload.zero", True),
        ("payload.empty", False),
        ("payload.no", False),
        ("call_report.tags[?@ == 'nightly']", True),
        ("event_type == 'repo.sync.finish' && payload.count > `3`", True),
        ("starts_with(payload.count, 'x')", True),
    ],
)
def test_a_filter_lets_pass_what_is_true_by_jmespath(bus, room, expression, heard):
    bus.listeners.create("room", {"room": "x"}, ["*"], filter=expression)
    payload = {"result": "failed", "zero": 0, "empty": [], "no": False, "count": 5}
    bus.emit("repo.sync.finish", payload, {"tags": ["nightly"]})
    assert bool(room.calls) == heard


def test_an_event_that_concerns_nobody_is_not_stored(bus):
    bus.listeners.create("room", {"room": "x"}, ["repo.publish.*"])
    event = bus.emit("repo.sync.start")
    assert bus.wait(event, 0) == [] and bus.deliveries.stats().delivered == 0


@pytest.mark.parametrize("config", [None, [], "room=x", 5])
def test_a_configuration_is_a_mapping(bus, file, config):
    with pytest.raises(InvalidConfig, match="must be a mapping"):
        bus.listeners.create("room", config, ["*"])
    assert not file.exists()


def test_a_password_that_is_only_loaded_is_stored_and_given_to_the_notifier(bus, room, monkeypatch):
    class LoadOnly(room.config_schema):
        password = fields.String(load_only=True, metadata={"help": "password", "secret": True})

    monkeypatch.setattr(type(room), "config_schema", LoadOnly)
    listener = bus.listeners.create("room", {"room": "x", "password": "hunter2"}, ["*"])
    assert listener.notifier_config == {"room": "x", "password": "hunter2"}
    assert bus.listeners.redacted(listener) == {"room": "x", "password": MASK}
    bus.emit("repo.sync.start")
    assert room.calls[0][1]["password"] == "hunter2"
    assert bus.listeners.update(listener.id, {"password": None}).notifier_config == {"room": "x"}


def test_what_a_notifiers_trial_refuses_is_not_stored_and_named_without_a_secret(bus, room, file, monkeypatch):
    def check(config):
        assert config["size"] == 3, "as the schema loaded it"
        if config["room"] == "bad":
            raise ValidationError(f"Cannot be entered with {config['token']}.", "room")

    monkeypatch.setattr(room, "check", check)
    with pytest.raises(InvalidConfig, match=r"invalid room configuration: room 'bad': Cannot be entered") as refused:
        bus.listeners.create("room", {"room": "bad", "size": "3", "token": "hunter2"}, ["*"])
    assert "hunter2" not in str(refused.value) and not file.exists()
    listener = bus.listeners.create("room", {"room": "good", "size": "3", "token": "hunter2"}, ["*"])
    with pytest.raises(InvalidConfig, match="room 'bad'"):
        bus.listeners.update(listener.id, {"room": "bad"})
    assert bus.listeners.get(listener.id) == listener
    monkeypatch.setattr(room, "check", lambda config: pytest.fail("what is stored is not tried again"))
    bus.emit("repo.sync.start")
    assert len(room.calls) == 1


@pytest.mark.parametrize("wrong", ["ops", ["ops", 5], [None]])
def test_targets_that_are_no_list_of_texts_are_the_plugins_mistake(bus, room, file, monkeypatch, wrong):
    monkeypatch.setattr(room, "targets", lambda config: wrong)
    with pytest.raises(PluginError, match=r"'room', targets\(\): it must return a list of texts"):
        bus.listeners.create("room", {"room": "x"}, ["*"])
    assert not file.exists()


def test_a_target_that_is_named_twice_gets_each_event_once(bus, room, monkeypatch):
    monkeypatch.setattr(room, "targets", lambda config: ["b", "a", "b"])
    assert bus.listeners.create("room", {"room": "x"}, ["*"]).targets == ("b", "a")
    assert len(bus.wait(bus.emit("repo.sync.start"), 0)) == 2


def test_a_listener_whose_type_is_gone_stays_listed_waits_and_can_be_deleted(open_bus, room, tmp_path):
    listener = open_bus().listeners.create("room", {"room": "x", "token": "hunter2"}, ["*"])
    with EventBus.open(plugins=False, deliver="inline", data_dir=tmp_path / "data") as bus:
        assert bus.listeners.list() == [listener]
        assert set(bus.listeners.redacted(listener).values()) == {MASK}
        assert bus.listeners.warnings(listener) == []
        event = bus.emit("repo.sync.start")
        assert [delivery.state for delivery in bus.wait(event, 0)] == ["pending"]
        assert bus.listeners.update(listener.id, event_types=["repo.sync.*"]).event_types == ("repo.sync.*",)
        with pytest.raises(UnknownNotifierType, match="'room'"):
            bus.listeners.update(listener.id, {"room": "y"})
    again = open_bus()
    again.deliver_due()
    assert [one.id for one, _ in room.calls] == [event.id], "delivered once its type is there again"
    with EventBus.open(plugins=False, deliver="inline", data_dir=tmp_path / "data") as bus:
        assert bus.listeners.delete(listener.id).id == listener.id and bus.listeners.list() == []


def test_a_disabled_listener_gets_its_events_when_it_is_enabled(bus, room):
    listener = bus.listeners.create("room", {"room": "x"}, ["*"], enabled=False)
    assert not listener.enabled
    bus.emit("repo.sync.start")
    bus.deliver_due()
    assert room.calls == []
    enabled = bus.listeners.enable(listener.id)
    assert enabled.enabled and enabled.updated > listener.updated
    bus.deliver_due()
    assert len(room.calls) == 1
    off = bus.listeners.disable(listener.id, "maintenance")
    assert (off.enabled, off.disabled_reason) == (False, "maintenance")
    assert bus.listeners.disable(listener.id) == off  # no reason is said, so the earlier one holds
    assert bus.listeners.disable(listener.id, "the new disk").disabled_reason == "the new disk"
    assert not bus.listeners.disable_for(listener.id, "410 Gone")  # what the dispatcher finds replaces nothing
    assert bus.listeners.get(listener.id).disabled_reason == "the new disk"
    assert bus.listeners.enable(listener.id).disabled_reason is None


def test_what_a_deleted_listener_was_still_to_get_stands_as_dead(bus, room):
    listener = bus.listeners.create("room", {"room": "x"}, ["*"], enabled=False)
    event = bus.emit("repo.sync.start")
    assert bus.listeners.delete(listener.id) == listener
    [delivery] = bus.wait(event, 0)
    assert (delivery.state, delivery.detail) == ("dead", "the listener was deleted") and room.calls == []


def test_an_unknown_key_with_a_dot_is_shown_whole(bus):
    with pytest.raises(InvalidConfig, match=r"ro\.om 'y': Unknown field"):
        bus.listeners.create("room", {"room": "x", "ro.om": "y"}, ["*"])


class Changed(Exception):
    pass


def test_a_change_is_refused_where_the_record_is_not_what_it_was_decided_on(bus):
    made = bus.listeners.create("room", {"room": "ops"}, ["*"])

    def refuse(stored):
        if stored != made:
            raise Changed

    mine = bus.listeners.by("alice").unless(refuse)
    now = mine.update(made.id, {"room": "dev"})
    for change in (
        lambda: mine.update(made.id, {"room": "x"}),
        lambda: mine.disable(made.id),
        lambda: mine.mute(made.id, 60),
        lambda: mine.delete(made.id),
    ):
        with pytest.raises(Changed):
            change()
    with pytest.raises(Changed), mine.together() as several:
        several.update(made.id, {"room": "x"})
        several.create("room", {"room": "other"}, ["*"])
    assert bus.listeners.list() == [now]
    assert [each.by for each in bus.listeners.history(made.id)][0] == "alice"


def test_of_two_who_decided_on_the_same_record_one_changes_it(bus):
    made = bus.listeners.create("room", {"room": "ops"}, ["*"])

    def refuse(stored):
        if stored != made:
            raise Changed

    def change(number):
        try:
            bus.listeners.unless(refuse).update(made.id, {"room": f"room {number}"})
        except Changed:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(change, range(16))) == 1
