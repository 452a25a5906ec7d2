"""A form has a control for each type of field, and stores what is typed there as the command line stores it."""

import runpy
from pathlib import Path
from types import ModuleType

import pytest

from pulp_events import hookimpl
from pulp_events_web.console.forms.configuration import Configuration

from .console_site import app_of, bus_at

TABLE = runpy.run_path(str(Path(__file__).parents[3] / "docs/field_types.py"))
SECRET = ["tokens", "pins", "account"]
ROWS = [row for row in TABLE["rows"]() if row[0] not in SECRET]
"""A secret's control shows nothing of what is stored."""
KINDS = {
    "check": ["verify"],
    "choice": ["level", "by_name", "by_value", "by_number"],
    "number": ["tries", "strict", "ratio"],
    "lines": ["rooms", "codes", "words", "ports"],
    "secret-lines": ["tokens"],
    "json": [
        "place",
        "pins",
        "headers",
        "limits",
        "routes",
        "login",
        "account",
        "logins",
        "servers",
        "places",
        "matrix",
    ],
}


@pytest.fixture
def bus(tmp_path):
    with bus_at(tmp_path) as bus:
        module = ModuleType("example_plugin")
        module.pulp_notifiers = hookimpl(lambda: [TABLE["Example"]()], specname="pulp_notifiers")
        bus.plugins.add("example", module)
        yield bus


def test_each_has_the_control_of_its_structure():
    found = {each.name.removeprefix("config."): each.kind for each in form({}).fields()}
    expected = {key: kind for kind, keys in KINDS.items() for key in keys}
    assert found == {key: expected.get(key, "text") for key in TABLE["WRITTEN"]}
    choices = {each.name: each.choices for each in form({}).fields()}
    assert choices["config.by_number"] == ["3", "1"] and choices["config.by_name"] == ["LOW", "HIGH"]


def form(shown):
    return Configuration(TABLE["Example"](), shown, set(shown), trusted=True)


@pytest.mark.parametrize(("key", "words", "value"), ROWS, ids=[words for _, words, _ in ROWS])
def test_what_is_shown_and_typed_again_is_what_the_command_line_stores(bus, key, words, value):
    typed = {each.name: each.value for each in form({key: value}).fields()}
    client = app_of(bus).test_client()
    answer = client.post("/console/listeners/new/example", data={"event_types": "repo.#", **typed})
    assert answer.status_code == 303, answer.text
    [made] = bus.listeners.list()
    expected = {} if value is False else {key: value}  # a box that is not ticked is not sent
    assert made.notifier_config == expected


def test_what_is_no_json_is_told_with_an_example(bus):
    client = app_of(bus).test_client()
    answer = client.post("/console/listeners/new/example", data={"event_types": "repo.#", "config.login": "{"})
    assert answer.status_code == 422 and "Write for example {&#34;user&#34;: &#34;text&#34;" in answer.text


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("tokens", "a,b\nenv:TOKEN", ["a,b", {"$env": "TOKEN"}]),
        ("tokens", '["a,b", "env:TOKEN"]', ["a,b", {"$env": "TOKEN"}]),
        ("pins", '["file:/run/pin", 1]', [{"$file": "/run/pin"}, 1]),
        ("account", '{"user": "ann", "password": "env:TOKEN"}', {"user": "ann", "password": {"$env": "TOKEN"}}),
    ],
)
def test_a_secret_within_what_is_typed_may_be_a_reference(bus, key, typed, value):
    client = app_of(bus).test_client()
    answer = client.post("/console/listeners/new/example", data={"event_types": "repo.#", f"config.{key}": typed})
    assert answer.status_code == 303, answer.text
    [made] = bus.listeners.list()
    assert made.notifier_config == {key: value}


def test_a_broken_array_is_not_taken_for_lines(bus):
    client = app_of(bus).test_client()
    answer = client.post("/console/listeners/new/example", data={"event_types": "repo.#", "config.rooms": '["a"'})
    assert answer.status_code == 422 and "is not a JSON array" in answer.text
