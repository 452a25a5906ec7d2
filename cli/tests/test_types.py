"""`event types`: the list, one type in full, documents for receivers, and who uses a field."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import pytest
from marshmallow import Schema, fields

from pulp_events import EventType, hookimpl
from pulp_events_cli.completion.candidates import candidates

HTTP = ("http", "create", "--event-type=*", "--url=http://ci.example/")


class Order(Schema):
    number = fields.Integer(required=True, metadata={"help": "its number"})


class Node(Schema):
    name = fields.String(required=True)
    children = fields.List(fields.Nested(lambda: Node()))


class Broken(Schema):
    next = fields.Nested("NobodyHasThis")


class Shop:
    @hookimpl
    def pulp_event_types(self):
        return [
            EventType("order.placed", "Somebody ordered.", schema=Order, version="2"),
            EventType("order.lost", "It was lost.", {"number": "its number"}),
            EventType("order.node", "It refers to itself.", schema=Node),
            EventType("order.coded", "It has a code.", schema={"properties": {"code": {"pattern": "^[0-9]{7}$"}}}),
            EventType("order.wrong", "Its pattern is none.", schema={"properties": {"a": {"pattern": "("}}}),
            EventType("order.broken", "It has no end.", {"number": "its number"}, schema=Broken),
        ]


def test_without_a_command_it_lists_the_types_as_ever(admin):
    out = admin.ok("event", "types").out
    assert out.startswith("repo.sync.start\n  Fires when any repository starts a sync operation.\n  repo_id    - ")
    assert [each["name"] for each in admin.ok("event", "types", "--json").json][:1] == ["repo.sync.start"]


def test_a_type_in_full(admin, with_plugin):
    with_plugin("shop", Shop())
    out = admin.ok("event", "types", "show", "order.placed").out
    assert out == (
        "Description:  Somebody ordered.\nName:         order.placed\nVersion:      2\n\n"
        "FIELD   TYPE     REQUIRED  DESCRIPTION\nnumber  integer  true      its number\n\n"
        'Example:\n{\n  "number": 0\n}\n'
    )
    shown = admin.ok("event", "types", "show", "order.placed", "--json").json
    assert (shown["schema"], shown["example"], shown["version"]) == ("marshmallow", {"number": 0}, "2")
    assert shown["fields"] == [{"name": "number", "type": "integer", "required": True, "description": "its number"}]


def test_a_type_without_a_schema_has_fields_and_no_example(admin, with_plugin):
    with_plugin("shop", Shop())
    out = admin.ok("event", "types", "show", "order.lost").out
    assert "number  any   false     its number" in out and "Example" not in out and "Version" not in out
    shown = admin.ok("event", "types", "show", "order.lost", "--json").json
    assert (shown["schema"], shown["example"], shown["version"]) == (None, None, "")


def test_where_no_example_is_found_it_says_why(admin, with_plugin):
    with_plugin("shop", Shop())
    assert admin.ok("event", "types", "show", "order.coded").out.endswith(
        "\n\nNo example: in what was made up, payload.code does not match '^[0-9]{7}$'. The schema may name values "
        "that fit in `examples`.\n"
    )
    assert admin.ok("event", "types", "show", "order.coded", "--json").json["example"] is None


def test_the_example_can_be_emitted_where_payloads_are_strict(admin):
    admin.configure("payloads = strict\n")
    for name in ("repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish"):
        example = admin.ok("event", "types", "show", name, "--json").json["example"]
        admin.ok("event", "emit", name, f"--payload={json.dumps(example)}", "--no-wait")
    run = admin("event", "emit", "repo.sync.start", '--payload={"user": 5}', "--no-wait")
    assert run.code == 2 and run.err == (
        "pulp-admin: error: the payload of repo.sync.start does not fit its schema (version 1): payload.repo_id is "
        "missing, and 1 more\n"
    )


def test_json_schema_of_one_type_and_of_reports(admin):
    one = admin.ok("event", "types", "--json-schema", "repo.sync.start").json
    assert one == admin.ok("event", "types", "--json-schema=repo.sync.start", "--json").json
    assert jsonschema.Draft202012Validator(one).is_valid({"repo_id": "pulp2"})
    assert not jsonschema.Draft202012Validator(one).is_valid({"repo_id": 2})
    whole = jsonschema.Draft202012Validator(admin.ok("event", "types", "--json-schema").json)
    report = {"call_report": {}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}
    assert whole.is_valid(report) and not whole.is_valid({**report, "payload": {}})


def test_asyncapi_names_every_type_and_one_with_a_broken_schema_without_it(admin, with_plugin):
    with_plugin("shop", Shop())
    run = admin.ok("event", "types", "--asyncapi")
    made = run.json
    assert made["asyncapi"] == "3.0.0"
    assert set(made["channels"]) == {each["name"] for each in admin.ok("event", "types", "--json").json}
    assert run.err.count("\n") == 2 and "order.broken cannot be described: RegistryError" in run.err
    assert "the schema of order.wrong cannot be used" in run.err
    assert list(made["components"]["schemas"]["order.broken"]["properties"]) == ["number"]
    run = admin.ok("event", "types", "--json-schema")
    assert run.err.count("\n") == 2 and "order.broken cannot be described: RegistryError" in run.err
    assert "the schema of order.wrong cannot be used" in run.err
    jsonschema.Draft202012Validator.check_schema(run.json)
    assert list(run.json["$defs"]["order.broken"]["properties"]) == ["number"]


def test_a_type_whose_schema_refers_to_itself_in_full(admin, with_plugin):
    with_plugin("shop", Shop())
    shown = admin.ok("event", "types", "show", "order.node", "--json").json
    assert [each["name"] for each in shown["fields"]] == ["name", "children"]
    assert shown["example"]["children"][0]["name"] == "text"
    assert admin.ok("event", "types", "--json-schema=order.node").json["properties"]["children"]["items"] == {
        "$ref": "#"
    }


def test_the_schema_of_json_output_is_where_it_was(admin):
    for words in (
        ["--json-schema"],
        ["--json-schema", "event", "types"],
        ["event", "types", "show", "x", "--json-schema"],
    ):
        assert admin.ok(*words).json["$id"].startswith("urn:pulp-events:pulp-admin:json")
    assert admin.ok("event", "--json", "types", "--json-schema").json["title"] == "Event report"


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["show", "repo.sync.strat"], 2, "did you mean 'repo.sync.start'"),
        (["--json-schema=repo.sync.strat"], 2, "did you mean 'repo.sync.start'"),
        (["impact", "repo.sync.strat"], 2, "did you mean 'repo.sync.start'"),
        (["show"], 2, "EVENT-TYPE is required"),
        (["repo.sync.start"], 2, "`show EVENT-TYPE` shows an event type"),
        (["--asyncapi", "--json-schema"], 2, "not allowed with argument"),
        (["--asynchapi"], 2, "did you mean '--asyncapi'"),
        (["show", "order.broken"], 1, "order.broken cannot be described"),
        (["--json-schema=order.broken"], 1, "order.broken cannot be described"),
        (["show", "order.wrong"], 1, "the schema of order.wrong cannot be used: it is not a JSON Schema: '(' is not a"),
        (["--json-schema=order.wrong"], 1, "the schema of order.wrong cannot be used: it is not a JSON Schema"),
    ],
)
def test_what_is_wrong_is_one_line(admin, with_plugin, words, code, expected):
    with_plugin("shop", Shop())
    run = admin("event", "types", *words)
    assert (run.code, run.out, run.err.count("\n")) == (code, "", 1) and expected in run.err, run


def test_impact_names_listeners_and_fails_a_ci_job(admin, tmp_path):
    (tmp_path / "message.txt").write_text("{{ payload.added_count }} items")
    one = admin.listener(*HTTP, "--filter=payload.result == 'failed'")
    two = admin.listener("email", "create", "--event-type=repo.sync.*", "--subject={{ payload.repo_id }}",
                         "--addresses=a@b.example", f"--template={tmp_path}")  # fmt: skip
    three = admin.listener(*HTTP, "--format=template", "--body-template={{ payload | tojson }}")
    admin.ok("event", "listener", "disable", "--listener-id", two)
    run = admin.ok("event", "types", "impact", "repo.sync.finish", "--json")
    assert [(each["listener_id"], each["where"], each["fields"], each["any_field"]) for each in run.json] == [
        (one, "filter", ["payload.result"], False),
        (two, "subject", ["payload.repo_id"], False),
        (two, "template message.txt", ["payload.added_count"], False),
        (three, "body_template", [], True),
    ]
    assert [
        each["listener_id"] for each in admin.ok("event", "types", "impact", "repo.publish.finish", "--json").json
    ] == [
        one,
        three,
    ]
    run = admin("event", "types", "impact", "repo.sync.finish", "--without=added_count", "--without", "payload.user")
    assert run.code == 3 and run.out == (
        "LISTENER                  TYPE   WHERE                 USES IT  FIELDS\n"
        f"{two}  email  template message.txt  yes      payload.added_count\n"
        f"{three}  http   body_template         maybe    any field\n"
    )
    run = admin.ok("event", "types", "impact", "repo.sync.finish", "--without=user", "--json")
    assert [(each["listener_id"], each["uses"]) for each in run.json] == [(three, "maybe")]
    assert admin.process("event", "types", "impact", "repo.sync.finish", "--without=result").code == 3


def test_impact_shows_the_names_of_listeners_that_have_one(admin):
    one = admin.listener(*HTTP, "--filter=payload.result", "--name=failures")
    assert admin.ok("event", "types", "impact", "repo.sync.finish").out == (
        f"LISTENER                  NAME      TYPE  WHERE   FIELDS\n{one}  failures  http  filter  payload.result\n"
    )
    assert admin.ok("event", "types", "impact", "repo.sync.finish", "--json").json[0]["name"] == "failures"


def test_impact_names_what_has_a_wildcard_in_place_of_the_payload(admin):
    one = admin.listener(*HTTP, "--filter=*.result | [0] == 'failed'")
    two = admin.listener(*HTTP, "--filter=*.* | []")
    run = admin.ok("event", "types", "impact", "repo.sync.finish", "--json")
    assert [(each["listener_id"], each["fields"], each["any_field"]) for each in run.json] == [
        (one, ["*.result[]"], False),
        (two, [], True),
    ]
    run = admin.ok("event", "types", "impact", "repo.sync.finish", "--without=result", "--json")
    assert [(each["listener_id"], each["uses"]) for each in run.json] == [(one, "maybe"), (two, "maybe")]


def test_impact_without_any_says_so(admin):
    admin.listener(*HTTP)
    assert admin.ok("event", "types", "impact", "repo.sync.start").err == (
        "pulp-admin: note: no filter or template of a listener uses a field of repo.sync.start\n"
    )
    assert admin.ok("event", "types", "impact", "repo.sync.start", "--json").json == []


def test_a_field_that_is_misspelt_is_doubted(admin):
    admin.listener(*HTTP, "--filter=payload.result")
    run = admin.ok("event", "types", "impact", "repo.sync.finish", "--without=reslt")
    assert "repo.sync.finish names no field 'reslt'; did you mean 'result'?" in run.err
    run = admin.ok("event", "types", "impact", "repo.sync.finish", "--without=call_report.x")
    assert "names no field" not in run.err


@pytest.mark.parametrize("text", ["", "a b", "lines[x]", "*"])
def test_what_is_no_field_is_an_error_of_the_command_line(admin, text):
    admin.listener(*HTTP, "--filter=payload.result")
    run = admin("event", "types", "impact", "repo.sync.finish", f"--without={text}")
    assert run.code == 2 and f"--without: {text!r} is not a field; write one as repo_id" in run.err
    assert run.err.count("\n") == 1


def test_names_and_fields_are_completed(admin):
    def words(line):
        *before, prefix = line.split(" ")
        return [word for word, _ in candidates(before, prefix)]

    assert words("event types ") == ["forget", "impact", "show"]
    assert words("event types show repo.sync.") == ["repo.sync.start", "repo.sync.finish"]
    assert words("event types impact repo.publish.s") == ["repo.publish.start"]
    assert words("event types impact repo.sync.start --without rep") == ["repo_id"]
    assert words("event types --json-schema repo.sync.f") == ["repo.sync.finish"]
    assert words("event types --json-schema=repo.sync.f") == ["--json-schema=repo.sync.finish"]
    assert words("event types --as") == ["--asyncapi"]
    assert words("event listener --js") == ["--json", "--json-schema"]


MODULES = """
import sys
from pulp_events_cli.main import main
code = main(sys.argv[1:])
print(*sys.modules)
sys.exit(code)
"""


EMIT = ("emit", "repo.sync.start", '--payload={"repo_id": "x"}', "--no-wait")


@pytest.mark.parametrize("words", [("types",), ("listener", "list"), EMIT], ids=lambda words: " ".join(words[:2]))
def test_no_library_of_schemas_is_imported_where_none_is_needed(admin, words):
    command = [sys.executable, "-c", MODULES, "event", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=admin.environment, check=True)
    imported = set(done.stdout.splitlines()[-1].split())
    assert not {"jsonschema", "apispec", "referencing", "regex", "rpds", "jinja2"} & imported
