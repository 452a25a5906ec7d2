"""Produces each event to Kafka topics: a batch at a time, each delivered when the cluster's answer to it has come."""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from pulp_events import Channel, Delivery, DeliveryFailure, Notifier, PermanentFailure, TimedOut, TransientFailure
from pulp_events.fields import Duration
from pulp_events.notifier import Config, Settlement
from pulp_events.visible import one_line

FOR_GOOD = {"MSG_SIZE_TOO_LARGE", "INVALID_RECORD"}
CREDENTIALS = {"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "TOPIC_AUTHORIZATION_FAILED", "_SSL"}
LATE = {"_TIMED_OUT", "_MSG_TIMED_OUT", "REQUEST_TIMED_OUT"}
SECURITY = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
SCAN = 1.0
"""Seconds between librdkafka's looks for messages whose time is over."""
SEVERAL = validate.Length(min=1)
SERVER = fields.String(validate=validate.Regexp(r"[^\s,:]+:\d+\Z", error="Write HOST:PORT."))
TOPIC = fields.String(validate=validate.Regexp(r"[\w.-]{1,249}\Z", error="No name of a topic."))


class KafkaConfig(Schema):
    servers = fields.List(SERVER, required=True, validate=SEVERAL, metadata={"help": "brokers to ask first, HOST:PORT"})
    topics = fields.List(TOPIC, required=True, validate=SEVERAL, metadata={"help": "topics to produce to"})
    key = fields.String(validate=SEVERAL, metadata={"help": "key of the payload: events of one value stay in order"})
    security = fields.String(
        load_default="plaintext",
        validate=validate.OneOf(SECURITY),
        metadata={"help": "protocol to the brokers"},
    )
    username = fields.String(metadata={"help": "user name, for SASL PLAIN"})
    password = fields.String(metadata={"help": "password, for SASL PLAIN", "secret": True})
    ca_path = fields.String(metadata={"help": "file of certificates to trust", "names_file": True, "local": True})


class KafkaSettings(Schema):
    timeout = Duration(minimum=1.0, load_default=10.0, metadata={"help": "how long to wait for the cluster's answer"})


class KafkaChannel(Channel):
    batch_size = 500

    def __init__(self, config: Config, timeout: float) -> None:
        self._config, self._timeout = config, timeout
        self._producer: Any = None
        self._heard_of: Any = None

    def open(self) -> None:
        from confluent_kafka import KafkaException, Producer

        within = round(self._timeout * 1000)
        self._producer = Producer(
            {
                "bootstrap.servers": ",".join(self._config["servers"]),
                "acks": "all",
                "retries": 0,  # each attempt is to be recorded, and the schedule is the listener's
                "message.timeout.ms": within,
                "socket.timeout.ms": within,
                "partitioner": "murmur2_random",  # a key has the same partition as with Kafka's own client
                "security.protocol": self._config["security"],
                "error_cb": self._heard,
                **self._account(),
            },
            logger=logging.getLogger(__name__),  # not to standard error
        )
        try:
            self._producer.cluster_id(self._timeout)
        except KafkaException as error:
            self._producer.poll(0)  # calls _heard
            raise self._failure(self._heard_of or error.args[0]) from None

    def _heard(self, error: Any) -> None:
        """What is wrong with a connection: librdkafka goes on trying, and says it here."""
        if error.name() != "_ALL_BROKERS_DOWN":  # which follows, and says less
            self._heard_of = error

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()

    def send_batch(self, deliveries: Sequence[Delivery]) -> Iterator[Settlement]:
        answers: list[tuple[Delivery, Any, Any]] = []
        for delivery in deliveries:
            self._produce(delivery, answers)
        deadline = time.monotonic() + self._timeout + 2 * SCAN
        for _ in deliveries:
            while not answers:
                self._producer.poll(0.1)
                if time.monotonic() > deadline:
                    self.broken = True
                    raise TimedOut(f"no answer within {self._timeout:g} s")
            delivery, error, message = answers.pop(0)
            self.detail = f"partition {message.partition()}, offset {message.offset()}" if error is None else ""
            yield delivery, None if error is None else self._failure(error)

    def _produce(self, delivery: Delivery, answers: list[tuple[Delivery, Any, Any]]) -> None:
        from confluent_kafka import KafkaError, KafkaException

        about = {"id": delivery.id, "event_type": delivery.event_type, "source": delivery.source}
        try:
            self._producer.produce(
                delivery.target,
                delivery.report,
                self._key(delivery),
                headers=list({**about, **delivery.trace_context}.items()),
                on_delivery=lambda error, message: answers.append((delivery, error, message)),
            )
        except KafkaException as error:  # of the library itself, such as one about the size
            answers.append((delivery, error.args[0], None))
        except BufferError:
            answers.append((delivery, KafkaError(KafkaError._QUEUE_FULL), None))

    def _key(self, delivery: Delivery) -> str:
        """What has the same key goes to the same partition, in which order is kept."""
        value = delivery.event.payload.get(self._config["key"]) if "key" in self._config else None
        return delivery.listener_id if value is None else str(value)

    def _account(self) -> dict[str, Any]:
        names = {"username": "sasl.username", "password": "sasl.password", "ca_path": "ssl.ca.location"}
        given = {name: self._config[key] for key, name in names.items() if key in self._config}
        return {**given, "sasl.mechanism": "PLAIN"} if self._config["security"].startswith("sasl") else given

    def _failure(self, error: Any) -> DeliveryFailure:
        name, text = error.name(), one_line(error.str())[:200]
        if name in FOR_GOOD:
            return PermanentFailure(text)
        self.broken = name.startswith("_")  # of the library's own: it has lost the cluster, or itself
        return TimedOut(text) if name in LATE else TransientFailure(text, credentials=name in CREDENTIALS)


class Kafka(Notifier):
    type_id = "kafka"
    config_schema = KafkaConfig
    settings_section = "kafka"
    settings_schema = KafkaSettings

    def targets(self, config: Config) -> Sequence[str]:
        return list(dict.fromkeys(config["topics"]))

    def limit(self, config: Config, settings: Config) -> float:
        return 2 * float(settings["timeout"]) + 3 * SCAN  # to connect, to produce

    def open(self, config: Config, settings: Config) -> Channel:
        return KafkaChannel(config, settings["timeout"])
