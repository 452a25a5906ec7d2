"""What an event or a listener holds cannot be changed, at any depth, and is still usable as JSON, key and message."""

import copy
import dataclasses
import json
import pickle
from collections import OrderedDict
from types import MappingProxyType

import pytest

from pulp_events import EventType
from pulp_events.frozen import FrozenDict, FrozenList, freeze, thaw
from pulp_events.testing.factory import make_event
from pulp_events.testing.listener_store_contract import new_listener

DICT_CHANGES = {
    "[]=": lambda d: d.__setitem__("a", 1),
    "del": lambda d: d.__delitem__("a"),
    "|=": lambda d: d.__ior__({"b": 1}),
    "clear": lambda d: d.clear(),
    "pop": lambda d: d.pop("a"),
    "popitem": lambda d: d.popitem(),
    "setdefault": lambda d: d.setdefault("b", 1),
    "update": lambda d: d.update(b=1),
}
LIST_CHANGES = {
    "[]=": lambda x: x.__setitem__(0, 9),
    "del": lambda x: x.__delitem__(0),
    "+=": lambda x: x.__iadd__([1]),
    "*=": lambda x: x.__imul__(2),
    "append": lambda x: x.append(1),
    "clear": lambda x: x.clear(),
    "extend": lambda x: x.extend([1]),
    "insert": lambda x: x.insert(0, 1),
    "pop": lambda x: x.pop(),
    "remove": lambda x: x.remove(2),
    "reverse": lambda x: x.reverse(),
    "sort": lambda x: x.sort(),
}


@pytest.mark.parametrize("change", DICT_CHANGES)
def test_no_change_of_a_frozen_dict_succeeds(change):
    frozen = FrozenDict({"a": 0})
    with pytest.raises(TypeError, match=r"immutable.*thaw"):
        DICT_CHANGES[change](frozen)
    assert frozen == {"a": 0}


@pytest.mark.parametrize("change", LIST_CHANGES)
def test_no_change_of_a_frozen_list_succeeds(change):
    frozen = FrozenList([3, 2])
    with pytest.raises(TypeError, match=r"immutable.*thaw"):
        LIST_CHANGES[change](frozen)
    assert frozen == [3, 2]


def test_every_method_that_changes_a_dict_or_a_list_is_thought_of():
    """Whatever a later Python adds to dict and list shows up here."""
    reading = {"copy", "fromkeys", "get", "items", "keys", "values", "count", "index"}
    for kind, base, changes in ((FrozenDict, dict, DICT_CHANGES), (FrozenList, list, LIST_CHANGES)):
        public = {name for name in vars(base) if not name.startswith("_")} - reading
        assert public == {name for name in changes if name.isalpha() and name != "del"}
        assert all(getattr(kind, name) is not getattr(base, name) for name in public)


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_freezing_reaches_every_mapping_and_sequence(kind):
    frozen = freeze(kind({"a": kind({"b": [kind({"c": (1, [2])})]})}))
    assert frozen == {"a": {"b": [{"c": [1, [2]]}]}}
    for inner in (frozen["a"], frozen["a"]["b"][0]):
        with pytest.raises(TypeError):
            inner["x"] = 1
    with pytest.raises(TypeError):
        frozen["a"]["b"][0]["c"][1].append(3)


def test_freezing_does_not_bind_the_original():
    mine = {"a": [1]}
    event = make_event(payload=mine)
    mine["a"].append(2)
    assert event.payload == {"a": [1]}


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_thawing_gives_plain_dicts_and_lists_all_the_way_down(kind):
    thawed = thaw(kind({"a": (freeze({"b": [1]}),)}))
    assert thawed == {"a": [{"b": [1]}]}
    assert [type(one) for one in (thawed, thawed["a"], thawed["a"][0], thawed["a"][0]["b"])] == [dict, list, dict, list]


@pytest.mark.parametrize("record", [make_event(payload={"a": {"b": [1]}}), new_listener()], ids=["event", "listener"])
def test_a_record_is_a_key_and_survives_pickle_and_copies(record):
    for again in (pickle.loads(pickle.dumps(record)), copy.copy(record), copy.deepcopy(record)):
        assert again == record and hash(again) == hash(record)
    held = "payload" if hasattr(record, "payload") else "notifier_config"
    with pytest.raises(TypeError, match="immutable"):
        getattr(pickle.loads(pickle.dumps(record)), held)["x"] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.id = "other"


def test_equal_values_have_equal_hashes_whatever_their_order():
    assert hash(freeze({"a": 1, "b": [2]})) == hash(freeze({"b": [2], "a": 1}))


def test_a_frozen_value_is_json_and_reads_like_what_it_was():
    assert json.dumps(freeze({"a": [1, {"b": None}]})) == '{"a": [1, {"b": null}]}'
    assert repr(freeze({"a": [1]})) == "{'a': [1]}"


def test_the_documented_payload_of_an_event_type_cannot_be_changed_either():
    shape = {"a": "an a"}
    event_type = EventType("app.done", "Fires.", shape)
    shape["b"] = "a b"
    assert event_type.payload == {"a": "an a"} and hash(event_type)
    with pytest.raises(TypeError):
        event_type.payload["b"] = "a b"


def test_the_repr_of_a_listener_says_nothing_of_its_configuration():
    listener = new_listener(notifier_config={"token": "hunter2", "url": "http://u:hunter2@h/"})
    assert "hunter2" not in repr(listener) and listener.id in repr(listener)
