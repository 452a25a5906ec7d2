"""The notifier for incoming webhooks does what the framework asks, at the kit's HTTP sink."""

import json
import ssl

import pytest
import trustme
from pulp_events_webhook_chat import WebhookChat

from pulp_events.testing import Answer, Arrival, FakeClock, FaultProxy, HttpSink, NotifierContract, open_bus


class ChatEndpoint:
    settings = {"webhook_chat": {"timeout": "1s"}}

    def __init__(self, sink, proxy, context, **more):
        self.sink, self.proxy, self.context = sink, proxy, context
        scheme = "https" if context else "http"
        self.secrets = [f"{scheme}://127.0.0.1:{proxy.port}/hooks/s3cr3t?key=s3cr3t-too", "s3cr3t-too"]
        self.config = {"url": self.secrets[0], **more}

    def arrived(self):
        bodies = [(json.loads(request.body), request) for request in list(self.sink.requests)]
        return [Arrival(body["text"], one.headers["idempotency-key"], body["channel"]) for body, one in bodies]

    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]

    def fail_for(self, mark):
        self.sink.answer = lambda request: Answer(503 if mark.encode() in request.body else 200)

    def recover(self):
        self.sink.answer = Answer(200)

    def reject(self):
        self.sink.answer = Answer(400)

    def refuse_credentials(self):
        self.sink.answer = Answer(403)

    def restart(self):
        before = self.sink
        before.close()
        self.sink = HttpSink(port=before.port, ssl_context=self.context)
        self.sink.requests += before.requests


class TestWebhookChat(NotifierContract):
    module = "pulp_events_webhook_chat"
    transports = ("http.client", "ssl")
    keeps_connections = False
    invalid = [
        {},
        {"url": "nonsense"},
        {"url": "ftp://chat.example/"},
        {"url": "https://chat.example:99999/"},
        {"url": "https://chat.example:0/"},
        {"url": "https://chat.example/räume"},
        {"url": "https://chat.example/", "rooms": []},
        {"url": "https://chat.example/", "every": "soon"},
    ]

    @pytest.fixture
    def notifier(self):
        return WebhookChat()

    @pytest.fixture
    def context(self):
        """Of the server, where it speaks TLS."""

    @pytest.fixture
    def more(self):
        return {"rooms": ["ops", "dev"]}

    @pytest.fixture
    def endpoint(self, context, more):
        with HttpSink(ssl_context=context) as sink, FaultProxy(sink.port) as proxy:
            made = ChatEndpoint(sink, proxy, context, **more)
            yield made
            made.sink.close()


class TestDigest(TestWebhookChat):
    """The events of a minute are one message."""

    @pytest.fixture
    def more(self):
        return {"every": "1m"}


class TestWebhookChatWithTls(TestWebhookChat):
    @pytest.fixture
    def context(self, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(f"{tmp_path}/ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    @pytest.fixture
    def more(self, tmp_path):
        return {"ca_path": f"{tmp_path}/ca.pem"}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def chat(tmp_path, clock):
    """A bus with a listener at a sink, and the sink."""
    with HttpSink() as sink, open_bus(tmp_path, WebhookChat(), conf=ChatEndpoint.settings, clock=clock) as bus:
        bus.listeners.create("webhook-chat", {"url": sink.url}, ["*"])
        yield bus, sink


def test_a_post_has_what_a_receiver_needs(chat):
    bus, sink = chat
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    [delivery] = bus.wait(bus.emit("repo.sync.start", {"repo_id": "Größe"}, trace_context=trace), 0)
    [request] = sink.requests
    assert json.loads(request.body) == {"channel": "events", "text": 'repo.sync.start {"repo_id": "Größe"}'}
    assert request.headers["idempotency-key"] == delivery.id
    assert request.headers["traceparent"] == trace["traceparent"]


def test_a_chat_that_is_busy_is_left_alone_as_long_as_it_asks(chat, clock):
    bus, sink = chat
    sink.answer = [Answer(429, headers={"Retry-After": "30"}), Answer(200)]
    events = [bus.emit("repo.sync.start", {"repo_id": "a"}), bus.emit("repo.sync.start", {"repo_id": "b"})]
    assert len(sink.requests) == 1
    clock.advance(30)
    bus.deliver_due()
    assert [bus.wait(event, 0)[0].state for event in events] == ["delivered", "delivered"]


def test_a_webhook_that_is_gone_disables_its_listener(chat):
    bus, sink = chat
    sink.answer = Answer(410)
    [delivery] = bus.wait(bus.emit("repo.sync.start", {}), 0)
    [listener] = bus.listeners.list()
    assert delivery.state == "dead" and not listener.enabled and "410" in listener.disabled_reason


@pytest.mark.parametrize("fault", ["endless", "drip", "truncate"])
def test_an_answer_without_end_is_cut_off(chat, fault):
    bus, sink = chat
    sink.answer = Answer(500, headers={"X": "x" * 60_000} if fault != "drip" else {}, fault=fault)
    [delivery] = bus.wait(bus.emit("repo.sync.start", {}), 0)
    assert delivery.state == "pending" and len(delivery.detail) <= 200
