"""Notifiers without a fault, each of another kind."""

import uuid
from pathlib import Path

from marshmallow import Schema, fields, validate

from pulp_events import Channel, Notifier, PermanentFailure, TransientFailure

from .good import Good, GoodChannel, GoodConfig, one_result, with_channel


class Rooms(GoodConfig):
    rooms = fields.List(fields.String(), required=True, metadata={"help": "rooms, each a target"})


class Roomy(Good):
    """Two targets; each request names its own."""

    config_schema = Rooms
    more_config = {"rooms": ["red", "blue"]}
    channel_class = with_channel(headers=lambda self, delivery: {"Room": delivery.target})

    def targets(self, config):
        return config["rooms"]


class Batching(Good):
    channel_class = with_channel(batch_size=10)


class Digest(Good):
    """All events of a minute are one request."""

    channel_class = with_channel(send_batch=lambda self, deliveries: together(self, deliveries))

    def window(self, config):
        return 60.0


def together(self, deliveries):
    failure = None
    bodies = [delivery.report for delivery in deliveries]
    try:
        one = deliveries[0]
        channel = GoodChannel(self.config)
        channel.connect = self.connect
        channel.body = lambda _: b"[" + b",".join(bodies) + b"]"
        channel.send(one)
        self.connection = channel.connection or self.connection
    except (TransientFailure, PermanentFailure) as error:
        self.close()
        failure = error
    for delivery in deliveries:
        yield delivery, failure


class Limited(Good):
    """The receiver takes 10 KB at most."""

    contract = {"largest": 10_000}

    class channel_class(GoodChannel):  # noqa: N801
        def send(self, delivery):
            if len(delivery.report) > 10_000:
                raise PermanentFailure(f"{len(delivery.report)} bytes; the receiver takes 10000")
            return super().send(delivery)


class Late(Good):
    """What arrives is seen 0.2 s later."""

    late = 0.2


class FileConfig(Schema):
    path = fields.String(
        required=True, validate=validate.Length(min=1), metadata={"help": "path of the file", "local": True}
    )


class Connectionless(Notifier):
    """Appends lines to a file."""

    type_id = "planted-file"
    config_schema = FileConfig
    endpoint = "file"
    contract = {"invalid": [{}, {"path": ""}]}

    def deliver(self, event, config):
        import json

        line = json.dumps({"id": event.id, **event.payload}, ensure_ascii=False)
        try:
            with Path(config["path"]).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise TransientFailure(f"cannot write: {error.strerror}") from error


class Account(Schema):
    user = fields.String(required=True, metadata={"help": "who we are"})
    token = fields.String(required=True, validate=validate.Length(max=60), metadata={"help": "says so", "secret": True})


class WithAccount(Schema):
    host = fields.String(required=True, validate=validate.Length(min=1), metadata={"help": "where to"})
    port = fields.Integer(required=True, metadata={"help": "its port"})
    account = fields.Nested(Account, required=True, metadata={"help": "who we are"})


class Nesting(Good):
    """Its secret is in an object."""

    config_schema = WithAccount
    concerns = ("its_secrets_may_be_references", "targets_are_labels_without_secrets", "nothing_secret_is_seen")
    contract = {"invalid": [{}, {"host": "x", "port": 1, "account": {"user": "x"}}]}

    def open(self, config, settings):
        return self.channel_class({**config, "token": config["account"]["token"]})


class AsyncChannel(Channel):
    def __init__(self, config):
        self.config = config

    async def send(self, delivery):
        import asyncio

        channel = GoodChannel(self.config)
        try:
            await asyncio.to_thread(channel.send, delivery)
        finally:
            channel.close()
        self.detail = channel.detail


class Asynchronous(Good):
    connects_to = None
    channel_class = AsyncChannel
    contract = {"keeps_connections": False}


class PipeliningChannel(GoodChannel):
    """What is submitted is sent when its result is asked for, in order."""

    in_flight = 3

    def __init__(self, config):
        super().__init__(config)
        self.submitted = []

    def submit(self, deliveries):
        self.submitted += deliveries

    def settled(self, timeout):
        while self.submitted:
            delivery = self.submitted.pop(0)
            yield delivery, one_result(self, delivery)


class Pipelining(Good):
    channel_class = PipeliningChannel


class Shortening(Good):
    """The receiver takes 10 KB; of a larger report it gets the ids."""

    contract = {"largest": 10_000, "too_large": "shortened"}
    concerns = ("what_is_too_large_is_never_cut_silently", "unicode_and_200_kb_arrive_whole")
    channel_class = with_channel(body=lambda self, delivery: shortened(delivery))


def shortened(delivery):
    return delivery.report if len(delivery.report) <= 10_000 else f"see event {delivery.event_id}".encode()


class Patient(Good):
    """The receiver takes 10 KB, until its administrator raises that."""

    contract = {"largest": 10_000, "too_large": "tried again"}
    concerns = Shortening.concerns

    class channel_class(GoodChannel):  # noqa: N801
        def send(self, delivery):
            if len(delivery.report) > 10_000:
                raise TransientFailure(f"{len(delivery.report)} bytes; the receiver takes 10000 for now")
            return super().send(delivery)


class Redialling(Good):
    """Connects up to three times, until the server is silent, as one is that waits for a request."""

    contract = {"connects_again": True}
    concerns = (
        "it_leaves_retries_to_the_framework", "a_refused_connection_is_transient", "a_reset_connection_is_transient",
        "an_event_arrives_exactly_once", "a_connection_that_the_peer_closed_is_opened_again",
    )  # fmt: skip

    class channel_class(GoodChannel):  # noqa: N801
        def connect(self):
            connection = super().connect()
            for left in (2, 1, 0):
                if connection.sock is None:
                    connection.connect()
                if not left or self.is_silent(connection.sock):
                    break
                connection.close()
            return connection

        def is_silent(self, sock):
            import socket

            sock.settimeout(0.05)
            try:
                sock.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                return True
            except OSError:
                return False
            finally:
                sock.settimeout(self.timeout)
            return False


class PlantedSettings(Schema):
    port = fields.Integer(load_default=9, metadata={"help": "port of the server"})
    password = fields.String(load_default="", metadata={"help": "for the server", "secret": True})


class KeyConfig(GoodConfig):
    key = fields.String(metadata={"help": "made when it is not given"})


class Helpful(Good):
    """Has a preview and a probe, as the settings name the server too, and makes a key for each listener."""

    config_schema = KeyConfig
    settings_section = "planted"
    settings_schema = PlantedSettings

    @staticmethod
    def more_settings(port):
        return {"planted": {"port": port, "password": "pr0be-password"}}

    def prepare(self, config):
        return {"key": uuid.uuid4().hex, **config}

    def preview(self, deliveries, config, settings):
        return "\n".join(f"{delivery.event_type} {delivery.event.payload['repo_id']}" for delivery in deliveries)

    def probe(self, settings):
        import socket

        try:
            socket.create_connection(("127.0.0.1", settings["port"]), 30).close()
        except OSError as error:
            raise TransientFailure(f"the server: {error}") from error
        yield f"a server at port {settings['port']}"


GOOD = [
    Good, Roomy, Batching, Pipelining, Digest, Limited, Shortening, Patient, Late, Connectionless, Asynchronous,
    Redialling, Helpful, Nesting,
]  # fmt: skip
