"""The Apprise notifier does what the framework asks of every notifier."""

import json

import pytest

from pulp_events.testing import Answer, Arrival, FaultProxy, HttpSink, NotifierContract
from pulp_events_apprise.notifier import AppriseNotifier


class JsonEndpoint:
    def __init__(self, sink, proxy):
        self.sink, self.proxy = sink, proxy
        # time limits of sockets, for the claim about a server that hangs
        self.config = {"url": [f"json://pulp:s3cr3t-password@127.0.0.1:{proxy.port}/t0ken-in-path?cto=1&rto=1"]}
        self.secrets = ["s3cr3t-password", "t0ken-in-path"]

    def arrived(self):
        return [Arrival(json.loads(one.body)["message"], one.headers["pulp-delivery-id"]) for one in self.sink.requests]

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
            yield JsonEndpoint(sink, proxy)
