"""However much a task has to say, and whatever stands in its error: the report fits, and no secret is in it."""

import json

import pytest

pytestmark = pytest.mark.slow

HUGE = """
import json
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pulp_file.app.models import FileRepository
from pulpcore.app.models import *
from pulpcore.app.models import RepositoryVersionContentDetails as Details
from pulp_events_pulpcore.app import payloads
labels = {f"k{n}" + '"' * 900: '"' * 9000 for n in range(200)}
repository = FileRepository.objects.create(name="NAME" + '"' * 5000, pulp_labels=labels)
trace = 'https://joe:Sw0rdfish@host/ \\x00\\x01"' * 100_000
reserved = [f"prn:file.filerepository:{repository.pk}"] + ["shared:" + '"' * 900] * 1000
task = Task.objects.create(
    state="failed", name="a.synchronize", logging_cid="c" * 5000, reserved_resources_record=reserved,
    started_at=timezone.now(), finished_at=timezone.now(),
    error={"description": trace.replace(chr(0), ""), "traceback": trace.replace(chr(0), ""), "error_code": "PLP0000"})
ProgressReport.objects.bulk_create(
    ProgressReport(message='"' * 3000, code='"' * 3000, state="completed", done=1, total=2, task=task, suffix="")
    for n in range(3000))
version = RepositoryVersion.objects.create(repository=repository, number=1, complete=True)
CreatedResource.objects.create(content_object=version, task=task)
Details.objects.bulk_create(
    Details(repository_version=version, content_type='"' * 200 + str(n), count=n, count_type=kind)
    for n in range(500) for kind in ("A", "R", "P"))
out = {}
for name in ("task_finished", "sync_finished"):
    found = Task.objects.select_related("pulp_domain").get(pk=task.pk)
    arguments = (found,) if name == "task_finished" else (found, payloads.synced_repository(found))
    with CaptureQueriesContext(connection, ) as queries:
        payload, call_report = getattr(payloads, name)(*arguments)
    out[name] = [payload, call_report, [q["sql"][:200] for q in queries]]
from pulp_events_pulpcore.app.payloads import bounds
texts = ["https://ghp_token@host/x", "x=https://a:b/c@host:1/y end", "'http://u:p@h'", "https://h/a b@c", "a@b.c"]
out["scrubbed"] = [bounds.scrubbed(each) for each in texts]
pairs = [each * 20 for each in ("a", '"', "é", "a\\n")]
out["clipped"] = [[bounds.clipped(each, 13), bounds.clipped_start(each, 13)] for each in pairs]
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def huge(pulp):
    return json.loads(pulp.python(HUGE).splitlines()[-1])


@pytest.mark.parametrize("name", ["task_finished", "sync_finished"])
def test_a_report_fits(huge, name):
    payload, call_report, _ = huge[name]
    body = {"payload": payload, "call_report": call_report}
    assert len(json.dumps(body, ensure_ascii=False).encode()) < 262_144
    assert payload["error_message"] and payload["traceback"]
    assert call_report["progress"]["left_out"] == 2950 and len(call_report["progress"]["reports"]) == 50


@pytest.mark.parametrize("name", ["task_finished", "sync_finished"])
def test_no_password_of_a_url_is_in_a_report(huge, name):
    assert "Sw0rdfish" not in json.dumps(huge[name][:2]) and "********@host/" in huge[name][0]["traceback"]


def test_a_report_is_made_by_few_queries(huge):
    # Progress and how many there are; who started it; what it created.
    assert len(huge["task_finished"][2]) <= 6, huge["task_finished"][2]
    # In place of what it created: the version, and its counts.
    assert len(huge["sync_finished"][2]) <= 7, huge["sync_finished"][2]


def test_what_stands_before_the_at_of_a_url_is_hidden(huge):
    assert huge["scrubbed"] == [
        "https://********@host/x",
        "x=https://********@host:1/y end",
        "'http://********@h'",
        "https://h/a b@c",
        "a@b.c",
    ]


def test_a_text_is_clipped_to_the_bytes_that_json_has_of_it(huge):
    assert huge["clipped"] == [
        ["a" * 10 + "…", "…" + "a" * 10],
        ['"' * 5 + "…", "…" + '"' * 5],
        ["é" * 5 + "…", "…" + "é" * 5],
        ["a\na\na\na…", "…a\na\na\n"],
    ]
