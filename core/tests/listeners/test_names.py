"""Names and labels: what they may be, that no two listeners have the same name, that it stands for an id everywhere."""

from __future__ import annotations

import json
import multiprocessing

import pytest

from pulp_events import DeliveryQuery, EventBus, InvalidConfig, ListenerNotFound, NameTaken, StoreError
from pulp_events.listeners.document import from_document, to_document
from pulp_events.testing.listener_store_contract import new_listener

ROOM = ("room", {"room": "x"}, ["*"])
BAD_NAMES = {
    "": "must be text",
    5: "must be text",
    "two words": "ASCII letters, digits",
    "küche": "ASCII letters, digits",
    "a\n": "ASCII letters, digits",
    "-x": "ASCII letters, digits",
    "x.": "ASCII letters, digits",
    "a/b": "ASCII letters, digits",
    "a" * 65: "has 65 characters; at most 64",
    "5081a42ce19a00ea4300000e": "looks like an id",
    "5081A42CE19A00EA4300000E": "looks like an id",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_be_typed_or_looks_like_an_id_is_refused(bus, name):
    listener = bus.listeners.create(*ROOM)
    for give in (lambda: bus.listeners.create(*ROOM, name=name), lambda: bus.listeners.update(listener.id, name=name)):
        with pytest.raises(InvalidConfig, match=r"^name ") as refused:
            give()
        assert BAD_NAMES[name] in str(refused.value) and "\n" not in str(refused.value)
    assert bus.listeners.list() == [listener]
    with pytest.raises(ValueError, match=r"^name "):
        from_document(to_document(listener) | {"name": name})


@pytest.mark.parametrize("name", ["a", "7", "CI-hook", "ops.mail_2", "a" * 64, "abcdef", "f" * 23])
def test_these_are_names(bus, name):
    assert bus.listeners.create(*ROOM, name=name) == bus.listeners.get(name)


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ("team=ops", "must be a mapping"),
        ({"a b": "c"}, "a key of labels is 'a b'"),
        ({5: "c"}, "a key of labels is 5"),
        ({"team": 5}, "the value of 'team' is 5"),
        ({"team": ""}, "not empty"),
        ({"team": "a\nb"}, "control characters"),
        ({"team": "a" * 201}, "at most 200"),
        ({f"k{number}": "v" for number in range(33)}, "at most 32"),
    ],
)
def test_labels_are_keys_with_texts(bus, labels, why):
    with pytest.raises(InvalidConfig, match=why):
        bus.listeners.create(*ROOM, labels=labels)
    assert bus.listeners.list() == []


def test_a_description_is_text_for_people(bus):
    listener = bus.listeners.create(*ROOM, description="Tells ops:\n\t- küche")
    assert bus.listeners.get(listener.id).description == "Tells ops:\n\t- küche"
    for text, why in (("a\x1b[31m", "control characters"), ("a" * 1001, "at most 1000"), (5, "must be text")):
        with pytest.raises(InvalidConfig, match=why):
            bus.listeners.update(listener.id, description=text)


def test_labels_belong_to_an_immutable_record(bus):
    mine = {"team": "ops"}
    listener = bus.listeners.create(*ROOM, labels=mine)
    mine["team"] = "dev"
    assert bus.listeners.get(listener.id).labels == {"team": "ops"} and hash(listener)
    with pytest.raises(TypeError, match="immutable"):
        listener.labels["team"] = "dev"
    assert bus.listeners.update(listener.id, labels={"env": "prod"}).labels == {"env": "prod"}, "all are replaced"
    assert bus.listeners.update(listener.id, labels=None).labels == {}


def test_listeners_are_found_by_their_labels(bus):
    one = bus.listeners.create(*ROOM, labels={"team": "ops", "env": "prod"})
    two = bus.listeners.create(*ROOM, labels={"team": "ops", "env": "test"})
    three = bus.listeners.create(*ROOM)
    found = [
        bus.listeners.list(labels=labels)
        for labels in ({"team": "ops"}, {"team": "ops", "env": "test"}, {"env": None}, {"team": "dev"}, {}, None)
    ]
    assert found == [[one, two], [two], [one, two], [], [one, two, three], [one, two, three]]


def test_no_two_listeners_get_the_same_name(bus):
    one, two = bus.listeners.create(*ROOM, name="one"), bus.listeners.create(*ROOM, name="two")

    def together(change):
        with bus.listeners.together() as several:
            several.create(*ROOM)
            change(several)

    for take in (
        lambda: bus.listeners.create(*ROOM, name="one"),
        lambda: bus.listeners.update(two.id, name="one"),
        lambda: bus.listeners.update("two", name="one"),
        lambda: together(lambda several: several.create(*ROOM, name="one")),
        lambda: together(lambda several: several.update("two", name="one")),
    ):
        with pytest.raises(NameTaken, match=f"^the name 'one' is taken: listener {one.id} has it; choose another"):
            take()
    assert bus.listeners.list() == [one, two]
    assert bus.listeners.update("one", name="one") == one, "its own it may have"


def test_in_one_write_names_may_change_hands(bus):
    one, two = bus.listeners.create(*ROOM, name="one"), bus.listeners.create(*ROOM, name="two")
    with bus.listeners.together() as several:
        several.update(one.id, name="two")
        several.update(two.id, name="one")
    assert [each.name for each in bus.listeners.list()] == ["two", "one"]
    with bus.listeners.together() as several:
        several.delete("one")
        three = several.create(*ROOM, name="one")
        several.disable("one")
    assert bus.listeners.get("one").id == three.id and not bus.listeners.get("one").enabled


