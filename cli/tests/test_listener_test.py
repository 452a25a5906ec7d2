"""`listener test`: what each target says to a test event."""

from __future__ import annotations

import json
import re

import pytest
from marshmallow import Schema, fields

from pulp_events import Notifier, PermanentFailure, hookimpl
from pulp_events.testing.http_sink import Answer

TEST = ("event", "listener", "test", "--listener-id")


class RoomsConfig(Schema):
    rooms = fields.List(fields.String(), required=True, metadata={"help": "rooms"})
    token = fields.String(metadata={"help": "token", "secret": True})


class Rooms(Notifier):
    """Several targets, of which those called `shut…` refuse."""

    type_id = "rooms"
    config_schema = RoomsConfig

    def targets(self, config):
        return config["rooms"]

    def open(self, config, settings):
        from pulp_events import Channel

        class Door(Channel):
            def send(self, delivery):
                if delivery.target.startswith("shut"):
                    raise PermanentFailure(f"shut\nknock {config.get('token')} \x1b[31mlater")
                self.detail = "come in"

        return Door()


class Plugin:
    @hookimpl
    def pulp_notifiers(self):
        return [Rooms()]


@pytest.fixture
def http(admin, pulp_events_http_sink):
    return admin.listener("http", "create", "--event-type=repo.sync.*", f"--url={pulp_events_http_sink.url}/hook")


def test_the_receiver_gets_an_event_that_says_it_is_a_test(admin, pulp_events_http_sink, http):
    out = admin.ok(*TEST, http).out
    assert re.match(r"OUTCOME +MILLISECONDS +DETAIL\ndelivered +\d+ +200 OK\n", out)
    (request,) = pulp_events_http_sink.requests
    body = json.loads(request.body)
    assert body["payload"]["test"] is True and body["event_type"].startswith("repo.sync.")


def test_nothing_is_stored(admin, http):
    admin.ok(*TEST, http)
    assert admin.ok("event", "delivery", "list", "--json").json == []


def test_a_disabled_listener_is_tested_too(admin, pulp_events_http_sink, http):
    admin.ok("event", "listener", "disable", "--listener-id", http)
    admin.ok(*TEST, http)
    assert len(pulp_events_http_sink.requests) == 1


def test_a_failure_ends_with_exit_code_1_and_one_line(admin, pulp_events_http_sink, http):
    pulp_events_http_sink.answer = Answer(503, body=b"first line\nsecond line")
    run = admin(*TEST, http)
    assert run.code == 1 and "503" in run.out and run.err.count("\n") == 1
    assert "second line" in run.out
    assert f"\nDetails of this attempt:\n  POST {pulp_events_http_sink.url}/hook\n" in run.out
    assert f"did not reach 1 of 1 target of listener {http}" in run.err


def test_a_receiver_that_is_not_there_has_a_request_line_too(admin):
    http = admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:1/hook?key=hunter22")
    run = admin(*TEST, http)
    assert re.search(r"^transient +\d+ +127.0.0.1:1: the connection failed: Connection refused$", run.out, re.M)
    assert run.out.endswith("\nDetails of this attempt:\n  POST http://127.0.0.1:1/hook\n")


def test_each_target_has_a_line_and_all_that_it_said_is_shown(admin, with_plugin):
    with_plugin("rooms", Plugin())
    listener = admin.listener("rooms", "create", "--event-type=*", "--rooms=dev,shut-ops", "--token=hunter22")
    run = admin(*TEST, listener)
    assert run.code == 1 and "1 of 2 targets" in run.err
    assert re.search(r"^dev +delivered +\d+ +come in$", run.out, re.M)
    assert re.search(r"^shut-ops +permanent +\d+ +shut$", run.out, re.M)
    assert "\nDetails of shut-ops:\n  knock ********" in run.out
    assert "hunter22" not in run.out + run.err and "\x1b" not in run.out


def test_json_has_a_record_for_each_target(admin, with_plugin):
    with_plugin("rooms", Plugin())
    listener = admin.listener("rooms", "create", "--event-type=*", "--rooms=dev,shut-ops")
    run = admin(*TEST, listener, "--json")
    assert run.code == 1 and run.json["listener_id"] == listener
    first, second = run.json["trials"]
    assert (first["target"], first["outcome"], first["detail"]) == ("dev", "delivered", "come in")
    assert (second["target"], second["outcome"]) == ("shut-ops", "permanent") and second["duration"] >= 0


def test_a_listener_whose_plugin_is_gone_cannot_be_tested(admin, http):
    run = admin(*TEST, http, "--no-plugins")
    assert run.code == 2 and "pip install pulp-events-http" in run.err
