"""The same on a Pulp with domains, and on one whose workers take their tasks from Redis."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess

import pytest
from pulp_events_pulpcore.testing.database import free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def with_domains(start_pulp):
    server = start_pulp(pulp_settings={"DOMAIN_ENABLED": True})
    made = server.run(
        "python",
        "-c",
        """
import django
django.setup()
from pulpcore.plugin.models import Domain
for name in ("one", "two"):
    made = Domain.objects.create(name=name, storage_class="pulpcore.app.models.storage.FileSystem",
                                 storage_settings={"location": "/tmp"})
    print("DOMAIN", name, made.pk)
""",
    )
    server.domains = dict(each.split()[1:] for each in made.splitlines() if each.startswith("DOMAIN"))
    return server


def test_a_listener_of_a_domain_gets_events_of_its_domain_only(with_domains, hear, files, name):
    pulp = with_domains
    everything = hear(pulp=pulp)
    heard = {each: hear(pulp=pulp, options=["--scope", pk]) for each, pk in pulp.domains.items()}
    for each in pulp.domains:
        root = f"/pulp/{each}/api/v3/"
        remote = pulp.api(f"{root}remotes/file/file/", {"name": name, "url": files.url})["pulp_href"]
        fields = {"name": f"{name}-{each}", "autopublish": True}
        repository = pulp.api(f"{root}repositories/file/file/", fields)["pulp_href"]
        task = pulp.task(pulp.api(f"{repository}sync/", {"remote": remote})["task"])
        assert task["state"] == "completed", task["error"]
    types = {
        "task.start", "repo.sync.start", "repo.version.created", "repo.publish.start", "repo.publish.finish",
        "repo.sync.finish", "task.finish",
    }  # fmt: skip
    for each in pulp.domains:
        assert {report["event_type"] for report in heard[each].all()} == types
        assert len(heard[each].reports) == len(types)
        other = "two" if each == "one" else "one"
        assert f"{name}-{other}" not in json.dumps(heard[each].reports)
        assert len(everything.of(f"{name}-{each}")) >= 5


@pytest.fixture(scope="module")
def with_redis(start_pulp, tmp_path_factory):
    if importlib.util.find_spec("pulpcore.tasking.redis_worker") is None:
        pytest.skip("this pulpcore has no such worker")
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("PULP_EVENTS_NO_SKIP") == "1":
            pytest.fail("Redis is not installed. On Debian and Ubuntu: apt-get install redis-server")
        pytest.skip("Redis is not installed. On Debian and Ubuntu: apt-get install redis-server")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path_factory.mktemp("redis"))
    try:
        yield start_pulp(
            pulp_settings={
                "WORKER_TYPE": "redis",
                "REDIS_HOST": "127.0.0.1",
                "REDIS_PORT": port,
                "CACHE_ENABLED": True,
            }  # fmt: skip
        )
    finally:
        process.terminate()
        process.wait()


@pytest.mark.newest_pulpcore
def test_a_redis_worker_tells_the_same(with_redis, hear, files, name, gate, task_id):
    pulp = with_redis
    heard = hear(pulp=pulp)
    gate.set()
    began = [("task.start", None), ("repo.sync.start", None)]
    repository, remote = pulp.repository(name), pulp.remote(name, files.url)
    done = pulp.sync(repository, remote)
    assert heard.of(name, task_id(done)) == [
        *began,
        ("repo.version.created", None),
        ("repo.sync.finish", "success"),
        ("task.finish", "success"),
    ]
    gate.clear()
    gate.reached.clear()
    killed = pulp.sync(repository, remote, wait=False)
    assert gate.reached.wait(30)
    os.kill(pulp.children("worker")[0], signal.SIGKILL)
    assert pulp.task(killed["pulp_href"])["state"] == "failed"
    assert heard.of(task_id(killed)) == [*began, ("repo.sync.finish", "failed"), ("task.finish", "failed")]
    gate.reached.clear()
    running = pulp.sync(repository, remote, wait=False)
    assert gate.reached.wait(30)
    waiting = pulp.sync(repository, remote, wait=False)
    for each in (waiting, running):
        pulp.api(each["pulp_href"], {"state": "canceled"}, "PATCH")
        assert pulp.task(each["pulp_href"])["state"] == "canceled"
    assert heard.of(task_id(running)) == [*began, ("repo.sync.finish", "canceled"), ("task.finish", "canceled")]
    assert heard.of(task_id(waiting)) == [("task.finish", "canceled")]
