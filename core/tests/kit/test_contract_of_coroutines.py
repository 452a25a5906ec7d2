"""The contract for notifiers holds one with coroutine functions to the same claims."""

import asyncio

import pytest
from marshmallow import Schema, fields

from pulp_events import Channel, Notifier, TimedOut, TransientFailure
from pulp_events.testing import Answer, Arrival, FaultProxy, NotifierContract


class PosterConfig(Schema):
    port = fields.Integer(required=True, metadata={"help": "port of the server on this machine"})
    token = fields.String(required=True, metadata={"help": "names us", "secret": True})


class PosterChannel(Channel):
    def __init__(self, config):
        self._config = config
        self._writer = None

    async def open(self):
        try:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._config["port"])
        except OSError as error:
            raise TransientFailure(f"the server: {error}") from error

    async def close(self):
        if self._writer is not None:
            self._writer.close()

    async def send(self, delivery):
        head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Id: {delivery.id}\r\nAuthorization: {self._config['token']}\r\n"
        self._writer.write(f"{head}Content-Length: {len(delivery.report)}\r\n\r\n".encode() + delivery.report)
        try:
            async with asyncio.timeout(1.0):
                answer = await self._reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            self.broken = True
            raise TimedOut("no answer within 1 s") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            self.broken = True
            raise TransientFailure(f"the server: {type(error).__name__}") from error
        self.detail = answer.decode("latin-1").partition("\r\n")[0]
        if not self.detail.startswith("HTTP/1.1 200"):
            self.broken = True
            raise TransientFailure("the server did not take it")


class Poster(Notifier):
    type_id = "poster"
    config_schema = PosterConfig
    time_limit = 3.0

    def open(self, config, settings):
        return PosterChannel(config)


class PosterEndpoint:
    def __init__(self, sink, proxy):
        self.sink, self.proxy = sink, proxy
        self.config = {"port": proxy.port, "token": "t0ken-of-ours"}

    def arrived(self):
        return [Arrival(request.body.decode(), request.headers["x-id"]) for request in self.sink.requests]

    def fail(self):
        self.sink.answer = [Answer(503), Answer(200)]

    def refuse_credentials(self):
        self.sink.answer = Answer(401)


class TestCoroutines(NotifierContract):
    module = "pulp_events"
    invalid = ({}, {"port": "http", "token": "t0ken-of-ours"})

    @pytest.fixture
    def notifier(self):
        return Poster()

    @pytest.fixture
    def endpoint(self, pulp_events_http_sink):
        with FaultProxy(pulp_events_http_sink.port) as proxy:
            yield PosterEndpoint(pulp_events_http_sink, proxy)
