"""The Apprise notifier does what the framework asks of every notifier."""

import json

import pytest

from pulp_events.testing import Answer, Arrival, FaultProxy, HttpSink, NotifierContract
from pulp_events_apprise.notifier import AppriseNotifier


class JsonEndpoint:
    """Web hooks, told apart by the token in their path."""

    def __init__(self, sink, proxy, *tokens):
        self.sink, self.proxy = sink, proxy
        # time limits of sockets, for the claim about a server that hangs
        address = f"json://pulp:s3cr3t-password@127.0.0.1:{proxy.port}"
        self.config = {"url": [f"{address}/{token}?cto=1&rto=1" for token in tokens]}
        self.labels = dict(zip(tokens, ("json", "json 2"), strict=False))
        self.secrets = ["s3cr3t-password", *tokens]

    @property
    def other(self):
        return JsonEndpoint(self.sink, self.proxy, "t0ken-of-another")

    def arrived(self):
        return [
            Arrival(json.loads(one.body)["message"], one.headers["pulp-delivery-id"], label)
            for one in list(self.sink.requests)
            if (label := self.labels.get(one.path.strip("/")))
        ]

    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]

    def refuse_credentials(self):
        self.sink.answer = Answer(401)


class TestApprise(NotifierContract):
    module = "pulp_events_apprise"
    keeps_connections = False
    transports = ("apprise", "requests", "urllib3", "jinja2", "yaml")
    invalid = [
        {},
        {"url": []},
        {"url": ["nonsense"]},
        {"url": ["ntfy://ntfy.example/topic", "unheard-of://x/y"]},
        {"url": ["slack://t0ken-that-is-not-complete"]},
        {"url": ["ntfy://ntfy.example/topic"], "format": "rtf"},
        {"url": ["ntfy://ntfy.example/topic"], "body": "{{ payload."},
        {"url": ["ntfy://ntfy.example/topic"], "nonsense": "1"},
    ]

    @pytest.fixture
    def notifier(self):
        return AppriseNotifier()

    @pytest.fixture
    def endpoint(self):
        with HttpSink() as sink, FaultProxy(sink.port) as proxy:
            yield JsonEndpoint(sink, proxy, "t0ken-in-path", "t0ken-in-another-path")
