"""A small Pulp on loopback: real HTTP, an OpenAPI document as pulpcore writes it, listeners in memory."""

from __future__ import annotations

import json
import re
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NOTIFIERS = [
    {
        "type_id": "http",
        "description": "posts event reports to an http or https URL",
        "allowed": True,
        "schema": {
            "type": "object",
            "properties": {
                "url": {"type": "string", "format": "uri", "description": "URL that event reports are posted to"},
                "username": {"type": "string", "description": "user name for basic authentication"},
                "token": {"type": "string", "writeOnly": True, "description": "token for bearer authentication"},
                "ca_path": {"type": "string", "x-local": True},
                "header": {"type": "array", "items": {"type": "string"}, "writeOnly": True, "description": "header"},
                "insecure": {"type": "boolean", "default": False, "description": "do not verify {the} certificate"},
                "format": {"type": "string", "enum": ["report", "cloudevents"], "default": "report"},
                "permanent": {"type": "array", "items": {"type": "integer"}, "default": [410]},
                "filter": {"type": "string", "description": "a name that a listener has, too"},
            },
            "required": ["url"],
            "additionalProperties": False,
        },
    },
    {
        "type_id": "chat",
        "description": "posts to a room of chat",
        "allowed": True,
        "schema": {
            "type": "object",
            "properties": {
                "room": {"$ref": "#/$defs/room"},
                "wait": {"type": ["string", "number", "null"], "x-group": "Timing Options", "description": "pause"},
                "level": {"type": "integer", "minimum": 1, "description": "level"},
                "share": {"type": "number", "description": "share"},
                "extra": {"type": "object", "additionalProperties": {"type": "string"}, "description": "extras"},
                "card": {"type": "object", "properties": {"a": {"type": "integer"}}, "description": "card"},
                "colour": {"enum": [1, 2, None], "description": "colour"},
            },
            "required": ["room"],
            "$defs": {"room": {"type": "string", "description": "room to post to"}},
        },
    },
    {"type_id": "local", "description": "runs a program", "allowed": False, "schema": {"type": "object"}},
]
EVENT_TYPES = [
    {"name": "repo.sync.start", "description": "a repository began to synchronise", "schema": {}, "example": {}},
    {"name": "repo.sync.finish", "description": "a repository was synchronised", "schema": {}, "example": {"a": 1}},
]
_LISTENER = "{events_event_listener_href}"
_DELIVERY = "event-listeners/{event_listener_pk}/deliveries/{delivery_id}/"
_OPERATIONS = [
    ("event_listeners_list", "get", "event-listeners/"),
    ("event_listeners_create", "post", "event-listeners/"),
    ("event_listeners_read", "get", _LISTENER),
    ("event_listeners_partial_update", "patch", _LISTENER),
    ("event_listeners_delete", "delete", _LISTENER),
    *((f"event_listeners_{name}", "post", f"{_LISTENER}{name}/") for name in ("test", "mute", "unmute", "retry")),
    ("event_listeners_deliveries", "get", f"{_LISTENER}deliveries/"),
    ("event_listeners_list_roles", "get", f"{_LISTENER}list_roles/"),
    ("event_listeners_add_role", "post", f"{_LISTENER}add_role/"),
    ("event_listeners_remove_role", "post", f"{_LISTENER}remove_role/"),
    ("event_listeners_my_permissions", "get", f"{_LISTENER}my_permissions/"),
    ("event_listeners_deliveries_read", "get", _DELIVERY),
    ("event_listeners_deliveries_retry", "post", f"{_DELIVERY}retry/"),
    ("event_deliveries_list", "get", "event-deliveries/"),
    ("event_notifiers_list", "get", "event-notifiers/"),
    ("event_types_list", "get", "event-types/"),
]
_TEXT = [
    "name",
    "listener_id",
    "notifier_type_id",
    "event_type",
    "enabled",
    "q",
    "state",
    "event_id",
    "since",
    "until",
    "before",
    "listener",
]


def openapi(root: str, version: str | None) -> dict:
    """`root`: `/pulp/api/v3/`, or with `{pulp_domain}`."""
    paths: dict = {}
    for operation_id, method, path in _OPERATIONS:
        path = path if path.startswith("{") else root + path
        names = re.findall(r"{(\w+)}", path)
        parameters = [{"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in names]
        if method == "get":
            parameters += [
                {"name": each, "in": "query", "schema": {"type": "integer"}} for each in ("limit", "offset")
            ] + [{"name": each, "in": "query", "schema": {"type": "string"}} for each in _TEXT if each != "enabled"]
            parameters.append({"name": "enabled", "in": "query", "schema": {"type": "boolean"}})
        content = {"application/json": {"schema": {"type": "object"}}}
        operation: dict = {"operationId": operation_id, "parameters": parameters, "security": [{"basicAuth": []}]}
        operation["responses"] = {
            "200": {"content": content, "description": ""},
            "201": {"content": content, "description": ""},
        }
        if method in ("post", "patch") and not path.endswith(("test/", "unmute/")):
            operation["requestBody"] = {"content": content, "required": True}
        paths.setdefault(path, {})[method] = operation
    versions = {"core": "3.123.1", **({"events": version} if version else {})}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Pulp 3 API",
            "version": "v3",
            "x-pulp-app-versions": versions,
            "x-pulp-domain-enabled": "{pulp_domain}" in root,
        },
        "paths": paths,
        "components": {"schemas": {}, "securitySchemes": {"basicAuth": {"type": "http", "scheme": "basic"}}},
    }


