"""A notifier without a fault, that others are made from, and how a fault is marked."""

import logging

from marshmallow import Schema, fields, validate

from pulp_events import Channel, Notifier, PermanentFailure, TimedOut, TransientFailure
from pulp_events.notifier import WITHIN_NETWORKS

logger = logging.getLogger("planted")


class GoodConfig(Schema):
    host = fields.String(required=True, validate=validate.Length(min=1), metadata={"help": "where to"})
    port = fields.Integer(required=True, metadata={"help": "its port"})
    token = fields.String(
        required=True, validate=validate.Length(max=60), metadata={"help": "says who we are", "secret": True}
    )


class GoodChannel(Channel):
    """POSTs over a kept connection."""

    timeout = 1.5

    def __init__(self, config):
        self.config, self.connection = config, None

    def connect(self):
        import http.client

        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.config["host"], self.config["port"], timeout=self.timeout)
        return self.connection

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def body(self, delivery):
        return delivery.report

    def delivery_id(self, delivery):
        return delivery.id

    def headers(self, delivery):
        return {}

    def send(self, delivery):
        import http.client

        headers = {"Authorization": f"Bearer {self.config['token']}", "Delivery-Id": self.delivery_id(delivery)}
        headers |= self.headers(delivery)
        try:
            connection = self.connect()
            connection.request("POST", "/", self.body(delivery), headers)
            answer = connection.getresponse()
            answer.read()
        except TimeoutError as error:
            self.close()
            raise TimedOut("no answer in time") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return self.on_broken(error)
        self.detail = f"{answer.status} {answer.reason}"
        return self.on_status(answer.status)

    def on_broken(self, error):
        raise TransientFailure(f"connection broken: {type(error).__name__}") from error

    def on_status(self, status):
        if status >= 500:
            raise TransientFailure(f"status {status}")
        if status >= 300:
            raise PermanentFailure(f"status {status}")


class Good(Notifier):
    type_id = "planted"
    config_schema = GoodConfig
    time_limit = 5.0
    channel_class = GoodChannel
    connects_to = WITHIN_NETWORKS

    def open(self, config, settings):
        return self.channel_class(config)

    def open_within(self, config, settings, networks):
        channel = self.open(config, settings)
        connect = channel.connect

        def held():
            networks.check(config["host"])
            return connect()

        channel.connect = held
        return channel


def fault(*claims):
    """Marks a notifier with a fault: which claims must catch it."""

    def mark(notifier):
        notifier.claims = claims
        return notifier

    return mark


def with_channel(**overrides):
    return type("FaultyChannel", (GoodChannel,), overrides)


def and_then(action):
    def on_status(self, status):
        action(self)
        GoodChannel.on_status(self, status)

    return on_status


def each(send_batch):
    return with_channel(batch_size=10, send_batch=send_batch)


def one_result(self, delivery):
    try:
        self.send(delivery)
    except (TransientFailure, PermanentFailure) as failure:
        return failure
    return None
