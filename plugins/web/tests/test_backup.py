"""Tokens are in a backup, by the door that every plugin may use."""

import json

import pytest

from pulp_events.testing.admin import Admin
from pulp_events_web.access.store import FILE_NAME


@pytest.fixture
def admin(tmp_path):
    conf = tmp_path / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {tmp_path}/data\n")
    return Admin(conf)


def names(admin):
    return [each["name"] for each in json.loads(admin("--json", "event", "web", "token", "list").out)]


def test_tokens_are_restored_with_listeners_and_deliveries(admin, tmp_path):
    made = admin("event", "web", "token", "create", "--role", "viewer", "--name", "ci")
    assert made.code == 0, made.err
    done = admin("event", "backup", str(tmp_path / "backup"))
    assert done.code == 0 and FILE_NAME in done.out, done.err
    assert admin("event", "web", "token", "revoke", "ci").code == 0
    admin("event", "web", "token", "create", "--role", "viewer", "--name", "later")
    done = admin("event", "restore", str(tmp_path / "backup"))
    assert done.code == 0 and FILE_NAME in done.out, done.err
    assert names(admin) == ["ci"]
    path = tmp_path / "data" / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    [kept] = path.parent.glob(f"{FILE_NAME}.before-*")
    assert "later" in kept.read_text()
    assert made.out.split()[0] not in (tmp_path / "backup").read_bytes().decode("latin-1")


def test_a_backup_without_them_leaves_those_that_there_are(admin, tmp_path):
    assert admin("event", "backup", str(tmp_path / "backup")).code == 0
    admin("event", "web", "token", "create", "--role", "viewer", "--name", "ci")
    assert admin("event", "restore", str(tmp_path / "backup")).code == 0
    assert names(admin) == ["ci"]
