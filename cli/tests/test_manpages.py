"""Manual pages of everything, as `man` takes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def pages(admin, tmp_path):
    folder = tmp_path / "man"
    admin.ok("--man-pages", str(folder))
    return folder


def test_there_is_a_page_for_every_level(pages):
    names = {page.name for page in pages.iterdir()}
    assert {
        "pulp-admin.1",
        "pulp-admin-event.1",
        "pulp-admin-event-emit.1",
        "pulp-admin-event-listener.1",
        "pulp-admin-event-listener-list.1",
        "pulp-admin-event-listener-http-create.1",
        "pulp-admin-event-delivery-tail.1",
    } <= names


def test_a_page_describes_its_options(pages):
    text = (pages / "pulp-admin-event-listener-email-create.1").read_text()
    assert r"\-\-subject" in text and "(required) text of the email's subject" in text
    assert (
        r"\-\-retry\-schedule" in text and r"pulp\-admin\-event\-listener\-email\-create \- create a listener" in text
    )


def test_man_has_nothing_to_warn_of(pages):
    if shutil.which("man") is None:
        pytest.skip("there is no man here")
    for page in sorted(pages.iterdir()):
        command = ["man", "--warnings", "-l", str(page)]
        environment = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert done.stderr == "", page.name
        assert "SYNOPSIS" in done.stdout


def test_the_module_writes_them_too(admin, tmp_path):
    command = [sys.executable, "-m", "pulp_events_cli.manpages", str(tmp_path / "pages")]
    subprocess.run(command, check=True, capture_output=True, env=admin.environment)
    assert (tmp_path / "pages" / "pulp-admin.1").exists()


def test_a_folder_that_cannot_be_made_is_named(admin, tmp_path):
    (tmp_path / "file").write_text("")
    run = admin("--man-pages", str(tmp_path / "file"))
    assert run.code == 2 and str(tmp_path / "file") in run.err
