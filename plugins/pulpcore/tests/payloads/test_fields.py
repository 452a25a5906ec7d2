"""What a real Pulp says in its events is what `payload_fields` promises."""

import json
import re
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pulp_events_pulpcore.event_types import EVENT_TYPES
from pulp_events_pulpcore.payload_fields import PAYLOADS, schema_of
from pulp_events_pulpcore.testing import FileServer

from pulp_events.schemas.example import example_of

LISTEN = ("--json", "event", "listener", "http", "create", "--url", "http://127.0.0.1:9/", "--event-type", "*")

GROUP = """
from pulpcore.app.models import Task, TaskGroup
from pulp_events_pulpcore.app import payloads
group = TaskGroup.objects.create(description="three tasks")
for state in ("completed", "completed", "failed"):
    Task.objects.create(state=state, name="a.b", logging_cid="", task_group=group)
import json
print(json.dumps(payloads.task_group_finished(group)))
"""


@pytest.fixture(scope="module")
def events(pulp):
    """A sync with autopublish, one that fails, and a publish: event type → the payloads, the first one first."""
    files = FileServer()
    listener = json.loads(pulp.run("pulp-admin", *LISTEN))["id"]
    time.sleep(0.6)  # for which a process may believe that it knows the listeners
    repository = pulp.repository("fields", autopublish=True, pulp_labels={"stage": "production"})
    pulp.sync(repository, pulp.remote("fields", files.url))
    missing = pulp.remote("fields-missing", files.missing_url)
    with pulp.database.connect() as database:
        # Today's pulpcore refuses such a URL; remotes of older ones have it.
        url = files.missing_url.replace("//", "//joe:Sw0rdfish@")
        database.execute("UPDATE core_remote SET url = %s WHERE name = 'fields-missing'", [url])
    pulp.sync(repository, missing)
    files.close()
    found = {}
    for each in pulp.reports_for(listener):
        found.setdefault(each["event_type"], []).append(each)
    # Other tests count what is done where nobody listens.
    pulp.pulp_admin("listener", "delete", "--listener-id", listener)
    payload, call_report = json.loads(pulp.python(GROUP).splitlines()[-1])
    found["task_group.finish"] = [{"payload": payload, "call_report": call_report}]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("event_type", PAYLOADS)
def test_a_payload_has_the_fields_that_are_promised(events, event_type):
    for report in events[event_type]:
        assert list(report["payload"]) == list(PAYLOADS[event_type])
        Draft202012Validator(schema_of(event_type)).validate(report["payload"])


@pytest.mark.slow
def test_a_sync_says_who_what_and_how_much(events):
    payload, call_report = events["repo.sync.finish"][0]["payload"], events["repo.sync.finish"][0]["call_report"]
    assert payload["repo_id"] == "fields" and payload["user"] == "admin" and payload["domain"] == "default"
    assert payload["repo_labels"] == {"stage": "production"} and payload["repo_type"] == "file.file"
    assert payload["added"] == {"file.file": 3} and payload["added_count"] == payload["present_count"] == 3
    assert payload["version_href"] == payload["repo_href"] + "versions/1/"
    assert call_report["tags"] == ["pulp:repository:fields", "pulp:action:sync"]
    assert "Downloading Artifacts" in str(call_report["progress"]["reports"])


@pytest.mark.slow
def test_hrefs_lead_to_what_they_name(pulp, events):
    for event_type in ("repo.sync.finish", "repo.publish.finish"):
        payload = events[event_type][0]["payload"]
        for key in payload:
            if key.endswith("_href"):
                found = pulp.api(payload[key])
                assert found["pulp_href"] == payload[key]
                assert found.get("prn", payload[key.replace("href", "prn")]) == payload[key.replace("href", "prn")]


@pytest.mark.slow
def test_a_failed_sync_says_why_and_shows_no_password(events):
    report = events["repo.sync.finish"][1]
    assert report["payload"]["result"] == "failed" and "404" in report["payload"]["error_message"]
    assert report["payload"]["traceback"] and report["call_report"]["exception"] == report["payload"]["error_message"]
    assert report["payload"]["version_number"] is None and report["payload"]["added_count"] == 0
    assert "Sw0rdfish" not in json.dumps(events)


@pytest.mark.slow
def test_a_group_counts_its_tasks(events):
    payload = events["task_group.finish"][0]["payload"]
    assert payload["tasks"] == {"completed": 2, "failed": 1} and payload["result"] == "failed"
    assert len(payload["failed_task_ids"]) == 1


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=lambda each: each.name)
def test_each_event_type_has_an_example_that_fits(event_type):
    assert set(example_of(event_type)) == set(PAYLOADS[event_type.name])


def test_the_document_lists_every_field():
    text = (Path(__file__).parents[2] / "docs/events.md").read_text()
    found = re.search(r"<!-- begin fields -->\n(.*)<!-- end -->", text, re.DOTALL)
    assert found[1] == table(), "run `python plugins/pulpcore/tests/payloads/test_fields.py`"


def table():
    lines = []
    for name, fields in PAYLOADS.items():
        lines += [f"### `{name}`", "", "| key | type | value | example |", "| --- | --- | --- | --- |"]
        for key, each in fields.items():
            kind = each["type"] if isinstance(each["type"], str) else " or ".join(each["type"])
            example = json.dumps(each["examples"][0])
            lines.append(f"| `{key}` | {kind} | {each['description']} | `{example}` |")
        lines.append("")
    return "\n".join(["", *lines])


if __name__ == "__main__":
    path = Path(__file__).parents[2] / "docs/events.md"
    before, mark, rest = path.read_text().partition("<!-- begin fields -->\n")
    path.write_text(before + mark + table() + rest[rest.index("<!-- end -->") :])
