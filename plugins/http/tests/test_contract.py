"""The HTTP notifier does what the framework asks of every notifier."""

import pytest

from pulp_events.testing.endpoint import Arrival
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events.testing.notifier_contract import NotifierContract
from pulp_events_http.notifier import HttpNotifier

LARGEST = 240_000


def usual(request):
    return Answer(413 if len(request.body) > LARGEST else 200)


class HttpEndpoint:
    """Two listeners with one receiver are told apart by how they authorise themselves."""

    settings = {"http": {"timeout": "1s"}}
    credentials = {"username": "pulp", "password": "s3cr3t-password"}
    authorization = "Basic cHVscDpzM2NyM3QtcGFzc3dvcmQ="
    more_config = {"permanent": [404, 413]}

    def __init__(self, sink, proxy):
        self.sink, self.proxy = sink, proxy
        self.config = {"url": f"http://127.0.0.1:{proxy.port}/hook", **self.credentials, **self.more_config}

    @property
    def other(self):
        return OtherEndpoint(self.sink, self.proxy)

    def arrived(self):
        return [
            Arrival(one.body.decode(), one.headers["pulp-delivery-id"])
            for one in self.sink.requests
            if one.headers.get("authorization") == self.authorization and len(one.body) <= LARGEST
        ]

    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]

    def reject(self):
        self.sink.answer = Answer(404)

    def refuse_credentials(self):
        self.sink.answer = Answer(401)


class OtherEndpoint(HttpEndpoint):
    credentials = {"token": "t0ken-of-the-other"}
    authorization = "Bearer t0ken-of-the-other"


class TestHttp(NotifierContract):
    module = "pulp_events_http"
    transports = ("h11", "urllib3", "certifi", "ssl", "jinja2", "standardwebhooks")
    largest = LARGEST
    invalid = [
        {},
        {"url": "nonsense"},
        {"url": "ftp://ci.example/"},
        {"url": "http://ci.example/", "username": "pulp"},
        {"url": "http://ci.example/", "password": "s3cr3t-password"},
        {"url": "http://ci.example/", "nonsense": "1"},
    ]
    endpoint_class = HttpEndpoint

    @pytest.fixture
    def notifier(self):
        return HttpNotifier()

    @pytest.fixture
    def endpoint(self):
        with HttpSink(usual) as sink, FaultProxy(sink.port) as proxy:
            yield self.endpoint_class(sink, proxy)


class SigningEndpoint(HttpEndpoint):
    credentials = {"token": "t0ken-of-the-contract"}
    authorization = "Bearer t0ken-of-the-contract"
    more_config = {
        "header": ["X-Key: value-of-the-contract"],
        "permanent": [404, 413, 422],
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "format": "template",
        "body_template": '{"all": {{ event.payload | tojson }}}',
    }


class TestSigningHttp(TestHttp):
    endpoint_class = SigningEndpoint
    invalid = [
        {"url": "http://ci.example/", "secret": "s3cr3t"},
        {"url": "http://ci.example/", "header": ["s3cr3t"]},
        {"url": "http://ci.example/", "token": "s3 cr3t"},
        {"url": "http://ci.example/", "format": "template", "body_template": "{{"},
    ]