class FakePulp:
    """Starts in a `with`; `url` is where; `requests` says what came: (method, path, query, body)."""

    def __init__(self, domains: bool = False, version: str | None = "1.0.0") -> None:
        self.api_root = "/pulp/{pulp_domain}/api/v3/" if domains else "/pulp/api/v3/"
        self.document = openapi(self.api_root, version)
        self.listeners: dict[str, dict] = {}
        self.deliveries: list[dict] = []
        self.requests: list[tuple] = []
        self.answers: dict[tuple[str, str], tuple[int, object]] = {}
        """(method, end of the path) → status and body, in place of what would be answered."""

    def __enter__(self) -> FakePulp:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = fake.answer(self.command, self.path, json.loads(body) if body else None, self.headers)
                data = b"" if status == 204 else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = _any

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def paths(self) -> list[str]:
        return [f"{method} {path}" for method, path, _, _ in self.requests]

    def add(self, **fields: object) -> dict:
        root = self.api_root.replace("{pulp_domain}", "default")
        made = {
            "pulp_href": f"{root}event-listeners/{uuid.uuid4()}/",
            "listener_id": uuid.uuid4().hex[:24],
            "name": None,
            "labels": {},
            "enabled": True,
            **fields,
        }
        self.listeners[str(made["pulp_href"])] = made
        return made

    def deliver(self, listener: dict, state: str = "dead") -> dict:
        event_id = uuid.uuid4().hex[:24]
        made = {
            "id": f"{event_id}.1",
            "listener": listener["pulp_href"],
            "listener_id": listener["listener_id"],
            "event_id": event_id,
            "event_type": "repo.sync.finish",
            "state": state,
            "attempts": 1,
        }
        self.deliveries.append(made)
        return made

    def answer(self, method: str, target: str, body: object, headers: object) -> tuple[int, object]:
        path, query = urlsplit(target).path, {k: v[0] for k, v in parse_qs(urlsplit(target).query).items()}
        if path.endswith("/docs/api.json"):
            return 200, self.document
        self.requests.append((method, path, query, body))
        if not headers.get("Authorization"):  # type: ignore[attr-defined]
            return 401, {"detail": "Authentication credentials were not provided."}
        for (wanted, end), answer in self.answers.items():
            if method == wanted and path.endswith(end):
                return answer
        return self._answer(method, path, query, body)

    def _answer(self, method: str, path: str, query: dict, body: object) -> tuple[int, object]:
        if path.endswith("/event-notifiers/"):
            return 200, _page(NOTIFIERS, query)
        if path.endswith("/event-types/"):
            return 200, _page(EVENT_TYPES, query)
        if path.endswith("/event-deliveries/"):
            return 200, _page(_matching(self.deliveries, query), query)
        if path.endswith("/event-listeners/"):
            if method == "GET":
                return 200, _page(_matching(list(self.listeners.values()), query), query)
            return 201, self._shown(self.add(**body))  # type: ignore[arg-type]
        if match := re.fullmatch(r"(.*/event-listeners/[^/]+/)deliveries/(?:([^/]+)/(retry/)?)?", path):
            of_it = [each for each in self.deliveries if each["listener"] == match[1]]
            if match[2] is None:
                return 200, _page(_matching(of_it, query), query)
            found = next((each for each in of_it if each["id"] == match[2]), None)
            if found is None:
                return 404, {"detail": "Not found."}
            if match[3]:
                found["state"] = "pending"
                return 200, found
            return 200, {**found, "report": {"event_type": found["event_type"]}, "attempt_list": []}
        match = re.fullmatch(r"(.*/event-listeners/[^/]+/)(\w*)/?", path)
        listener = self.listeners.get(match[1]) if match else None
        if match is None or listener is None:
            return 404, {"detail": "No EventListener matches the given query."}
        return self._of_listener(method, match[2], listener, body or {})  # type: ignore[arg-type]

    def _of_listener(self, method: str, action: str, listener: dict, body: dict) -> tuple[int, object]:
        if action == "test":
            return 200, {"results": [{"target": "", "outcome": "delivered", "detail": "200 OK", "duration": 0.1}]}
        if action == "mute":
            listener.update(muted_until="2026-11-27T03:00:00Z", mute_reason=body.get("reason"))
        elif action == "unmute":
            listener.update(muted_until=None, mute_reason=None)
        elif action == "retry":
            return 200, {"count": 3}
        elif action:
            return 200, {"roles": [], "permissions": []}
        elif method == "DELETE":
            del self.listeners[listener["pulp_href"]]
            return 204, None
        elif method == "PATCH":
            config = {**listener.get("notifier_config", {}), **body.get("notifier_config", {})}
            listener.update({**body, "notifier_config": {k: v for k, v in config.items() if v is not None}})
        return 200, self._shown(listener)

    @staticmethod
    def _shown(listener: dict) -> dict:
        config = listener.get("notifier_config", {})
        return {
            **listener,
            "notifier_config": {key: value for key, value in config.items() if key not in ("token", "header")},
            "hidden_fields": [{"name": name, "is_set": name in config} for name in ("token", "header")],
        }


def _matching(records: list[dict], query: dict) -> list[dict]:
    wanted = {key: value for key, value in query.items() if key not in ("limit", "offset", "q", "event_type")}
    return [
        each for each in records if all(str(each.get(key)).lower() == value.lower() for key, value in wanted.items())
    ]


def _page(records: list[dict], query: dict) -> dict:
    offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
    more = offset + limit < len(records)
    return {
        "count": len(records),
        "next": "http://next" if more else None,
        "previous": None,
        "results": records[offset : offset + limit],
    }
