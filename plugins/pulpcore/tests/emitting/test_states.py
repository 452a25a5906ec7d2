"""Each change of a state of Pulp is an event that arrives once, whoever makes the change."""

import os
import signal

import pytest

pytestmark = pytest.mark.slow

SYNC = [("task.start", None), ("repo.sync.start", None)]


def ends(result):
    return [("repo.sync.finish", result), ("task.finish", result)]


def test_a_sync_that_succeeds(pulp, heard, files, name, task_id):
    task = pulp.sync(pulp.repository(name), pulp.remote(name, files.url))
    assert heard.of(name, task_id(task)) == [*SYNC, ("repo.version.created", None), *ends("success")]


def test_a_sync_without_changes_makes_no_version(pulp, hear, files, name, task_id):
    repository, remote = pulp.repository(name), pulp.remote(name, files.url)
    pulp.sync(repository, remote)
    heard = hear()
    task = pulp.sync(repository, remote)
    assert heard.of(name, task_id(task)) == [*SYNC, *ends("success")]


def test_a_sync_that_fails_has_its_traceback(pulp, heard, files, name, task_id):
    task = pulp.sync(pulp.repository(name), pulp.remote(name, files.missing_url))
    assert task["state"] == "failed"
    assert heard.of(name, task_id(task)) == [*SYNC, *ends("failed")]
    [finish] = [each for each in heard.about(name) if each["event_type"] == "repo.sync.finish"]
    assert "404" in str(finish) and "traceback" in str(finish)


def test_autopublish_is_a_publish_within_a_sync(pulp, heard, files, name, task_id):
    task = pulp.sync(pulp.repository(name, autopublish=True), pulp.remote(name, files.url))
    publish = [("repo.publish.start", None), ("repo.publish.finish", "success")]
    assert heard.of(name, task_id(task)) == [*SYNC, ("repo.version.created", None), *publish, *ends("success")]


def test_mirror_publishes_too(pulp, heard, files, name):
    repository, remote = pulp.repository(name), pulp.remote(name, files.url)
    pulp.task(pulp.api(f"{repository}sync/", {"remote": remote, "mirror": True})["task"])
    assert ("repo.publish.finish", "success") in heard.of(name)


def test_a_publish_of_its_own(pulp, heard, files, name, task_id):
    repository = pulp.repository(name)
    task = pulp.publish(repository)
    assert heard.of(name, task_id(task)) == [
        ("task.start", None),
        ("repo.publish.start", None),
        ("repo.publish.finish", "success"),
        ("task.finish", "success"),
    ]


def test_a_publish_that_fails(pulp, heard, files, name, task_id):
    repository = pulp.repository(name)
    pulp.sync(repository, pulp.remote(name, files.url))
    heard.all()
    heard.sink.clear()
    with pulp.database.connect() as database:
        database.execute("ALTER TABLE core_publishedartifact RENAME TO gone")
    try:
        task = pulp.publish(repository)
    finally:
        with pulp.database.connect() as database:
            database.execute("ALTER TABLE gone RENAME TO core_publishedartifact")
    assert task["state"] == "failed"
    assert ("repo.publish.start", None) in heard.of(name)
    assert [each for each in heard.of(name) if each[0] == "repo.publish.finish"] == [("repo.publish.finish", "failed")]


def test_a_child_that_is_killed(pulp, heard, files, name, gate, task_id, until):
    task = pulp.sync(pulp.repository(name), pulp.remote(name, files.url), wait=False)
    assert gate.reached.wait(30)
    os.kill(pulp.children("worker")[0], signal.SIGKILL)
    assert pulp.task(task["pulp_href"])["state"] == "failed"
    assert heard.of(name, task_id(task)) == [*SYNC, *ends("failed")]


