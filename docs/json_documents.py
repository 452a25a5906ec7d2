"""What the documents, and the schema itself, say of `--json`."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

from pulp_events.bus.wait_cause import WaitCause
from pulp_events.outbox import states
from pulp_events_cli import listener_attributes

ROOT = Path(__file__).resolve().parents[1]
OUTPUT_SCHEMA = ROOT / "cli/src/pulp_events_cli/schemas/output-1.json"

table = runpy.run_path(str(ROOT / "docs/markdown_table.py"))["table"]


def json_output(part: str) -> str:
    """What `--json` prints: a table of the commands, or the records that they have in common."""
    schema = json.loads(OUTPUT_SCHEMA.read_text("utf-8"))
    if part == "commands":
        rows = [(f"`{name}`", json_kind(each, stream=True)) for name, each in schema["properties"].items()]
        return table(("command", "prints"), rows)
    blocks = [f"### {name.capitalize()}\n\n{json_keys(each)}" for name, each in schema["$defs"].items()]
    return "\n".join(blocks)


def output_schema() -> str:
    """The schema of `--json`, with what it says of states, outcomes and listeners' attributes made from core."""
    schema = with_states(json.loads(OUTPUT_SCHEMA.read_text("utf-8")))
    listener, entry = schema["$defs"]["listener"], schema["$defs"]["entry"]
    listener["properties"] = between(listener["properties"], "targets", listener_attributes.schemas(), "created")
    listener["required"] = list(listener["properties"])
    entry["properties"] = between(entry["properties"], "notifier_config", listener_attributes.schemas_in_file())
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def with_states(schema: Any) -> Any:
    """A schema whose parts with the `$comment` state, outcome, cause or counts have all of these."""
    if isinstance(schema, list):
        return [with_states(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: with_states(each) for key, each in schema.items()}
    if made.get("$comment") == "state":
        made["enum"] = list(states.State)
    elif made.get("$comment") == "outcome":
        made["enum"] = list(states.Outcome)
    elif made.get("$comment") == "cause":
        made["enum"] = list(WaitCause)
    elif made.get("$comment") == "counts":
        counts = {
            str(state): {"type": "integer", "description": f"{state} deliveries", "minimum": 0}
            for state in states.State
        }
        made["properties"] = {**counts, **made["properties"], **counts}
        made["required"] = list(made["properties"])
    return made


def between(own: dict[str, Any], last: str, others: dict[str, Any], following: str = "") -> dict[str, Any]:
    """The items up to `last`, the others, and, where there are more, the items from `following` on."""
    names = list(own)
    begin, end = names.index(last) + 1, names.index(following) if following else len(names)
    return {**{name: own[name] for name in names[:begin]}, **others, **{name: own[name] for name in names[end:]}}


def json_keys(schema: dict[str, Any]) -> str:
    """The keys of an object in the schema of `--json`."""
    rows = [
        (f"`{key}`", json_kind(each), each.get("description", "see there"))
        for key, each in schema["properties"].items()
    ]
    return table(("key", "value", "meaning"), rows)


def json_kind(schema: dict[str, Any], stream: bool = False) -> str:
    """What a value is, in words; `stream`: also that it comes once a line."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})" + (" a line" if schema.get("$comment") == "stream" else "")
    if "anyOf" in schema:
        return f"{schema['description']}: " + " or ".join(json_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join("null" if word is None else f"`{word}`" for word in schema["enum"])
    kinds = schema.get("type", "any")
    kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if kinds == "array" and stream:
        return f"{schema['description']}: a list of {json_kind(schema['items'])}"
    if kinds == "array":
        return f"list of {json_kind(schema['items'])}"
    if "properties" in schema:
        parts = [f"`{key}`" + (f" ({json_kind(each)})" if "properties" in each.get("items", {}) else "")
                 for key, each in schema["properties"].items()]  # fmt: skip
        return f"an object with {', '.join(parts)}"
    return (
        "a time"
        if schema.get("format") == "date-time" and kind == "string"
        else ("a time or null" if schema.get("format") == "date-time" else kind)
    )
