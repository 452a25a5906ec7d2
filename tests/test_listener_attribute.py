"""A new attribute of a listener is one entry: three, written into a copy of the sources, are there everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
NEW = """
    colour: str | None = attribute(
        TEXT,
        "colour on the wall",
        option=Option("NAME", "colour on the wall, 100% opaque"),
        in_file=InFile("colour on the wall", since=2),
    )
    loud: bool = attribute(
        FLAG,
        "whether it rings",
        default=False,
        option=Option("true|false", "whether it rings"),
        in_file=InFile("whether it rings"),
    )
    weight: int | None = attribute(
        Number(9), "weight in all", option=Option("NUMBER", "weight in all"), in_file=InFile("weight in all")
    )

"""
ID = "ab" * 12
FILE = f"""\
version: 2
listeners:
- id: {ID}
  notifier_type_id: http
  event_types: ['*']
  notifier_config: {{url: 'http://ci.example/'}}
  colour: red
  loud: true
  weight: 3
"""
DRIVER = """
import contextlib, io, json, runpy, sys
from pathlib import Path
import pulp_events
from pulp_events_cli.main import main

folder, root = sys.argv[1:]
assert pulp_events.__file__.startswith(folder), pulp_events.__file__
found = []
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(words)
    found.append([code, out.getvalue(), err.getvalue()])

from pulp_events import EventBus, InvalidConfig
from pulp_events.listeners.document import from_document, to_document
from pulp_events_cli.completion.candidates import candidates

with EventBus.open(deliver="external") as bus:
    made = bus.listeners.create("http", {"url": "http://ci.example/"}, ["*"], colour="blue", loud=True)
    changed = bus.listeners.update(made.id, colour=None, weight=2)
    errors = []
    for change in ({"colour": 5}, {"loud": "yes"}, {"weight": 10}):
        try:
            bus.listeners.update(made.id, **change)
        except InvalidConfig as error:
            errors.append(str(error))
    try:
        from_document(to_document(made) | {"colour": 5})
    except ValueError as error:
        errors.append(str(error))
generate = runpy.run_path(f"{root}/docs/generate.py")
schema = runpy.run_path(f"{root}/docs/json_documents.py")["output_schema"]
json.dump({
    "runs": found, "made": [made.colour, made.loud, made.weight],
    "changed": [changed.colour, changed.loud, changed.weight], "errors": errors,
    "schema": json.loads(schema()),
    "completed": candidates(["event", "listener", "http", "create"], "--col"),
    "page": next(text for path, text in generate["man_pages"]().items() if path.name.endswith("http-create.1")),
}, sys.stdout)
"""
COMMANDS = {
    "apply": "event listener apply -f {file}",
    "again": "event listener apply -f {file}",
    "list": "event listener list",
    "show": "event listener show --listener-id {id}",
    "json": "event listener list --json",
    "export": "event listener export",
    "export as json": "event listener export --json",
    "update": "event listener http update --listener-id {id} --colour=blue --loud=false",
    "difference": "event listener apply -f {file} --dry-run",
    "difference as json": "event listener apply -f {file} --dry-run --json",
    "remove": "event listener http update --listener-id {id} --colour= --weight=",
    "plain": "event listener list",
    "plain json": "event listener list --json",
    "plain export": "event listener export",
    "create": "event listener http create --event-type=* --url=http://b.example/ --colour=green --loud=true --json",
    "not a number": "event listener http update --listener-id {id} --weight=heavy",
    "out of range": "event listener http update --listener-id {id} --weight=10",
    "not true or false": "event listener http update --listener-id {id} --loud=yes",
    "help": "event listener http create --help",
    "update help": "event listener http update --help",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What a process with these attributes saw: `runs` by name, and what else the driver found."""
    folder = tmp_path_factory.mktemp("sources")
    for source in ("core/src/pulp_events", "cli/src/pulp_events_cli"):
        target = folder / Path(source).name
        shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
    table = folder / "pulp_events/listeners/listener.py"
    before, end, after = table.read_text("utf-8").partition("    def __post_init__(self)")
    table.write_text(before + NEW.lstrip("\n") + end + after, "utf-8")
    (folder / "server.conf").write_text(f"[events]\ndata_dir = {folder}/data\n")
    (folder / "server.conf").chmod(0o600)
    (folder / "f.yaml").write_text(FILE)
    commands = [words.format(file=folder / "f.yaml", id=ID).split() for words in COMMANDS.values()]
    environment = {
        **os.environ, "PYTHONPATH": str(folder), "PULP_EVENTS_CONFIG": str(folder / "server.conf"), "COLUMNS": "80",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), str(ROOT)], input=json.dumps(commands), env=environment,
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {**found, "runs": dict(zip(COMMANDS, found["runs"], strict=True))}


