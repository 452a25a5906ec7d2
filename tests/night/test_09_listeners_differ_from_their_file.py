"""Listeners differ from their file.

Listeners that are rolled out from a file are changed by hand all the same. `--dry-run --exit-code` shows what differs,
and ends with 3, for a job that looks every night. Everything is checked first, and written at once.
"""

import pytest

FILE = """\
version: 1
listeners:
- name: ci
  notifier_type_id: http
  notifier_config: {url: "http://127.0.0.1:40001/hook"}
  event_types: [repo.sync.finish]
  labels: {team: web}
- name: mirror
  notifier_type_id: http
  notifier_config: {url: "http://127.0.0.1:40001/mirror"}
  event_types: ['*']
  labels: {team: web}
"""


@pytest.mark.slow
def test_drift_is_seen_and_removed(night):
    (night.folder / "listeners.yaml").write_text(FILE)
    night.types(
        "pulp-admin event listener apply --file=listeners.yaml",
        """
        + http (new) ci
          + event_types: repo.sync.finish
          + notifier_config.url: http://127.0.0.1:40001/hook
          + name: ci
          + labels: team=web
        + http (new) mirror
          + event_types: *
          + notifier_config.url: http://127.0.0.1:40001/mirror
          + name: mirror
          + labels: team=web
        2 listeners: 2 created
        """,
    )
    night.meanwhile("Then somebody changes one of them by hand, and makes another. The job that looks finds:")
    with night.application(by="grace") as bus:
        ci = next(each for each in bus.listeners.list() if each.name == "ci")
        bus.listeners.update(ci.id, event_types=["*"])
        bus.listeners.create("http", {"url": "http://127.0.0.1:40001/try"}, ["*"], name="try")
    night.types(
        "pulp-admin event listener apply --file=listeners.yaml --prune --dry-run --exit-code",
        """
        ~ http 6b08aea9e80e3afcac9c2b2f ci
          - event_types: *
          + event_types: repo.sync.finish
        - http 6b08aeaa85091bf9b780c4c5 try
        3 listeners: 1 would be updated, 1 would be deleted, 1 unchanged
        """,
        code=3,
    )
    night.types(
        "pulp-admin event listener apply --file=listeners.yaml --prune",
        """
        - http 6b08aeaa85091bf9b780c4c5 try
        Delete 1 listener, with pending deliveries? [y/N] y
        ~ http 6b08aea9e80e3afcac9c2b2f ci
          - event_types: *
          + event_types: repo.sync.finish
        - http 6b08aeaa85091bf9b780c4c5 try
        3 listeners: 1 updated, 1 deleted, 1 unchanged
        """,
        answers=["y"],
    )
    night.types(
        "pulp-admin event listener apply --file=listeners.yaml --prune --dry-run --exit-code",
        """
        2 listeners: 2 unchanged
        """,
    )