def test_a_publish_whose_process_is_killed(pulp, heard, name, task_id, until):
    """The worker deletes the incomplete publication."""
    repository = pulp.repository(name)
    with pulp.database.connect() as database, database.transaction():
        # Where the task then waits, with an incomplete publication.
        database.execute("LOCK TABLE core_publishedmetadata")
        task = pulp.api(pulp.api("publications/file/file/", {"repository": repository})["task"])
        until(lambda: heard.has_stored("repo.publish.start", name))
        os.kill(pulp.children("worker")[0], signal.SIGKILL)
    assert pulp.task(task["pulp_href"])["state"] == "failed"
    assert heard.of(name, task_id(task)) == [
        ("task.start", None),
        ("repo.publish.start", None),
        ("repo.publish.finish", "failed"),
        ("task.finish", "failed"),
    ]
    *_, published, ended = heard.about(name, task_id(task))
    assert "signal 9" in published["payload"]["error_message"]
    assert published["payload"]["error_message"] == ended["payload"]["error_message"]


@pytest.mark.parametrize("mode", ["ACCESS EXCLUSIVE", "SHARE"])
def test_a_publish_that_is_canceled(pulp, heard, name, task_id, until, mode):
    """Killed, as its process cannot even read the table; or it deletes the publication itself."""
    repository = pulp.repository(name)
    with pulp.database.connect() as database, database.transaction():
        database.execute(f"LOCK TABLE core_publishedmetadata IN {mode} MODE")
        task = pulp.api(pulp.api("publications/file/file/", {"repository": repository})["task"])
        until(lambda: heard.has_stored("repo.publish.start", name))
        pulp.api(task["pulp_href"], {"state": "canceled"}, "PATCH")
        until(lambda: not pulp.children("worker"))
    assert pulp.task(task["pulp_href"])["state"] == "canceled"
    assert ("repo.publish.finish", "canceled") in heard.of(name)
    assert ("task.finish", "canceled") in heard.of(task_id(task))


def test_worker_and_child_killed_and_cleaned_up_by_another_worker(
    pulp, heard, files, name, gate, task_id, second_worker
):
    task = pulp.sync(pulp.repository(name), pulp.remote(name, files.url), wait=False)
    assert gate.reached.wait(30)
    with second_worker():
        children = pulp.children("worker")
        pulp.kill_group("worker")
        try:
            assert children
            # An older pulpcore's worker looks for what others left only when there is something else to do.
            pulp.api("publications/file/file/", {"repository": pulp.repository(f"next-{task_id(task)[:8]}")})
            ended = pulp.task(task["pulp_href"], timeout=90)
            assert ended["state"] == "failed" and "gone missing" in str(ended["error"])
            assert heard.of(name, task_id(task)) == [*SYNC, *ends("failed")]
        finally:
            pulp.start("worker")


def test_a_running_task_that_is_canceled(pulp, heard, files, name, gate, task_id):
    task = pulp.sync(pulp.repository(name), pulp.remote(name, files.url), wait=False)
    assert gate.reached.wait(30)
    pulp.api(task["pulp_href"], {"state": "canceled"}, "PATCH")
    assert pulp.task(task["pulp_href"])["state"] == "canceled"
    assert heard.of(name, task_id(task)) == [*SYNC, *ends("canceled")]


def test_a_waiting_task_that_is_canceled_has_no_sync_to_finish(pulp, heard, files, name, gate, task_id):
    repository, remote = pulp.repository(name), pulp.remote(name, files.url)
    first = pulp.sync(repository, remote, wait=False)
    assert gate.reached.wait(30)
    waiting = pulp.sync(repository, remote, wait=False)  # for the repository, which the first one has
    assert waiting["state"] == "waiting"
    pulp.api(waiting["pulp_href"], {"state": "canceled"}, "PATCH")
    gate.set()
    assert pulp.task(first["pulp_href"])["state"] == "completed"
    assert pulp.task(waiting["pulp_href"])["state"] == "canceled"
    assert heard.of(task_id(waiting)) == [("task.finish", "canceled")]


