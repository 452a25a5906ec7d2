"""`--json`: every command has it, and prints what its schema says and nothing else."""

from __future__ import annotations

import contextlib
import copy
import json
import re
import subprocess

import jsonschema
import pytest

from pulp_events.outbox.states import Outcome, State
from pulp_events.testing.http_sink import HttpSink
from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.main import main
from pulp_events_cli.parser.root import build
from pulp_events_cli.session import Session

TYPES = ("http", "email", "amqp")


def strict(schema):
    """The schema with no property beside those that it names; released ones may get more."""
    if isinstance(schema, dict):
        schema = {key: strict(value) for key, value in schema.items()}
        if "properties" in schema and "required" in schema:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        schema = [strict(value) for value in schema]
    return schema


@pytest.fixture(scope="module")
def schema():
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["--json-schema"]) == 0
    return json.loads(out.getvalue())


def leaves():
    """Every command: the words of a parser that has no commands, or does something without one."""

    def below(parser):
        parser.complete()
        if parser.commands is None or parser.get_default("run"):
            yield " ".join(parser.prog.split()[1:])
        for command in parser.commands.choices.values() if parser.commands else ():
            yield from below(command)

    return [*below(build(Session(GlobalOptions())))]


def name_in_schema(command):
    words = command.split()
    if words[:1] == ["completion"] and words[1] != "install":
        return "completion SHELL"
    if words[:2] == ["event", "listener"] and words[2] in TYPES:
        return f"event listener TYPE {words[3] if words[3] in ('create', 'update') else 'ACTION'}"
    return command


def test_it_is_a_schema_that_names_each_command_and_no_other(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(":1")
    named = {name_in_schema(command) for command in leaves()}
    assert named == {name for name in schema["properties"] if not name.startswith("--")}


def test_everything_in_it_is_described(schema):
    def walk(node, path):
        if isinstance(node, dict):
            for name, each in node.get("properties", {}).items():
                assert each.get("description") or "$ref" in each, f"{path}/{name}"
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, f"{path}/{index}")

    walk(schema, "")


@pytest.fixture
def checked(admin, schema):
    """`checked("event", "types")` runs it with --json and validates what it printed.

    In this process; that a process of its own prints nothing else is a test below.
    """
    seen = set()
    known = sorted(leaves(), key=len, reverse=True)
    tight = strict(copy.deepcopy(schema))

    def run(*words, code=0):
        done = admin(*words, "--json")
        assert done.code == code, done.err
        command = next((each for each in known if " ".join(words).startswith(each)), words[0])
        name = name_in_schema(command)
        one = {**tight["properties"][name], "$defs": tight["$defs"]}
        stream = one.get("$comment") == "stream" and "\n{" in done.out
        for text in done.out.splitlines() if stream or command == "event delivery tail" else [done.out]:
            jsonschema.Draft202012Validator(one).validate(json.loads(text))
        seen.add(command)
        return done.json if done.out.count("\n{") == 0 else None

    run.seen = seen
    return run


