"""The HTTP notifier does what the framework asks of every notifier."""

import pytest

from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events.testing.notifier_contract import NotifierContract
from pulp_events_http.notifier import HttpNotifier


class HttpEndpoint:
    settings = {"http": {"timeout": "1s"}}

    def __init__(self, sink, proxy):
        self.sink, self.proxy = sink, proxy
        url = f"http://127.0.0.1:{proxy.port}/hook"
        self.config = {"url": url, "username": "pulp", "password": "s3cr3t-password"}

    def arrived(self):
        return [Arrival(one.body.decode(), one.headers["pulp-delivery-id"]) for one in self.sink.requests]

    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]

    def reject(self):
        self.sink.answer = Answer(404)

    def refuse_credentials(self):
        self.sink.answer = Answer(401)


class TestHttp(NotifierContract):
    module = "pulp_events_http"
    transports = ("requests", "urllib3", "ssl", "jinja2")
    invalid = [
        {},
        {"url": "nonsense"},
        {"url": "ftp://ci.example/"},
        {"url": "http://ci.example/", "username": "pulp"},
        {"url": "http://ci.example/", "password": "s3cr3t-password"},
        {"url": "http://ci.example/", "nonsense": "1"},
    ]

    @pytest.fixture
    def notifier(self):
        return HttpNotifier()

    @pytest.fixture
    def endpoint(self):
        with HttpSink() as sink, FaultProxy(sink.port) as proxy:
            yield HttpEndpoint(sink, proxy)
