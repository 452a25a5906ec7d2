"""`pulp-admin event worker` and `config check` in Pulp's environment, and the tables that `migrate` makes."""

import json
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EMIT = """
from django.db import connection, transaction
from pulp_events_pulpcore.app.bus import bus
with transaction.atomic():
    for number in range({number}):
        bus().emit("repo.sync.start", {{"number": number}}, connection=connection)
"""


@pytest.fixture(scope="module")
def server(start_pulp):
    """A Pulp without workers."""
    return start_pulp(workers=0)


def until(claim, seconds=30):
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def numbers(sink):
    return {json.loads(each.body)["payload"]["number"] for each in sink.requests}


def test_a_worker_that_is_killed_is_followed_by_another_that_delivers_the_rest(server, sink):
    server.pulp_admin("listener", "http", "create", "--event-type", "repo.sync.start", "--url", sink.url)
    server.python(EMIT.format(number=1))
    until(lambda: numbers(sink) == {0})
    server.stop("events", signal.SIGKILL)
    server.python(EMIT.format(number=5))
    server.start("events")
    until(lambda: numbers(sink) == {0, 1, 2, 3, 4}, 90)


def test_config_check_is_content_and_names_the_places(server):
    findings = server.pulp_admin("config", "check")
    assert f"PULP_EVENTS in Pulp's settings, {server.folder}/settings.py" in findings
    assert f"PostgreSQL at 127.0.0.1:{server.database.port}/pulp, Pulp's listeners" in findings
    assert "schema pulp_events" in findings and "/var/lib" not in findings
    shown = json.loads(server.run("pulp-admin", "--json", "event", "config", "show"))
    assert shown["sections"]["untrusted"]["networks"]["set"] and "pw" not in json.dumps(
        shown["sections"]["storage"]["password"]
    )


def test_several_processes_get_the_settings_and_nobody_else_sees_them(server, sink):
    server.pulp_admin("listener", "http", "create", "--event-type", "repo.publish.start", "--url", sink.url)
    log = server.folder / "pool.log"
    with log.open("wb") as file:
        pool = subprocess.Popen(
            [server.bin / "pulp-admin", "event", "worker", "--processes", "2"], env=server.environment, stderr=file,
            cwd=server.folder,
        )  # fmt: skip
    try:
        until(lambda: log.read_text().count("delivers from PostgreSQL") == 2, 60)
        children = Path(f"/proc/{pool.pid}/task/{pool.pid}/children").read_text().split()
        assert len(children) == 2
        for pid in (str(pool.pid), *children):
            seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            assert not re.search(rb"(?i)password|postgresql://|[=:]pw\b", seen)
    finally:
        pool.terminate()
        pool.wait(30)
    assert "Traceback" not in log.read_text() and "settings.py" not in log.read_text()


def test_the_unit_runs_it_as_pulps_user_with_pulps_settings(server):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # which the unit must not hide
        settings = shutil.copy(server.folder / "settings.py", folder)
        unit = subprocess.run(
            [server.bin / "pulp-admin", "event", "worker", "--print-unit"],
            env={**server.environment, "PULP_SETTINGS": settings}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    assert f"Environment=PULP_SETTINGS={settings}\n" in unit
    assert "Environment=DJANGO_SETTINGS_MODULE=pulpcore.app.settings\n" in unit
    assert f"User={(server.folder / 'media').owner()}\n" in unit
    assert "PrivateTmp=no\n" in unit


def test_a_mistake_is_named_as_it_stands_in_pulps_settings(server):
    before = dict(server.settings)
    server.settings["PULP_EVENTS"] = {"delivery": {"lanes": 0}}
    server.write_settings()
    try:
        with pytest.raises(RuntimeError, match=r"PULP_EVENTS\['delivery'\]\['lanes'\] = '?0") as said:
            server.pulp_admin("listener", "list")
        assert "Traceback" not in str(said.value)
        (server.folder / "server.conf").write_text("")
        server.run("pulp-admin", "--config", str(server.folder / "server.conf"), "event", "config", "show")
    finally:
        server.settings = before
        server.write_settings()


def test_migrations_go_back_and_forth_and_bring_the_outbox_up_to_date(server):
    server.stop("events")
    server.stop("api")
    server.manage("migrate", "events", "zero")
    with pytest.raises(RuntimeError, match="pulpcore-manager migrate") as said:
        server.pulp_admin("listener", "list")
    assert "Traceback" not in str(said.value)
    with server.database.connect() as own:
        owner = own.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'pulp_event'").fetchone()
        assert owner == ("pulp",), "what is pending stays, and is the database user's of Pulp"
        own.execute("DROP SCHEMA pulp_events CASCADE")
    server.manage("migrate", "--noinput")
    assert server.pulp_admin("listener", "list").strip() == ""
    assert server.events() == []
