"""An event and the change that it tells of are stored together or not at all, and cost nothing where nobody listens."""

import os
import random
import signal
import time

import pytest

pytestmark = pytest.mark.slow

SET_UP = """
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pulpcore.app.models import Task
from pulpcore.tasking.tasks import execute_task
from pulp_events_pulpcore.testing import app_status
fields = app_status.register()
def make():
    return Task.objects.create(state="waiting", name="pulpcore.app.tasks.test.sleep", logging_cid="x", versions={},
                               enc_args=[0], pulp_created=None, **fields)
"""


def stored(pulp, *ids):
    """How many events of these tasks the outbox has."""
    with pulp.database.connect() as database:
        found = database.execute("SELECT convert_from(report, 'UTF8') FROM pulp_events.pulp_event").fetchall()
    return sum(any(each in report for each in ids) for (report,) in found)


def test_a_change_that_is_rolled_back_emits_nothing(pulp, heard, name):
    made = pulp.python(
        SET_UP
        + """
class Undone(Exception):
    pass
undone, done = make(), make()
try:
    with transaction.atomic():
        undone.set_running()
        raise Undone
except Undone:
    pass
with transaction.atomic():
    done.set_running()
done.set_completed()
print(undone.pk, done.pk)
Task.objects.filter(pk=undone.pk).delete()  # or a worker of an older pulpcore would run it some time
"""
    )
    undone, done = made.split()[-2:]
    assert heard.of(undone) == [] and not stored(pulp, undone)
    assert heard.of(done) == [("task.start", None), ("task.finish", "success")]


def test_a_change_that_is_refused_emits_nothing_again(pulp, heard, name):
    made = pulp.python(
        SET_UP
        + """
task = make()
task.set_running()
task.set_completed()
for change in (task.set_running, task.set_completed, task.set_canceling):
    try:
        change()
    except RuntimeError:
        print("refused")
print(task.pk)
"""
    )
    assert made.count("refused") == 3
    assert heard.of(made.split()[-1]) == [("task.start", None), ("task.finish", "success")]


def test_a_task_completed_while_it_is_being_canceled_has_one_finish(pulp, heard, name):
    made = pulp.python(
        SET_UP
        + """
task = make()
task.set_running()
Task.objects.get(pk=task.pk).set_canceling()
try:
    task.set_completed()  # which pulpcore accepts, and which changes nothing
except RuntimeError:
    pass  # but for older releases
task.set_canceled()
print(task.pk)
"""
    )
    assert heard.of(made.split()[-1]) == [("task.start", None), ("task.finish", "canceled")]


def test_an_emit_that_fails_leaves_the_task_successful_and_one_line_in_the_log(pulp, heard, files, name):
    with pulp.database.connect() as database:
        database.execute("ALTER TABLE pulp_events.pulp_event RENAME TO gone")
    try:
        repository = pulp.repository(name)
        task = pulp.sync(repository, pulp.remote(name, files.url))
    finally:
        with pulp.database.connect() as database:
            database.execute("ALTER TABLE pulp_events.gone RENAME TO pulp_event")
    assert task["state"] == "completed"
    assert pulp.api(f"{repository}versions/?number=1")["results"][0]["content_summary"]["present"]
    said = [each for each in pulp.log("worker").splitlines() if "pulp-events:" in each]
    lines = [each for each in said if task["logging_cid"] in each]
    assert len(lines) == 1 and "task.start" in lines[0]
    assert heard.of(name) == []
    assert pulp.sync(repository, pulp.remote(f"{name}-2", files.url))["state"] == "completed"
    assert ("repo.sync.finish", "success") in heard.of(name)


@pytest.fixture
def nobody_else(pulp):
    """No listener of another test is left."""
    with pulp.database.connect() as database:
        database.execute("DELETE FROM events_eventlistener")
        database.execute("UPDATE events_listenerversion SET version = version + 1")


def test_where_nobody_listens_a_task_makes_the_queries_that_it_makes_without_us(pulp, nobody_else):
    said = pulp.python(
        SET_UP
        + """
from pulp_events_pulpcore.app.emitting import voice
def count():
    task = make()
    with CaptureQueriesContext(connection) as queries:
        execute_task(task)
    return queries
voice.warm_up()
count()
found = count()
for each in ("set_running", "set_completed", "set_failed", "set_canceled"):
    setattr(Task, each, getattr(Task, each).__wrapped__)
without = count()
print("QUERIES", len(found), len(without))
"""
    )
    with_us, without = (int(each) for each in said.partition("QUERIES")[2].split()[:2])
    assert without <= with_us <= without + 1, said


