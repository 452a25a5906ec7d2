"""Backups and restores by `pulp-admin` beside applications and workers at work, killed at random moments.

A backup that was written holds each event that was emitted before it began, with its deliveries, listeners and their
history of about that moment; it can be restored elsewhere; and a restore is refused while somebody works.
"""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import Answer, HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ADMIN = str(Path(sys.executable).with_name("pulp-admin"))
SOUND, KILLED = 4, 20
EMITTER = """
    from pulp_events import EventBus
    with EventBus.open(deliver="external") as bus:
        while True:
            print(bus.emit("repo.sync.start", {"repo_id": "x" * 200}).id, flush=True)
"""
MANAGER = """
    import time
    from pulp_events import EventBus
    with EventBus.open(deliver="external") as bus:
        while True:
            config = {"url": "http://127.0.0.1:9/", "password": "p", "username": "u"}
            made = bus.listeners.create("http", config, ["repo.publish.start"])
            bus.listeners.mute(made.id, 60, reason="new disks")
            bus.listeners.delete(made.id)
            time.sleep(0.01)
"""


class Site:
    """A folder with a server.conf."""

    def __init__(self, folder):
        folder.mkdir()
        self.data = folder / "data"
        self.conf = folder / "server.conf"
        self.conf.write_text(f"[events]\ndata_dir = {self.data}\nkeep = all\npayloads = off\n")
        self.environment = {**os.environ, "PULP_EVENTS_CONFIG": str(self.conf)}

    def start(self, *command, **options):
        return subprocess.Popen(command, env=self.environment, **options)

    def admin(self, *words):
        return subprocess.run(
            [ADMIN, "event", *words], env=self.environment, capture_output=True, text=True, timeout=120
        )


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


@pytest.fixture
def at_work(site, tmp_path):
    """An application that emits, one that changes listeners, and a worker; ids are written to a file."""
    with HttpSink(lambda request: Answer(200)) as sink, (tmp_path / "ids").open("w") as ids:
        with EventBus.open(site.conf, deliver="external") as bus:
            bus.listeners.create("http", {"url": sink.url}, ["#"], name="sink")
        processes = [
            site.start(sys.executable, "-c", textwrap.dedent(EMITTER), stdout=ids),
            site.start(sys.executable, "-c", textwrap.dedent(MANAGER)),
            site.start(ADMIN, "event", "worker", stderr=subprocess.DEVNULL),
        ]
        try:
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.wait()


def took(command):
    """Seconds that a command took, which succeeds."""
    began = time.monotonic()
    assert command().returncode == 0
    return time.monotonic() - began


def emitted(tmp_path):
    return (tmp_path / "ids").read_text().rpartition("\n")[0].split()


def test_backups_beside_applications_and_workers_hold_what_was_emitted_and_belongs_together(site, at_work, tmp_path):
    dice, target = random.Random(20), tmp_path / "backup"
    while len(emitted(tmp_path)) < 50:
        time.sleep(0.05)
    sound = []
    for number in range(SOUND + KILLED):
        before = emitted(tmp_path)
        if number % 6 == 5:
            run = site.admin("backup", str(target))
            assert run.returncode == 0, run.stderr
            (tmp_path / f"sound{number}").write_bytes(target.read_bytes())
            sound.append((tmp_path / f"sound{number}", before))
            assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
        else:
            process = site.start(ADMIN, "event", "backup", str(target), stdout=subprocess.DEVNULL)
            time.sleep(dice.uniform(0.05, 0.6))
            process.send_signal(signal.SIGKILL)
            process.wait()
    run = site.admin("restore", str(target))
    assert run.returncode == 1 and "stop applications and workers first; nothing was changed" in run.stderr
    assert [process.poll() for process in at_work] == [None] * 3

    for number, (path, ids) in enumerate(sound):
        assert path.stat().st_size and target.stat().st_mode & 0o777 == 0o600
        elsewhere = Site(tmp_path / f"elsewhere{number}")
        assert elsewhere.admin("restore", str(path)).returncode == 0
        check = elsewhere.admin("config", "check")
        problems = [line.split()[1] for line in check.stdout.splitlines() if line.startswith("problem")]
        assert set(problems) <= {"workers"}, check.stdout  # there are none, and what is due may be so for long
        with EventBus.open(elsewhere.conf, deliver="external") as bus:
            there = {event.id for event in bus.events.list(limit=10**6)}
            assert there >= set(ids)
            assert there == {each.event_id for each in bus.deliveries.list(limit=10**6)}
            listeners = {each.id: each for each in bus.listeners.list()}
            last = {}
            for change in bus.listeners.history():
                last.setdefault(change.listener_id, change)
            assert len(last) > 1 and {each.name for each in listeners.values()} >= {"sink"}
            torn = [each for each in listeners if each not in last]
            assert not torn, "a listener that the history knows nothing of"
            later = [each for each, change in last.items() if change.after is not None and each not in listeners]
            assert len(later) <= 1, "the history may lack the last change, and tells of no other"


def test_a_restore_that_is_killed_again_and_again_ends_as_a_whole(site, tmp_path):
    dice = random.Random(7)
    target = tmp_path / "backup"
    with EventBus.open(site.conf, deliver="external") as bus:
        listener = bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["#"], name="backup")
        kept = [bus.emit("repo.sync.start").id for _ in range(300)]
    assert site.admin("backup", str(target)).returncode == 0
    whole = min(took(lambda: site.admin("restore", str(target))) for _ in range(2))
    seen = set()
    for _ in range(25):
        with EventBus.open(site.conf, deliver="external") as bus:
            if bus.listeners.get(listener.id).name == "backup":
                bus.listeners.update(listener.id, name="later")
                bus.emit("repo.sync.finish")
        process = site.start(ADMIN, "event", "restore", str(target), stdout=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.3, 1.1) * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
        listed = json.loads(site.admin("listener", "list", "--json").stdout)
        with EventBus.open(site.conf, deliver="external") as bus:
            found = [event.id for event in bus.events.list(limit=1000)]
            name = bus.listeners.get(listener.id).name
            assert [each["name"] for each in listed] == [name]
            assert (name == "backup") == (sorted(found) == sorted(kept)), (name, len(found))
            assert set(found) >= set(kept)
            seen.add(name)
    assert site.admin("restore", str(target)).returncode == 0
    with EventBus.open(site.conf, deliver="external") as bus:
        assert sorted(event.id for event in bus.events.list(limit=1000)) == sorted(kept)
        names = [change.after["name"] for change in bus.listeners.history(listener.id)]
        assert set(names) == {"backup", "later"} and names[-1] == "backup"
    assert not [path.name for path in site.data.iterdir() if path.name.startswith(".")]
    assert "later" in seen
