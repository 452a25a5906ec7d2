"""`pulp-admin event listener apply` stores all that a file changes in one transaction."""

from __future__ import annotations

import json

from pulp_events import EventBus
from pulp_events.testing.admin import Admin

CONFIG = {"url": "http://ci.example/"}


def test_what_a_file_changes_is_one_transaction(conf, server, url, tmp_path):
    def rows(statement):
        with server.connect(url.rpartition("/")[2]) as connection:
            return connection.execute(statement).fetchall()

    with EventBus.open(conf, deliver="external") as bus:
        one, two, _ = (bus.listeners.create("http", CONFIG, ["*"], name=name) for name in ("one", "two", "three"))
    entries = [{"name": "two", "id": one.id}, {"name": "one", "id": two.id}]  # they swap
    entries += [{"name": f"new-{number}"} for number in range(3)]
    whole = [{"notifier_type_id": "http", "event_types": ["*"], "notifier_config": CONFIG, **each} for each in entries]
    (tmp_path / "f").write_text(json.dumps({"version": 1, "listeners": whole}))
    version = "SELECT version FROM pulp_listener_version"
    before = rows(version)
    asked = ("event", "listener", "apply", "-f", str(tmp_path / "f"), "--prune")
    assert Admin(conf)(*asked, "--dry-run", "--exit-code").code == 3
    assert rows(version) == before
    assert Admin(conf)(*asked).out.endswith("6 listeners: 3 created, 2 updated, 1 deleted\n")
    written = rows("SELECT xmin::text FROM pulp_listener")
    assert len(written) == 5 and len(set(written)) == 1, "each row was written by the same transaction"
    assert Admin(conf)(*asked, "--dry-run", "--exit-code").code == 0
