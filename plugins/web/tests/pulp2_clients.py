"""Clients that speak as Pulp 2's did, over HTTP/1.1: its Python bindings, and Runcible."""

import base64
import http.client
import json
from dataclasses import dataclass, field

BASE = "/pulp/api"


@dataclass(frozen=True)
class Answer:
    status: int
    body: object
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Bindings:
    """As Pulp 2's Python bindings: JSON, keys sorted, basic authentication, slashes at the end."""

    host: str
    port: int
    user: str = "admin"
    password: str = "admin"

    def call(self, method, path, body=None, headers=None, raw=None):
        """`body`: sent as JSON; `raw`: as it is."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        sent = raw if raw is not None else None if body is None else json.dumps(body, sort_keys=True).encode()
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        usual = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": f"Basic {basic}"}
        try:
            connection.request(method, BASE + path, sent, {**usual, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, json.loads(answer.read()), dict(answer.getheaders()))
        finally:
            connection.close()

    def list(self):
        return self.call("GET", "/v2/events/")

    def create(self, notifier_type_id, notifier_config, event_types):
        body = {
            "notifier_type_id": notifier_type_id, "notifier_config": notifier_config, "event_types": event_types,
        }  # fmt: skip
        return self.call("POST", "/v2/events/", body)

    def get(self, listener_id):
        return self.call("GET", f"/v2/events/{listener_id}/")

    def update(self, listener_id, notifier_config=None, event_types=None):
        body = {"notifier_config": notifier_config, "event_types": event_types}
        return self.call("PUT", f"/v2/events/{listener_id}/", {k: v for k, v in body.items() if v is not None})

    def delete(self, listener_id):
        return self.call("DELETE", f"/v2/events/{listener_id}/")


@dataclass(frozen=True)
class Runcible(Bindings):
    """As Katello's Runcible, of Ruby's rest-client: it lists, creates and deletes."""

    def call(self, method, path, body=None, headers=None, raw=None):
        usual = {"Accept": "application/json", "accept-encoding": "gzip, deflate", "pulp-user": self.user}
        return super().call(method, path, body, {**usual, **(headers or {})}, raw)
