# test_chat.py
import json

import pytest
from chat import Chat

from pulp_events import TransientFailure
from pulp_events.testing import Answer, Arrival, FaultProxy, NotifierContract, make_event


class ChatEndpoint:
    def __init__(self, sink, proxy):
        self.sink, self.proxy = sink, proxy
        self.secrets = [f"http://127.0.0.1:{proxy.port}/hooks/s3cr3t"]
        self.config = {"url": self.secrets[0]}

    def arrived(self):
        return [Arrival(json.loads(request.body)["text"]) for request in self.sink.requests]

    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]

    def refuse_credentials(self):
        self.sink.answer = Answer(403)


class TestChat(NotifierContract):
    module = "chat"
    transports = ("urllib.request",)
    invalid = [{}, {"url": "nonsense"}]

    @pytest.fixture
    def notifier(self):
        return Chat()

    @pytest.fixture
    def endpoint(self, pulp_events_http_sink):
        with FaultProxy(pulp_events_http_sink.port) as proxy:
            yield ChatEndpoint(pulp_events_http_sink, proxy)


def test_a_redirection_is_no_delivery(pulp_events_http_sink):
    url = pulp_events_http_sink.url
    pulp_events_http_sink.answer = [Answer(302, {"Location": f"{url}/elsewhere"}), Answer(200)]
    with pytest.raises(TransientFailure, match="redirected"):
        Chat().deliver(make_event("repo.sync.start", {}), {"url": f"{url}/hook", "room": "events"})