def test_every_method_that_takes_an_id_takes_the_name(bus):
    made = bus.listeners.create(*ROOM, name="hook")
    assert bus.listeners.get("hook") == made
    assert not bus.listeners.disable("hook", "tired").enabled
    assert not bus.listeners.disable_for("hook", "again")
    assert bus.listeners.enable("hook").enabled
    assert bus.listeners.mute("hook", 60.0).muted_until is not None
    assert bus.listeners.unmute("hook").muted_until is None
    assert bus.listeners.update("hook", {"room": "y"}, lanes=1).notifier_config == {"room": "y"}
    with bus.listeners.together() as several:
        several.update("hook", lanes=2)
        several.disable("hook")
        several.enable("hook")
        several.mute("hook", 60.0, drop=True)
    assert (bus.listeners.get("hook").lanes, bus.listeners.get("hook").mute_drops) == (2, True)
    with bus.listeners.together() as several:
        several.unmute("hook")
    assert [each.outcome for each in bus.test_listener("hook")] == ["delivered"]
    bus.emit("repo.sync.start")
    query = DeliveryQuery(listener_id="hook")
    assert [each.listener_id for each in bus.deliveries.list(query)] == [made.id]
    assert (bus.deliveries.count(query), [*bus.deliveries.retry(query)], [*bus.deliveries.purge(query)]) == (1, [], [1])
    assert bus.listeners.delete("hook").id == made.id and bus.listeners.list() == []
    for gone in (
        lambda name: bus.deliveries.list(DeliveryQuery(listener_id=name)),
        bus.listeners.get,
        bus.listeners.delete,
        bus.listeners.enable,
        bus.test_listener,
    ):
        with pytest.raises(ListenerNotFound, match="^no listener has the id or name 'hook'; `pulp-admin"):
            gone("hook")


@pytest.mark.parametrize("nothing", [None, 5, "", "x", "0" * 24])
def test_what_is_neither_an_id_nor_a_name_is_found_nowhere(bus, nothing):
    bus.listeners.create(*ROOM)
    for use in (bus.listeners.get, bus.listeners.delete, bus.listeners.enable, bus.listeners.update):
        with pytest.raises(ListenerNotFound, match="^no listener has the id"):
            use(nothing)
    assert len(bus.listeners.list()) == 1


def test_a_renamed_listener_is_the_same_one(open_bus):
    bus = open_bus(deliver="background")
    made = bus.listeners.create(*ROOM, name="old", enabled=False)
    event = bus.emit("repo.sync.start", {})
    assert bus.listeners.update("old", name="new").id == made.id
    with pytest.raises(ListenerNotFound):
        bus.listeners.get("old")
    bus.listeners.enable("new")
    assert [each.state for each in bus.wait(event, 60)] == ["delivered"]


def test_a_name_that_two_have_after_a_change_by_hand_is_no_id(bus, open_bus, tmp_path):
    made = [bus.listeners.create(*ROOM, name=name) for name in ("one", "two")]
    bus.close()
    file = tmp_path / "data/listeners.json"
    content = json.loads(file.read_text())
    for record in content["listeners"].values():
        record["name"] = "one"
    file.write_text(json.dumps(content))
    again = open_bus()
    for use in (again.listeners.get, again.listeners.delete):
        with pytest.raises(StoreError, match=f"2 listeners have the name 'one': {made[0].id}, {made[1].id}; "):
            use("one")
    assert again.listeners.update(made[1].id, name="two").name == "two"
    assert again.listeners.get("one").id == made[0].id


@pytest.mark.slow
def test_of_twenty_processes_that_give_a_name_one_wins(open_bus, tmp_path):
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(20), context.SimpleQueue()

    def work():
        bus = open_bus(deliver="external")
        start.wait(100)
        try:
            answers.put(("made", bus.listeners.create(*ROOM, name="ci").id))
        except NameTaken as error:
            answers.put(("refused", str(error)))

    processes = [context.Process(target=work) for _ in range(20)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    [winner] = [text for what, text in found if what == "made"]
    refused = [text for what, text in found if what == "refused"]
    assert len(refused) == 19 and all(
        text.startswith(f"the name 'ci' is taken: listener {winner} has it") for text in refused
    )
    with EventBus.open(data_dir=tmp_path / "data", deliver="external") as bus:
        assert [each.id for each in bus.listeners.list()] == [winner]


def test_a_store_of_others_keeps_names_apart_by_its_edit_alone(bus, monkeypatch):
    """What a third party wrote without names: its `add` and `change` look at no name, and are asked for none."""
    store = bus._store
    monkeypatch.setattr(store, "add", lambda listener: pytest.fail("an add cannot look for the name"))
    monkeypatch.setattr(store, "change", lambda *_: pytest.fail("nor can a change"))
    made = bus.listeners.create(*ROOM, name="one")
    bus.listeners.update(made.id, name="two")
    with pytest.raises(NameTaken):
        bus.listeners.create(*ROOM, name="two")


def test_listeners_without_them_are_stored_as_before():
    assert not {"name", "description", "labels", "timeout"} & to_document(new_listener()).keys()
