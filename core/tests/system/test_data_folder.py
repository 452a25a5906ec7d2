"""Whose the data folder is: refused where it is somebody else's, and left to its owner where root works in it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pulp_events import EventBus, StoreError

SOMEBODY = 54321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def folder():
    """A data folder that is somebody's, below folders that everybody can enter: those of pytest are the user's own."""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        made = Path(parent, "data")
        made.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(made, SOMEBODY, SOMEBODY)
        yield made


WORK = """
import os, sys, tempfile
import encodings.idna, platformdirs  # which root does not need
import marshmallow
from pulp_events import EventBus, EventsError, Notifier
from pulp_events.testing.bus import plugins_of
class Quiet(Notifier):
    type_id = "quiet"
    config_schema = marshmallow.Schema
    def deliver(self, event, config):
        pass
def work(folder):
    with EventBus.open(deliver="external", plugins=plugins_of(Quiet()), data_dir=folder) as bus:
        bus.listeners.create("quiet", {}, ["*"])
        bus.emit("repo.sync.start", {})
with tempfile.TemporaryDirectory() as first:  # so that all is imported: whoever is no root may not read the project
    work(first)
uid = int(sys.argv[1])
if uid:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
try:
    work(sys.argv[2])
    print("done")
except EventsError as error:
    print(error)
"""


def work(uid, folder):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(uid), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@needs_root
def test_what_root_makes_in_somebodys_folder_is_theirs(folder):
    """A forgotten `sudo -u` must not take the records away from the application."""
    assert work(0, folder) == "done"
    assert {path.stat().st_uid for path in folder.iterdir()} == {SOMEBODY}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert work(SOMEBODY, folder) == "done"


@needs_root
def test_the_folder_of_somebody_else_is_refused_with_its_owner_and_mode(folder):
    folder.chmod(0o755)
    found = work(SOMEBODY + 1, folder)
    assert f"{folder} belongs to user {SOMEBODY} (mode 0755), and this process is user {SOMEBODY + 1}" in found
    assert list(folder.iterdir()) == []


def test_a_folder_that_everybody_may_write_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)
    with pytest.raises(StoreError, match=r"has mode 0777 and belongs to .*chmod 0700"):
        EventBus.open(deliver="external", plugins=False, data_dir=tmp_path / "data")


def test_a_link_that_leads_nowhere_is_refused_as_folder_and_as_outbox(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    with pytest.raises(StoreError, match="is a link to .*absent, which does not exist"):
        EventBus.open(deliver="external", plugins=False, data_dir=tmp_path / "link")
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "outbox.sqlite").symlink_to(tmp_path / "absent")
    with (
        EventBus.open(deliver="external", plugins=False, data_dir=data) as bus,
        pytest.raises(StoreError, match="is a link to"),
    ):
        bus.deliveries.stats()
    assert not (tmp_path / "absent").exists()


@needs_root
def test_a_file_that_a_forgotten_sudo_left_is_said_in_one_line(folder):
    assert work(SOMEBODY, folder) == "done"
    os.chown(folder / "listeners.json", 0, 0)
    assert f"it belongs to root, this process is user {SOMEBODY}" in work(SOMEBODY, folder)


@pytest.mark.parametrize("used", [True, False])
def test_a_data_folder_that_is_deleted_under_an_open_bus_is_noticed_at_the_next_emit(recording_bus, tmp_path, used):
    with recording_bus(deliver="external") as bus:
        bus.listeners.create("recording", {}, ["*"])
        if used:
            bus.emit("repo.sync.start")
        (tmp_path / "data").rename(tmp_path / "moved")
        with pytest.raises(StoreError, match=r"data is gone: it was deleted or moved .* nothing was stored"):
            bus.emit("repo.sync.start")
        (tmp_path / "moved").rename(tmp_path / "data")
        bus.emit("repo.sync.start")
        assert bus.deliveries.stats().pending == 1 + used


def test_a_folder_that_was_never_there_is_made_with_the_first_listener(recording_bus, tmp_path):
    bus = recording_bus(deliver="external")
    bus.emit("repo.sync.start")
    assert not (tmp_path / "data").exists()
    bus.listeners.create("recording", {}, ["*"])
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
