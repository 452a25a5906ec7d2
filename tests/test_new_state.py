"""A new state is one entry and its ways: one, written into a copy of the sources, is there everywhere."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("new_state", Path(__file__).with_name("new_state.py"))
new_state = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(new_state)

DRIVER = """
import contextlib, io, json, runpy, sys
import pulp_events
from pulp_events import EventBus
from pulp_events_cli.completion.candidates import candidates
from pulp_events_cli.main import main
from pulp_events_cli.output.terminal import STYLES

folder, root = sys.argv[1:]
assert pulp_events.__file__.startswith(folder), pulp_events.__file__

def run(line):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(line.split())
    return [code, out.getvalue(), err.getvalue()]

with EventBus.open(deliver="external") as bus:
    listener = bus.listeners.create("http", {"url": "http://ci.example/"}, ["*"])
    event = bus.emit("repo.sync.start")
    bus.emit("repo.sync.start")
    bus.listeners.delete(listener.id)
    waited = [one.state for one in bus.wait(event, timeout=0)]
    [record] = [json.loads(run(f"event delivery show {event.id}.0 --json")[1])]
found = {
    "waited": waited, "shown": record,
    "list": run("event delivery list --state=withdrawn"),
    "list as json": run("event delivery list --state=withdrawn --json"),
    "stats": run("event delivery stats"), "stats as json": run("event delivery stats --json"),
    "check": run("event config check"), "settings": run("event config show --json"),
    "help": run("event delivery purge --help"), "style": STYLES["withdrawn"],
    "drain": run("event worker --drain --json"),
    "completed": candidates(["event", "delivery", "list", "--state"], "with"),
    "purge": run("event delivery purge --state=withdrawn --listener-id=" + listener.id + " --json"),
}
generate = runpy.run_path(f"{root}/docs/generate.py")
schema = runpy.run_path(f"{root}/docs/json_documents.py")["output_schema"]
found["schema"] = json.loads(schema())
found["documents"] = generate["settings"]("delivery") + generate["delivery_states"]() + generate["transitions"]()
json.dump(found, sys.stdout)
"""
SQLITE = """
from pathlib import Path
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
claims(SQLiteOutbox(Path(sys.argv[2]) / "outbox.sqlite"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("sources")
    new_state.copy(made, "cli/src/pulp_events_cli")
    (made / "server.conf").write_text(f"[events]\ndata_dir = {made}/data\n\n[delivery]\nkeep_withdrawn = 3d\n")
    (made / "server.conf").chmod(0o600)
    return made


@pytest.fixture(scope="module")
def seen(folder):
    """What a process with this state saw."""
    return json.loads(new_state.run(folder, DRIVER, str(ROOT)))


def printed(seen, name):
    code, out, err = seen[name]
    assert code == 0, err
    return out


def test_deliveries_enter_it_and_are_listed_by_it(seen):
    assert seen["waited"] == ["withdrawn"]
    assert printed(seen, "list").count("  withdrawn  ") == 2
    assert seen["style"] == "red" and [word for word, _ in seen["completed"]] == ["withdrawn"]
    assert json.loads(printed(seen, "purge"))["purge"] == 2
    assert "pending, delivered, dead, withdrawn" not in printed(seen, "help")  # only what is finished
    assert "delivered, dead, withdrawn" in printed(seen, "help")


def test_it_is_counted(seen):
    assert printed(seen, "stats").splitlines()[0].split()[2:6] == ["PENDING", "DELIVERED", "DEAD", "WITHDRAWN"]
    assert printed(seen, "stats").splitlines()[-1].split() == ["(all)", "-", "0", "0", "0", "2"]
    assert json.loads(printed(seen, "stats as json"))["withdrawn"] == 2
    assert "0 pending, 0 delivered, 0 dead, 2 withdrawn deliveries" in seen["check"][1]
    assert json.loads(printed(seen, "drain"))["withdrawn"] == 0


def test_it_is_kept_as_long_as_server_conf_says(seen):
    setting = json.loads(printed(seen, "settings"))["sections"]["delivery"]["keep_withdrawn"]
    assert (setting["value"], setting["set"]) == ("3d", True)
    assert "| `keep_withdrawn` | duration | `14d` | how long withdrawn deliveries stay listed |" in seen["documents"]


def test_the_schema_of_json_has_it(seen):
    schema = seen["schema"]
    for name in ("list as json", "stats as json", "drain"):
        command = {"list as json": "event delivery list", "stats as json": "event delivery stats"}.get(name)
        part = schema["properties"][command or "event worker"]
        jsonschema.validate(json.loads(printed(seen, name)), {**part, "$defs": schema["$defs"]})
    jsonschema.validate(seen["shown"], {**schema["properties"]["event delivery show"], "$defs": schema["$defs"]})
    assert "withdrawn" in schema["properties"]["event delivery stats"]["required"]
    assert seen["documents"].count("`withdrawn`") == 1 and "| `bury` | pending | withdrawn |" in seen["documents"]


def test_sqlite_stores_counts_and_cleans_it(folder, tmp_path):
    new_state.run(folder, new_state.STORE + SQLITE, str(tmp_path))
