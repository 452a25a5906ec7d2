"""A Pulp with domains, users with roles, and what a request answered."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest

ROOT = "/pulp/api/v3/"


@dataclass
class Answer:
    """Of a request."""

    status: int
    body: Any
    headers: Any


class Client:
    """A user's requests; paths are hrefs, or follow the root of the API."""

    def __init__(self, server, session, root=ROOT):
        self.server, self.session, self.root = server, session, root
        self.name = session.auth[0]

    def __call__(self, method, path, body=None, **how):
        url = self.server.url + (path if path.startswith("/") else self.root + path)
        if body is not None:
            how["json"] = body
        answer = self.session.request(method, url, timeout=60, **how)
        is_json = "json" in answer.headers.get("content-type", "")
        return Answer(answer.status_code, answer.json() if is_json else answer.text, answer.headers)

    def create(self, url, *event_types, config=None, **fields):
        """A listener; its answer."""
        data = {
            "notifier_type_id": "http", "notifier_config": {"url": url, **(config or {})},
            "event_types": list(event_types or ["repo.sync.finish"]), **fields,
        }  # fmt: skip
        return self("POST", "event-listeners/", data)

    def in_domain(self, domain):
        """The same user there."""
        return Client(self.server, self.session, f"/pulp/{domain}/api/v3/")


def make_user(server, *roles, domain=None):
    """A new user with these roles, of all objects or a domain."""
    name = f"u{uuid.uuid4().hex[:10]}"
    made = server.api("users/", {"username": name, "password": "Secret-w0rd"})
    for role in roles:
        server.api(f"{made['pulp_href']}roles/", {"role": role, "content_object": None, "domain": domain})
    return Client(server, server.login(name, "Secret-w0rd"))


@pytest.fixture
def admin(pulp):
    """The superuser."""
    return Client(pulp, pulp.session)


@pytest.fixture
def user(pulp):
    """A function that makes a user with roles."""
    return lambda *roles, **how: make_user(pulp, *roles, **how)


@pytest.fixture
def alice(user):
    """She may make listeners."""
    return user("events.eventlistener_creator")
