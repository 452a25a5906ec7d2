"""The table of field types, row by row, as somebody who types it meets it: stored, shown, changed and delivered."""

from __future__ import annotations

import json
import runpy
import shlex
from pathlib import Path

import pytest
from marshmallow import fields, missing

from pulp_events import EventBus, hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import resolve
from pulp_events_cli.completion.candidates import candidates

DOCS = Path(__file__).parents[2] / "docs"
TABLE = runpy.run_path(str(DOCS / "field_types.py"))
FIELDS, WRITTEN = TABLE["Fields"], TABLE["WRITTEN"]
ROWS = list(TABLE["rows"]())
CREATE = ("event", "listener", "example", "create", "--event-type=*")
delivered: list = []


class Example(TABLE["Example"]):
    def deliver(self, event, config):
        delivered.append(config)


class Plugin:
    pulp_events_api = ">=1.0,<2"

    @hookimpl
    def pulp_notifiers(self):
        return [Example()]


@pytest.fixture(autouse=True)
def installed(with_plugin, monkeypatch):
    with_plugin("example", Plugin())
    monkeypatch.setenv("TOKEN", "from the environment")
    delivered.clear()


def stored(admin):
    [listener] = json.loads(admin.stored())["listeners"].values()
    return listener["notifier_config"]


def same(one, other):
    return one is missing if other is missing else one == other


@pytest.mark.sample(6)
@pytest.mark.parametrize(("key", "words", "value"), ROWS, ids=[words for _, words, _ in ROWS])
def test_what_is_written_is_stored_shown_changed_and_delivered(admin, key, words, value):
    listener = admin.listener(*CREATE[2:], *shlex.split(words))
    assert stored(admin) == {key: value}
    update = ("event", "listener", "example", "update", "--listener-id", listener)
    for other in WRITTEN[key]:
        admin.ok(*update, *shlex.split(other))
    admin.ok(*update, *shlex.split(words))
    assert stored(admin) == {key: value}
    shown = admin.ok("event", "listener", "show", "--listener-id", listener)
    assert key.replace("_", " ") in shown.out.lower()
    option = shlex.split(words)[0].partition("=")[0].replace("--no-", "--")
    with EventBus.open(admin.config, deliver="inline", plugins=Plugins.load()) as bus:
        bus.emit("repo.sync.start", {"repo_id": "a"})
    expected = FIELDS().load(resolve({key: value}, "table"))
    assert delivered == [expected] and same(delivered[0].get(key, missing), expected.get(key, missing))
    admin.ok(*update, f"{option}=")
    assert stored(admin) == {}


def test_the_table_has_each_type_of_marshmallow():
    known = {type(each) for field in FIELDS().fields.values() for each in (field, getattr(field, "inner", None))}
    abstract = {fields.Field, fields.Mapping, fields.Number}
    public = {getattr(fields, name) for name in fields.__all__}
    left_out = {each.__name__ for each in public - known - abstract}
    assert left_out == set(TABLE["WITHOUT_OPTION"])
    assert list(WRITTEN) == list(FIELDS().fields)


def test_the_manual_has_the_table_as_the_code_makes_it(admin):
    make = runpy.run_path(str(DOCS / "markdown_table.py"))["table"]
    assert TABLE["table"](make) in (DOCS / "notifier-reference.md").read_text()