def test_a_task_s_process_does_not_collect_what_the_worker_holds(pulp):
    said = pulp.python(
        """
import gc, os
from pulp_events_pulpcore.app.emitting import warming
warming._warm_at_forks()
child = os.fork()
if not child:
    os._exit(gc.get_freeze_count() > 10_000)
print("CHILD", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "PARENT", gc.get_freeze_count())
"""
    )
    assert "CHILD 1 PARENT 0" in said


def test_a_listener_of_something_else_costs_no_more(pulp, nobody_else, hear):
    hear("repo.publish.start")
    test_where_nobody_listens_a_task_makes_the_queries_that_it_makes_without_us(pulp, None)


def test_a_bus_that_cannot_be_opened_stops_nothing(pulp, name):
    said = pulp.python(
        SET_UP
        + """
from django.conf import settings
settings.PULP_EVENTS = {"delivery": {"lanes": "many"}}
from pulp_events_pulpcore.app.bus import bus
bus.cache_clear()
import logging, sys
logging.getLogger("pulp_events_pulpcore").addHandler(logging.StreamHandler(sys.stdout))
task = make()
execute_task(task)
task.refresh_from_db()
print("STATE", task.state)
"""
    )
    assert "STATE completed" in said
    assert said.count("pulp-events:") == 1 and "lanes" in said


def test_each_task_that_ended_has_its_finish_whenever_its_process_is_killed(pulp, heard, name, files, until):
    made = pulp.python(
        """
from django_guid import set_guid
from pulpcore.plugin.tasking import dispatch
from pulp_events_pulpcore.testing import app_status
set_guid('test')
app_status.register()
for number in range(60):
    print("TASK", dispatch("pulpcore.app.tasks.test.sleep", args=[0]).pk)
"""
    )
    tasks = [each.split()[1] for each in made.splitlines() if each.startswith("TASK")]
    dice, killed = random.Random(21), set()
    deadline = time.monotonic() + 100
    with pulp.database.connect() as database:
        sql = "SELECT count(*) FROM core_task WHERE pulp_id = ANY(%s) AND finished_at IS NULL"
        while database.execute(sql, [tasks]).fetchone()[0]:
            assert time.monotonic() < deadline
            if pulp.processes["worker"].poll() is not None:
                # It does not survive a child that is killed between its last commit and its end.
                pulp.processes.pop("worker")
                pulp.start("worker")
                time.sleep(1)
            for child in pulp.children("worker"):
                if child not in killed and dice.random() < 0.7:
                    time.sleep(dice.random() * 0.12)
                    try:
                        os.kill(child, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
                killed.add(child)
            time.sleep(0.005)
        heard.all()
        states = database.execute(
            "SELECT pulp_id::text, state, started_at IS NOT NULL FROM core_task WHERE pulp_id = ANY(%s)", [tasks]
        ).fetchall()
    assert {state for _, state, _ in states} == {"completed", "failed"}, "the dice are to have killed some, not all"
    for pk, state, began in states:
        start = [("task.start", None)] if began else []
        assert heard.of(pk) == [*start, ("task.finish", "success" if state == "completed" else "failed")], pk


def test_a_coroutine_that_changes_a_state_is_in_the_transaction_too(pulp, heard, name):
    """No pulpcore has such a method yet; its tasks call `sync_to_async(task.set_running)`."""
    said = pulp.python(
        SET_UP
        + """
import asyncio
from asgiref.sync import sync_to_async
from pulp_events_pulpcore.app.emitting import tasks
from pulp_events_pulpcore.app.emitting.wrapping import wrap
class Other(Task):
    class Meta:
        proxy = True
        app_label = "core"
    def set_running(self):
        raise NotImplementedError
    async def aset_running(self):
        assert await sync_to_async(lambda: connection.in_atomic_block)()
        await Task.objects.filter(pk=self.pk).aupdate(state="running")
        self.state = "running"
wrap(Other, "set_running", tasks._begin)
task = make()
async def main():
    await Other(pk=task.pk, pulp_domain_id=task.pulp_domain_id).aset_running()
try:
    asyncio.run(main())
except Exception as error:
    print(repr(error))
task.refresh_from_db()
print(task.state, task.pk)
"""
    )
    assert "running" in said
    assert heard.of(said.split()[-1]) == [("task.start", None)]