def test_an_immediate_task_runs_in_the_api(pulp, heard, name, task_id):
    repository = pulp.repository(name)
    with pulp.pausing("worker"):  # so it can be no worker
        answer = pulp.session.patch(pulp.url + repository, json={"description": "other"})
        [task] = pulp.api(f"tasks/?exclusive_resources={repository}")["results"]
        assert answer.ok and task["state"] == "completed"
    assert heard.of(task_id(task)) == [("task.start", None), ("task.finish", "success")]


def test_an_immediate_task_that_cannot_run_is_canceled(pulp, heard, name, files, gate, task_id):
    """Dispatched neither to be deferred nor while its resource is taken."""
    repository, remote = pulp.repository(name), pulp.remote(name, files.url)
    running = pulp.sync(repository, remote, wait=False)
    assert gate.reached.wait(30)
    made = pulp.python(f"""
from pulpcore.app.tasks import base
from pulpcore.plugin.models import Repository
from django_guid import set_guid
from pulpcore.plugin.tasking import dispatch
from pulp_events_pulpcore.testing import app_status
set_guid('test')
app_status.register()
update = "ageneral_update" if hasattr(base, "ageneral_update") else "general_update"
task = dispatch(f"pulpcore.app.tasks.base.{{update}}", immediate=True, deferred=False,
                exclusive_resources=[Repository.objects.get(name={name!r})])
print(task.pk)
""")
    assert heard.of(made.split()[-1]) == [("task.finish", "canceled")]
    gate.set()
    pulp.task(running["pulp_href"])


def test_a_version_without_a_sync(pulp, heard, name, tmp_path):
    repository = pulp.repository(name)
    (tmp_path / "a").write_text(name)
    with (tmp_path / "a").open("rb") as file:
        fields = {"relative_path": "a", "repository": repository}
        answer = pulp.session.post(pulp.url + "/pulp/api/v3/content/file/files/", data=fields, files={"file": file})
    uploaded = pulp.task(answer.json()["task"])
    content = next(each for each in uploaded["created_resources"] if "/content/" in each)
    assert heard.of(name).count(("repo.version.created", None)) == 1
    pulp.task(pulp.api(f"{repository}modify/", {"remove_content_units": [content]})["task"])
    pulp.task(pulp.api(f"{repository}modify/", {"remove_content_units": [content]})["task"])  # changes nothing
    assert heard.of(name).count(("repo.version.created", None)) == 2
    assert not [each for each in heard.of(name) if each[0].startswith("repo.sync")]


def test_counts_are_those_of_the_version(pulp, heard, files, name):
    repository = pulp.repository(name)
    pulp.sync(repository, pulp.remote(name, files.url))
    (version,) = [each for each in heard.about(name) if each["event_type"] == "repo.version.created"]
    assert "3" in str(version["payload"])
    (latest,) = pulp.api(f"{repository}versions/?number=1")["results"]
    assert latest["content_summary"]["present"]["file.file"]["count"] == 3
    assert latest["content_summary"]["added"]["file.file"]["count"] == 3


def test_a_task_group_ends_once_with_its_last_task(pulp, heard, name):
    made = pulp.python("""
from pulpcore.app.models import TaskGroup
from django_guid import set_guid
from pulpcore.plugin.tasking import dispatch
from pulp_events_pulpcore.testing import app_status
set_guid('test')
group = TaskGroup.objects.create(description="test")
app_status.register()
dispatch("pulp_events_pulpcore.testing.tasks.several", args=[[0, 0.2, 0.4]], task_group=group)
print(group.pk)
""").split()[-1]
    group = pulp.api(f"task-groups/{made}/")
    until_ended(pulp, group["pulp_href"], tasks=4)
    assert [each for each in heard.of(made) if each[0] == "task_group.finish"] == [("task_group.finish", "success")]
    assert heard.of(made)[-1][0] == "task_group.finish"


def until_ended(pulp, group, tasks):
    import time

    deadline = time.monotonic() + 40
    while True:
        found = pulp.api(group)
        ended = sum(found[each] for each in ("completed", "failed", "canceled"))
        left = sum(found[each] for each in ("waiting", "running", "canceling"))
        if ended >= tasks and not left:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