def test_help_manual_page_and_completion_say_how_each_is_written(admin, tmp_path):
    text = " ".join(admin.ok(*CREATE[:4], "--help").out.split())
    admin.ok("--man-pages", str(tmp_path))
    page = (tmp_path / "pulp-admin-event-listener-example-create.1").read_text().replace("\\-", "-").replace("\n", " ")
    for key, said in {
        "headers": "KEY=VALUE; may be repeated",
        "routes": "KEY=VALUE,VALUE; may be repeated",
        "login": 'JSON, such as {"user": "text", "port": 443}',
        "logins": 'JSON, such as {"user": "text", "port": 443}; may be repeated',
        "places": 'KEY=JSON, such as key={"user": "text", "port": 443}; may be repeated',
        "by_name": "one of LOW, HIGH",
        "by_number": "one of 3, 1",
        "moment": "such as 2026-11-24T08:00:00+00:00",
        "naive": "such as 24.11.2026 08:00",
        "pause": "in seconds, such as 5400",
        "rest": "in minutes, such as 90",
        "rooms": "separated by commas",
        "verify": "--no-verify for false",
        "place": "such as text,1; in this order, separated by commas",
        "matrix": "JSON, such as [[1]]",
        "wait": "such as 90m",
    }.items():
        option = f"--{key.replace('_', '-')}"
        assert f"{option} - {said}" in text
        assert option in page and said.partition(",")[0] in page
        assert any(word == option and about for word, about in candidates([*CREATE[:4]], option))
    assert candidates([*CREATE[:4], "--by-name"], "") == [("LOW", ""), ("HIGH", "")]
    assert ("--by-number=1", "") in candidates([*CREATE[:4]], "--by-number=")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--by-name=MIDDLE", "--by-name 'MIDDLE': Must be one of: LOW, HIGH"),
        ("--by-number=2", "--by-number '2': Must be one of: 3, 1"),
        ("--moment=noon", "--moment 'noon': Not a valid datetime"),
        ("--pause=long", "--pause 'long': Not a valid period of time"),
        ("--strict=1.5", "--strict '1.5': Not a valid integer"),
        ("--limits=a=b", "--limits.a {'a': 'b'}: Not a valid integer"),
        ("--limits=a", "--limits takes KEY=VALUE, and may be repeated"),
        ("--codes=1,x", "--codes 'x': Not a valid integer"),
        ("--codes='[1'", """--codes begins with [ and is not a JSON array, such as ["a", "b"]"""),
        ("--rooms='[a],b'", "--rooms begins with [ and is not a JSON array"),
        ("--rooms=[a", "--rooms begins with [ and is not a JSON array"),
        ("--tokens='[\"hunter'", """--tokens begins with [ and is not a JSON array, such as ["a", "b"]"""),
        ("--pins=hunter", "--pins: Length must be 2"),
        ("--place=a", "--place ['a']: Length must be 2"),
        ("--login=ann", """--login is not JSON; write for example --login='{"user": "text", "port": 443}'"""),
        ("--logins='{'", """--logins is not JSON; write for example --logins='{"user": "text", "port": 443}'"""),
        ("""--login='{"port": 1}'""", "--login.user {'port': 1}: Missing data"),
        ("--places=a=b", "--places is not JSON"),
        ("--matrix=1,2", "--matrix is not JSON; write for example --matrix='[[1]]'"),
        ("--ports=a", "--ports"),
        ("--stamp=x", "--stamp 'x': Not a valid datetime"),
        ("--uuid=x", "--uuid 'x': Not a valid UUID"),
        ("--address6=192.0.2.1", "--address6 '192.0.2.1': Not a valid IPv6 address"),
    ],
)
def test_a_value_that_is_refused_is_named(admin, words, said):
    run = admin(*CREATE, *shlex.split(words))
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1), run
    assert said in run.err, run.err
    assert admin.stored() == ""


@pytest.mark.parametrize("words", ["--rooms=[::1]:80,[::2]:80", "--rooms=[fe80::1%eth0]:80,b", "--rooms=a,[b"])
def test_the_brackets_of_an_address_and_those_within_a_text_are_text(admin, words):
    admin.listener(*CREATE[2:], *shlex.split(words))
    assert ",".join(stored(admin)["rooms"]) == shlex.split(words)[0].removeprefix("--rooms=")


def test_a_list_that_is_json_is_taken_as_it_is(admin):
    assert "--rooms 1: Not a valid string" in admin(*CREATE, "--rooms=[1]").err
    admin.listener(*CREATE[2:], "--rooms=[]")
    assert stored(admin) == {"rooms": []}


@pytest.mark.slow
def test_plugin_check_finds_nothing_wrong_with_any_of_them(admin):
    found = admin("event", "plugin", "check", "example", "--json").json["findings"]
    assert {each["what"]: each["state"] for each in found if each["what"] in ("JSON", "command line")} == {
        "JSON": "ok", "command line": "ok",
    }  # fmt: skip


RECORDING = """
from pulp_events import hookimpl

class Recording(Example):
    def deliver(self, event, config):
        with open({file!r}, "a") as file:
            file.write(repr(config) + "\\n")

@hookimpl
def pulp_notifiers():
    return [Recording()]
"""


@pytest.mark.slow
def test_all_at_once_by_processes_of_their_own(admin, tmp_path, monkeypatch):
    """Installed as a third party's is: created, changed and delivered by `pulp-admin` itself."""
    package, told = tmp_path / "package", tmp_path / "delivered"
    (package / "examples-1.0.dist-info").mkdir(parents=True)
    source = (DOCS / "field_types.py").read_text().replace("from __future__ import annotations\n", "", 1)
    (package / "field_examples.py").write_text(source + RECORDING.format(file=str(told)))
    (package / "examples-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: examples\nVersion: 1.0\n")
    (package / "examples-1.0.dist-info/entry_points.txt").write_text("[pulp_events]\nexamples = field_examples\n")
    monkeypatch.setenv("PYTHONPATH", str(package))
    values = {(key, words): value for key, words, value in ROWS}
    made = admin.process(*CREATE, "--json", *(word for ways in WRITTEN.values() for word in shlex.split(ways[0])))
    assert made.code == 0, made.err
    assert stored(admin) == {key: values[key, ways[0]] for key, ways in WRITTEN.items()}
    update = ("event", "listener", "example", "update", "--listener-id", made.json["id"])
    changed = admin.process(*update, *(word for ways in WRITTEN.values() for word in shlex.split(ways[-1])))
    assert changed.code == 0, changed.err
    last = {key: values[key, ways[-1]] for key, ways in WRITTEN.items()}
    assert stored(admin) == last
    emitted = admin.process("event", "emit", "repo.sync.start", "--payload={}")
    assert emitted.code == 0, emitted.err
    scope = runpy.run_path(str(DOCS / "field_types.py"))
    assert told.read_text() == repr(scope["Fields"]().load(resolve(last, "table"))) + "\n"
