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
        self.config = {"url": url, "username": "pulp", "password": "s3cr3t-password", "permanent": [404]}

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
    transports = ("h11", "urllib3", "certifi", "ssl", "jinja2", "standardwebhooks")
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


class SigningEndpoint(HttpEndpoint):
    def __init__(self, sink, proxy):
        super().__init__(sink, proxy)
        self.config = {
            "url": f"http://127.0.0.1:{proxy.port}/hook",
            "token": "t0ken-of-the-contract",
            "header": ["X-Key: value-of-the-contract"],
            "permanent": [404, 422],
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "format": "template",
            "body_template": '{"all": {{ event.payload | tojson }}}',
        }


class TestSigningHttp(TestHttp):
    invalid = [
        {"url": "http://ci.example/", "secret": "s3cr3t"},
        {"url": "http://ci.example/", "header": ["s3cr3t"]},
        {"url": "http://ci.example/", "token": "s3 cr3t"},
        {"url": "http://ci.example/", "format": "template", "body_template": "{{"},
    ]

    @pytest.fixture
    def endpoint(self):
        with HttpSink() as sink, FaultProxy(sink.port) as proxy:
            yield SigningEndpoint(sink, proxy)