def printed(seen, name):
    code, out, err = seen["runs"][name]
    assert code == 0, err
    return out


def refused(seen, name):
    code, out, err = seen["runs"][name]
    assert (code, out, err.count("\n")) == (2, "", 1), err
    return err


def test_it_is_stored_and_shown(seen):
    assert printed(seen, "apply").endswith("1 listener: 1 created\n")
    lines = printed(seen, "list").splitlines()
    assert {"Colour:            red", "Loud:              true", "Weight:            3"} <= set(lines)
    assert set(lines) <= set(printed(seen, "show").splitlines())
    assert not {"Colour", "Loud", "Weight"} & {line.split(":")[0] for line in printed(seen, "plain").splitlines()}


def test_json_has_it_as_its_schema_says(seen):
    schema = seen["schema"]
    wanted = {"colour": ["string", "null"], "loud": "boolean", "weight": ["integer", "null"]}
    listener = schema["$defs"]["listener"]
    assert {name: listener["properties"][name]["type"] for name in wanted} == wanted
    assert wanted.keys() <= set(listener["required"])
    assert listener["properties"]["colour"]["description"] == "colour on the wall"
    for name, values in (("json", ["red", True, 3]), ("plain json", [None, False, None])):
        [record] = json.loads(printed(seen, name))
        assert [record[key] for key in wanted] == values
        jsonschema.validate(record, {**listener, "additionalProperties": False, "$defs": schema["$defs"]})
    assert [json.loads(printed(seen, "create"))[key] for key in wanted] == ["green", True, None]


def test_it_is_exported_in_the_oldest_version_that_has_it(seen):
    text = printed(seen, "export")
    assert yaml.safe_load(text) == yaml.safe_load(FILE) == json.loads(printed(seen, "export as json"))
    entry = seen["schema"]["$defs"]["entry"]
    assert [entry["properties"][key]["type"] for key in ("colour", "loud", "weight")] == [
        "string",
        "boolean",
        "integer",
    ]
    jsonschema.validate(yaml.safe_load(text)["listeners"][0], {**entry, "additionalProperties": False})
    plain = yaml.safe_load(printed(seen, "plain export"))
    assert plain["version"] == 1 and not {"colour", "loud", "weight"} & plain["listeners"][0].keys()


def test_it_is_compared_and_applied(seen):
    assert printed(seen, "again") == "1 listener: 1 unchanged\n"
    assert "  + colour: red\n  + loud: true\n  + weight: 3\n" in printed(seen, "apply")
    assert printed(seen, "difference").splitlines()[1:5] == [
        "  - colour: blue", "  + colour: red", "  - loud: false", "  + loud: true",
    ]  # fmt: skip
    [change] = json.loads(printed(seen, "difference as json"))["changes"]
    assert {"key": "colour", "before": "blue", "after": "red"} in change["differences"]


def test_create_and_update_have_its_option_and_refuse_what_it_cannot_be(seen):
    printed(seen, "update"), printed(seen, "remove")
    for name in ("help", "update help"):
        assert "  --colour         - colour on the wall, 100% opaque\n" in printed(seen, name)
    assert "\\-\\-colour" in seen["page"] and "whether it rings" in seen["page"]
    assert ["--colour", "colour on the wall, 100% opaque"] in seen["completed"]
    assert "--weight: 'heavy' is not a whole number above 0" in refused(seen, "not a number")
    assert "weight is 10; give a number from 1 to 9" in refused(seen, "out of range")
    assert "--loud: 'yes' is neither true nor false" in refused(seen, "not true or false")


def test_programs_give_it_by_name(seen):
    assert seen["made"] == ["blue", True, None] and seen["changed"] == [None, True, 2]
    assert seen["errors"] == [
        "colour is 5; it must be text", "loud is 'yes', which is neither true nor false",
        "weight is 10; give a number from 1 to 9", "colour is 5; it must be text",
    ]  # fmt: skip
