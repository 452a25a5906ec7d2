"""An installation that was kept goes on: the same checks for a data folder and for PostgreSQL."""

import base64
import contextlib
import hashlib
import hmac
import json
from collections import Counter

from pulp_events import EventBus
from pulp_events.testing import Admin
from pulp_events.testing.http_sink import HttpSink
from pulp_events.testing.smtp_sink import SmtpSink
from pulp_events_amqp.testing import AmqpBroker

SECRETS = ("hush-basic", "hush-header", "c2VjcmV0LW9mLXRoZS1maXh0dXJl")
KEY = b"secret-of-the-fixture-01"
BASIC = base64.b64encode(b"ci:hush-basic").decode()
OF_ENVIRONMENT = base64.b64encode(b"ci:hush-environment").decode()
SAME = ("id", "event_id", "event_type", "event_time", "source", "listener_id", "target", "state", "attempts", "detail")
"""What a delivery has in every release."""


class Endpoints:
    """Servers for what the listeners of the scene deliver; none of them refuses anything."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self.http = self._stack.enter_context(HttpSink())
        self.smtp = self._stack.enter_context(SmtpSink())
        self.broker = self._stack.enter_context(AmqpBroker())

    def close(self):
        self._stack.close()

    def write_settings(self, path, folder, more="", lease="60s"):
        path.write_text(
            f"[events]\ndata_dir = {folder}\n[delivery]\nlease = {lease}\nkeep_delivered = 36500d\nkeep_dead = 36500d\n"
            f"[email]\nenabled = true\nhost = {self.smtp.host}\nport = {self.smtp.port}\n"
            f"[messaging]\nurl = {self.broker.url}\n{more}"
        )
        return path

    def posted(self):
        """Ids of the deliveries that came by HTTP, and how often each did."""
        return Counter(request.headers["pulp-delivery-id"] for request in self.http.requests)


def check_looks_as_before(config, said):
    """Listeners and deliveries are those that the earlier release listed, and no secret is shown."""
    admin = Admin(config)
    shown = {each["id"]: each for each in _asked(admin, "listener", "list")}
    assert shown.keys() == {each["id"] for each in said["listeners"]}
    for before in said["listeners"]:
        now = shown[before["id"]]
        assert {key: now[key] for key in before} == before
    found = {each["id"]: each for each in _asked(admin, "delivery", "list", "--limit", "1000")}
    assert found.keys() == {each["id"] for each in said["deliveries"]}
    for before in said["deliveries"]:
        assert {key: found[before["id"]][key] for key in SAME} == {key: before[key] for key in SAME}


def _asked(admin, *command):
    done = admin("--json", "event", *command)
    assert done.code == 0, done.err
    assert not any(secret in done.out for secret in SECRETS)
    return json.loads(done.out)


def check_goes_on(config, said, endpoints, payloads):
    """Every pending delivery is made, none twice; those of listeners that are disabled or muted once they are not."""
    pending = {each["id"]: each for each in said["deliveries"] if each["state"] == "pending"}
    paths = {each["id"]: each["notifier_config"].get("url", "").rpartition("/")[2] for each in said["listeners"]}
    to = {path: {id for id, each in pending.items() if paths[each["listener_id"]] == path} for path in paths.values()}
    held = to["disabled"] | to["muted"]
    assert {path for path, ids in to.items() if not ids} == {"dead"}
    assert {pending[id]["attempts"] for id in to["hang"]} == {1}
    assert {bool(pending[id]["attempts"]) for id in to["down"]} == {True, False}
    with EventBus.open(config, deliver="inline", by="upgrade") as bus:
        bus.deliver_due()
        by_http = set().union(*to.values()) - to[""]
        assert endpoints.posted() == Counter(by_http - held)
        _check_content(endpoints.http.requests, payloads)
        assert len(endpoints.smtp.messages) == 2 * len(payloads) and len(endpoints.broker.messages) == len(payloads)
        for listener_id, path in paths.items():
            if path == "disabled":
                bus.listeners.enable(listener_id)
            if path == "muted":
                bus.listeners.unmute(listener_id)
        bus.deliver_due()
        assert endpoints.posted() == Counter(by_http)
        event = bus.emit("repo.sync.finish", {"number": 2})
        bus.deliver_due()
        assert {each.state.value for each in bus.wait(event, timeout=60)} == {"delivered"}
        counts = Counter(each.state.value for each in bus.deliveries.list(limit=1000))
    dead = sum(each["state"] == "dead" for each in said["deliveries"])
    assert counts == {"dead": dead, "delivered": len(said["deliveries"]) - dead + 2}


def _check_content(requests, payloads):
    signed = [request for request in requests if request.path == "/signed"]
    assert [json.loads(request.body)["payload"] for request in signed] == payloads
    for request in signed:
        headers = request.headers
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
        right = base64.b64encode(hmac.digest(KEY, text, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{right}" and headers["x-key"] == "hush-header"
    credentials = {request.path: request.headers.get("authorization") for request in requests}
    assert credentials["/ok"] == f"Basic {BASIC}" and credentials["/reference"] == f"Basic {OF_ENVIRONMENT}"
