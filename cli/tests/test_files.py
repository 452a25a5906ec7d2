"""Files that commands write and read: devices and links stay what they are, and a short text is no bomb."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")
EXPORT = ("event", "listener", "export")
APPLY = ("event", "listener", "apply", "-f")


def test_a_device_stays_what_it_is_and_is_written_to(admin):
    """As root, /dev/stdout itself was replaced by a file."""
    admin.listener(*HTTP)
    before = os.lstat("/dev/stdout")[:7]  # whoever follows the link changes its access time, once a day
    run = admin.process(*EXPORT, "--output=/dev/stdout")
    assert run.code == 0 and run.out.startswith("version: 1\n") and "written to" not in run.out
    assert os.lstat("/dev/stdout")[:7] == before
    with (admin.data / "out").open("w") as out:
        command = admin.command(*EXPORT, "--output=/dev/stdout")
        subprocess.run(command, env=admin.environment, stdout=out, check=True)
    assert (admin.data / "out").read_text().startswith("version: 1\n")


def test_a_pipe_is_written_to(admin, tmp_path):
    admin.listener(*HTTP)
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()), daemon=True)
    reader.start()
    admin.ok(*EXPORT, "--output", str(tmp_path / "pipe"))
    reader.join(60)
    assert read[0].startswith("version: 1\n") and (tmp_path / "pipe").is_fifo()


def test_a_link_stays_one_and_the_file_that_it_leads_to_is_replaced_as_a_whole(admin, tmp_path):
    admin.listener(*HTTP)
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o644)
    (tmp_path / "link").symlink_to("file")
    admin.ok(*EXPORT, "--output", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text().startswith("version: 1\n")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="there is no file system in memory here")
def test_what_is_kept_in_memory_below_dev_is_a_file_like_any_other(admin):
    admin.listener(*HTTP)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        file = Path(folder, "listeners.yaml")
        for _ in range(2):
            assert admin.ok(*EXPORT, "--output", str(file)).out == f"1 listener written to {file}\n"
            assert file.stat().st_mode & 0o777 == 0o600
            file.chmod(0o644)


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"{BOMB}version: 1\nlisteners: []\n", "aliases expand to too many values"),
        ("version: 1\nlisteners: &l [*l]\n", "aliases expand to too many values"),
        (f"version: {'[' * 5000}{']' * 5000}", "is nested too deeply"),
        ("version: 1\nlisteners: []\nlisteners: []\n", "the key 'listeners' occurs twice, again in line 3"),
        ('{"version": 1, "listeners": [], "version": 1}', "the key 'version' occurs twice"),
        (f'{{"version": {"9" * 5000}}}', "f is not valid JSON: a number has 5000 digits, and may have 400"),
        (f"version: 1\nlisteners: [{'9' * 5000}]\n", "f: the number in line 2 has more than 400 digits"),
        ('{"version": NaN}', "NaN is not a JSON number"),
        ("version: 0\nlisteners: []\n", "has version 0, which does not exist"),
        ("version: -1\nlisteners: []\n", "has version -1"),
        ("version: 1\nlisteners: " + "[" * 5000 + "]" * 5000, "is "),
    ],
)
def test_a_file_that_nobody_would_write_is_refused(admin, tmp_path, text, what):
    (tmp_path / "f").write_text(text)
    began = time.process_time()
    run = admin(*APPLY, str(tmp_path / "f"))
    assert run.code == 2 and what in run.err
    assert time.process_time() - began < 5


def entry(config):
    config = {"url": "http://127.0.0.1:9/", **config}
    listener = {"notifier_type_id": "http", "event_types": ["*"], "notifier_config": config}
    return json.dumps({"version": 1, "listeners": [listener]})


@pytest.mark.parametrize(
    ("config", "right"),
    [
        ({"username": "u", "password": "env:CI_PW"}, "{$env: NAME}"),
        ({"token": "file:/run/token"}, "{$file: PATH}"),
        ({"header": ["X: b", "env:HEADER"]}, "{$env: NAME}"),
    ],
)
def test_a_reference_as_the_command_line_has_it_is_refused_with_the_form_of_files(admin, tmp_path, config, right):
    (tmp_path / "f").write_text(entry(config))
    run = admin(*APPLY, str(tmp_path / "f"))
    assert run.code == 2 and right in run.err and admin.stored() == ""


def test_a_reference_as_files_have_it_is_one(admin, tmp_path):
    (tmp_path / "f").write_text(entry({"token": {"$env": "TOKEN"}}))
    admin.ok(*APPLY, str(tmp_path / "f"))
    assert "Token: env:TOKEN" in admin.ok("event", "listener", "list").out


@pytest.mark.parametrize("config", [{"headers": ["X-Team: \ud800"]}, {"url": "http://127.0.0.1:9/\udfff"}])
def test_half_a_character_is_refused_before_anything_is_done(admin, tmp_path, config):
    (tmp_path / "f").write_text(entry(config))
    for more in ((), ("--dry-run",)):
        run = admin(*APPLY, str(tmp_path / "f"), *more)
        assert run.code == 2 and "f: listener 1: notifier_config." in run.err, run.err
        assert "has half of a character (a lone surrogate); write what can be stored" in run.err