def test_every_command_prints_what_its_schema_says(admin, checked, refused, tmp_path, monkeypatch):
    admin.configure(f"[messaging]\nurl = amqp://{refused}\n")
    one = "--listener-id"
    with HttpSink() as sink:
        listener = checked("event", "listener", "http", "create", "--event-type=*", f"--url={sink.url}",
                           "--username=u", "--password=hunter22", "--retry-schedule=5s", "--lanes=2")["id"]  # fmt: skip
        checked("event", "listener", "http", "update", one, listener, "--filter=payload.a")
        mail = checked("event", "listener", "email", "create", "--event-type=*", "--subject=s",
                       "--addresses=a@b.example,c@b.example", "--disabled")["id"]  # fmt: skip
        checked("event", "listener", "email", "update", one, mail, "--subject=t")
        amqp = checked("event", "listener", "amqp", "create", "--event-type=repo.publish.start")["id"]
        checked("event", "listener", "amqp", "update", one, amqp, "--exchange=x")
        dead = checked("event", "listener", "http", "create", "--event-type=*", f"--url=http://{refused}/")["id"]
        checked("event", "listener", "mute", one, dead, "--for=1h", "--drop")
        checked("event", "emit", "repo.sync.start", "--payload", '{"a": 1}', code=1)
        checked("event", "listener", "unmute", one, dead)
        checked("event", "listener", "http", "update", one, dead, "--name=dead", "--label=a=b", "--timeout=3s")
        for command in (("mute", "--for=1h"), ("unmute",)):
            assert [each["id"] for each in checked("event", "listener", *command, "--label=a")] == [dead]
        checked("event", "listener", "list", "--health")
        checked("event", "listener", "show", one, listener)
        checked("event", "listener", "explain", "--event-type=repo.sync.start")
        checked("event", "listener", "history")
        checked(
            "event", "listener", "backtest", "--since=1h", "--type=http", "--event-type=*", "--url=http://x.example/"
        )
        checked("event", "listener", "test", one, listener)
        checked("event", "listener", "test", one, dead, code=1)
        checked("event", "listener", "enable", one, mail)
        checked("event", "listener", "disable", one, mail, "--reason=moved")
        checked("event", "listener", "author", one, mail, "--name=root", "--trusted")
        (tmp_path / "f").write_text(json.dumps(checked("event", "listener", "export")))
        checked("event", "listener", "apply", "-f", str(tmp_path / "f"))
        for action in ("rotate-secret", "show-secret"):
            checked("event", "listener", "http", action, one, listener)
        [event] = checked("event", "list")
        checked("event", "show", event["id"])
        checked("event", "listener", "explain", "--event", event["id"])
        checked("event", "erase", "--id=nobody")
        checked("event", "erasures")
        deliveries = checked("event", "delivery", "list")
        checked("event", "delivery", "show", deliveries[0]["id"])
        delivered = next(each["id"] for each in deliveries if each["state"] == "delivered")
        assert checked("event", "delivery", "show", delivered)["attempt_records"]
        checked("event", "delivery", "tail", "--for=0s")
        checked("event", "delivery", "stats")
        checked("event", "delivery", "retry", "--all")
        checked("event", "listener", "backfill", mail, "--since=1h")
        checked("event", "delivery", "discard", "--all", "--reason=gone")
        checked("event", "worker", "--drain")
        checked("event", "worker", "list")
        checked("event", "worker", "--print-unit")
        checked("event", "delivery", "purge", "--all")
        checked("event", "backup", str(tmp_path / "backup"))
        checked("event", "restore", str(tmp_path / "backup"))
        checked("event", "recover", str(tmp_path / "backup"))
        checked("event", "config", "check", "--probe", code=1)
        checked("event", "config", "show")
        checked("event", "health", "--live", code=1)
        checked("event", "health", "--ready")
        checked("event", "top", "--once")
        checked("event", "types")
        for document in ("--json-schema", "--json-schema=repo.sync.start", "--asyncapi"):
            checked("event", "types", document)
        checked("event", "types", "forget", "--stale")
        checked("event", "types", "show", "repo.sync.start")
        checked("event", "types", "impact", "repo.sync.start")
        checked("event", "types", "impact", "repo.sync.start", "--without=a", code=3)
        checked("event", "plugin", "list")
        checked("event", "plugin", "show", "http")
        checked("event", "plugin", "check", "http")
        checked("event", "plugin", "new", "team-chat", "--directory", str(tmp_path))
        for shell in ("bash", "zsh", "fish"):
            checked("completion", shell)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        checked("completion", "install", "bash")
        checked("event", "listener", "delete", one, listener)
        checked("--version")
        checked("--man-pages", str(tmp_path / "man"))
    assert {each for each in checked.seen if not each.startswith("--")} == set(leaves())


def test_a_stream_prints_an_object_a_line(admin, checked):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    for _ in range(3):
        admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    lines = admin.process("event", "delivery", "tail", "--for=0s", "--json").out.splitlines()
    assert len(lines) == 3 and all(json.loads(line)["state"] == "pending" for line in lines)


def test_a_line_of_a_stream_is_there_at_once(admin):
    admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    command = admin.command("event", "delivery", "tail", "--json", "--for=60s")
    started = subprocess.Popen(command, env=admin.environment, stdout=subprocess.PIPE, text=True)
    with started as process, contextlib.ExitStack() as end:
        end.callback(process.kill)
        admin.ok("event", "emit", "repo.sync.start", "--no-wait")
        assert json.loads(process.stdout.readline())["event_type"] == "repo.sync.start"


def test_a_version_can_be_asked_for_and_one_that_is_not_there_is_refused(admin):
    assert admin.ok("event", "types", "--json=1").json == admin.ok("event", "types", "--json").json
    run = admin("event", "types", "--json=2")
    assert run.code == 2 and "--json=2: the only version is 1" in run.err


def test_nothing_but_json_is_on_standard_output(admin):
    for words in (["event", "listener", "list"], ["event", "delivery", "stats"], ["event", "types"]):
        assert re.match(r"[\[{]", admin.process(*words, "--json", "-vv").out)
    assert admin.process("event", "types", "--json", "--quiet").json
    assert subprocess.run(admin.command("--json-schema"), capture_output=True, check=True).stdout.startswith(b"{")


def words_of(schema, key):
    """The words that the schema has for each property of this name which is about deliveries."""
    if isinstance(schema, dict):
        words = schema.get("properties", {}).get(key, {}).get("enum", ())
        yield from [words] if State.DELIVERED in words else ()
        for each in schema.values():
            yield from words_of(each, key)


def test_the_schema_has_the_states_and_outcomes_that_there_are(schema):
    assert [set(words) - {None} for words in words_of(schema, "state")] == [set(State)] * 5
    assert [set(words) for words in words_of(schema, "outcome")] == [set(Outcome)] * 2
