"""The observer does what pulp-events asks of every observer: each test of ObserverContract is one claim."""

import json

import pytest
from marshmallow import Schema
from pulp_events import Notifier, PermanentFailure
from pulp_events.testing import ObserverContract

import pulp_events_audit_log


class TestAuditLog(ObserverContract):
    module = "pulp_events_audit_log"

    @pytest.fixture
    def file(self, tmp_path):
        return tmp_path / "attempts"

    @pytest.fixture
    def conf(self, file):
        return {"audit-log": {"file": file}}

    @pytest.fixture
    def kept(self, file):
        return lambda: file.read_text("utf-8").splitlines() if file.is_file() else []

    @pytest.fixture
    def fail(self, file):
        def make_it_a_folder():
            file.unlink(missing_ok=True)
            file.mkdir()

        return make_it_a_folder


class Refusing(Notifier):
    """A notifier whose receiver wants nothing."""

    type_id = "refusing"
    config_schema = Schema

    def deliver(self, event, config):
        raise PermanentFailure("410 Gone")


def test_a_line_says_what_became_of_an_attempt(pulp_events_make_bus, tmp_path):
    file = tmp_path / "attempts"
    bus = pulp_events_make_bus(pulp_events_audit_log, Refusing(), conf={"audit-log": {"file": file}})
    listener = bus.listeners.create("refusing", {}, ["repo.sync.start"])
    event = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    [line] = map(json.loads, file.read_text("utf-8").splitlines())
    assert (line["delivery"], line["listener"], line["attempt"]) == (f"{event.id}.0", listener.id, 1)
    assert (line["outcome"], line["state"], line["detail"]) == ("permanent", "dead", "410 Gone")


def test_it_does_nothing_unless_a_file_is_set(pulp_events_make_bus, caplog):
    bus = pulp_events_make_bus(pulp_events_audit_log, Refusing())
    bus.listeners.create("refusing", {}, ["repo.sync.start"])
    bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    assert "pulp_events_audit_log" not in caplog.text
