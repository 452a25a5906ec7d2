"""Databases of earlier releases are migrated, go on with what was pending, and are left alone by those too old."""

import random
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "tests/upgrades"))
from going_on import Endpoints, check_goes_on, check_looks_as_before
from kept import FIXTURES, NAMES, Kept, few_are_quick
from releases import EMITTER, LAST, NOW, WORKER, Releases, end
from rolling import TOO_NEW, Rolling, check_all_arrived
from scene import ODD

from pulp_events.testing import Admin
from pulp_events_postgres import set_up

NEWEST = len(set_up.scripts())
OPEN = """
import sys
from pulp_events import EventBus
print("begins", flush=True)
EventBus.open(sys.argv[1], deliver="external").outbox.close()
"""
NEWER = f"""
ALTER TABLE pulp_delivery RENAME COLUMN listener_id TO listener;
UPDATE pulp_meta SET value = '{NEWEST + 1}' WHERE key = 'version';
"""
REMEDY = "upgrade this pulp-events too, or restore the backup"


@pytest.fixture
def endpoints(monkeypatch):
    monkeypatch.setenv("UPGRADE_PASSWORD", "hush-environment")
    servers = Endpoints()
    yield servers
    servers.close()


class Site:
    """A database, which may have what an earlier release left in it, and a server.conf for it."""

    def __init__(self, url, folder, endpoints, name=None):
        self.url = url.replace("pulp@", "pulp:pw@")
        self.config = endpoints.write_settings(
            folder / "upgrade.conf", folder / "data", f"[storage]\nurl = {url}\npassword = pw\n", lease="2s"
        )
        if name is not None:
            kept = Kept(name, endpoints.http.port)
            self.said = kept.said("postgres")
            self.run(kept.statements())

    def run(self, statements):
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statements)

    def ask(self, query):
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def version(self):
        return int(self.ask("SELECT value FROM public.pulp_meta WHERE key = 'version'")[0][0])

    def until_alone(self):
        """Wait until the server has noticed that a process was killed, and has ended what it did for it."""
        deadline = time.monotonic() + 30
        while self.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") != [(1,)]:
            assert time.monotonic() < deadline, "a process that was killed is still connected"
            time.sleep(0.01)

    def definitions(self):
        """Functions and columns."""
        return self.ask(
            "SELECT p.proname || pg_get_function_arguments(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = "
            "p.pronamespace WHERE n.nspname = 'public' UNION ALL SELECT table_name || '.' || column_name FROM "
            "information_schema.columns WHERE table_schema = 'public' ORDER BY 1"
        )


@pytest.fixture
def site(url, tmp_path, endpoints):
    """`site(name)`: see `Site`."""
    return lambda name=None: Site(url, tmp_path, endpoints, name)


OLD = [name for name in NAMES if (FIXTURES / name / "postgres.sql.xz").exists()]


@pytest.mark.parametrize("name", few_are_quick(OLD))
def test_an_earlier_database_goes_on(name, site, endpoints):
    there = site(name)
    assert there.version() == there.said["schema"]
    check_looks_as_before(there.config, there.said)
    assert there.version() == NEWEST
    check_goes_on(there.config, there.said, endpoints, ODD)


@pytest.mark.slow
def test_a_migration_that_is_killed_leaves_the_old_tables_or_the_new(site):
    dice, there = random.Random(5), site(OLD[0])
    before = there.definitions()
    found = set()
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", OPEN, there.config], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(dice.random() * 0.6)
        process.kill()
        process.communicate()
        there.until_alone()
        found.add(there.version())
        assert found <= {there.said["schema"], NEWEST}
        if there.version() == there.said["schema"]:
            assert there.definitions() == before
    check_looks_as_before(there.config, there.said)
    assert there.version() == NEWEST


@pytest.mark.parametrize("name", [OLD[0]])
def test_processes_that_migrate_at_once(name, site, endpoints):
    there = site(name)
    command = [sys.executable, "-c", OPEN, there.config]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 3
    check_goes_on(there.config, there.said, endpoints, ODD)


def test_a_newer_database_is_refused_and_stays_as_it_is(site):
    there = site(NAMES[-1])
    there.run("SET search_path TO public; " + NEWER)
    before = there.definitions(), there.ask("SELECT * FROM pulp_delivery ORDER BY event_seq, n")
    for command in (["listener", "list"], ["worker"], ["emit", "repo.publish.start", "--payload", '{"repo_id": "r"}']):
        done = Admin(there.config)("event", *command)
        assert done.code == 1 and not done.out
        [line] = done.err.splitlines()
        assert TOO_NEW in line and REMEDY in line
    assert (there.definitions(), there.ask("SELECT * FROM pulp_delivery ORDER BY event_seq, n")) == before


@pytest.mark.parametrize("release", [NOW, LAST])
def test_processes_end_when_a_newer_release_changes_their_tables(release, site, endpoints, tmp_path):
    there = site(NAMES[-1])
    with Releases(tmp_path, *filter(None, [release])) as releases:
        worker = releases.start(release, WORKER, there.config)
        emitter = releases.start(release, EMITTER, there.config)
        emitter.stdin.write("first\n")
        assert emitter.stdout.readline()
        endpoints.http.wait_for(6, timeout=60)
        there.run("SET search_path TO public; BEGIN; " + NEWER + " COMMIT; SELECT nextval('pulp_tick')")
        emitter.stdin.write("second\n")
        for process, name in ((emitter, "emitter"), (worker, "worker")):
            status, said = end(process, timeout=90)
            assert status == 1 and said.startswith(f"{name}: ") and TOO_NEW in said and REMEDY in said


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("earlier", [LAST, "0.1.dev8"])
def test_a_rolling_upgrade_loses_nothing(earlier, site, endpoints, tmp_path):
    there = site()
    with Releases(tmp_path, earlier) as releases:
        rolling = Rolling(releases, there.config, earlier, seed=3)
        rolling.run(endpoints.http.url)
    check_all_arrived(endpoints.http, rolling.stored)
    assert bool(rolling.refused) == (earlier != LAST)
