"""Publishes each event to MQTT 5 topics with QoS 1: many in flight, each delivered once the broker acknowledges it."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from marshmallow import Schema, fields, validate

from pulp_events import Channel, Delivery, Notifier, PermanentFailure, TimedOut, TransientFailure
from pulp_events.fields import Duration
from pulp_events.notifier import Config, Settlement
from pulp_events.visible import one_line

FOR_GOOD = {0x90, 0x99}
"""Reason codes about this message (MQTT 5 §3.4.2.1): topic name invalid, payload format invalid."""
CREDENTIALS = {0x86, 0x87, 0x8C}
"""Bad user name or password, not authorized, bad authentication method."""
MOST = 20
"""Deliveries in flight, as paho has by default; fewer if the broker wants that (its Receive Maximum)."""
LARGEST, HEADERS = 268_435_455, 9
"""Bytes of the largest packet of MQTT, and of what is in one beside topic, properties and payload."""
TOPIC = fields.String(validate=validate.Regexp(r"[^+#\0]+\Z", error="A topic without wildcards, please."))


class MqttConfig(Schema):
    host = fields.String(required=True, metadata={"help": "MQTT broker"})
    port = fields.Integer(load_default=1883, metadata={"help": "its port"})
    topics = fields.List(TOPIC, required=True, validate=validate.Length(min=1), metadata={"help": "where to publish"})
    split_by = fields.String(metadata={"help": "key of the payload whose value is the last level of the topic"})
    username = fields.String(metadata={"help": "user name"})
    password = fields.String(metadata={"help": "password", "secret": True})
    tls = fields.Boolean(load_default=False, metadata={"help": "speak TLS"})
    ca_path = fields.String(metadata={"help": "file of certificates to trust", "names_file": True, "local": True})


class MqttSettings(Schema):
    timeout = Duration(minimum=0.1, load_default=5.0, metadata={"help": "how long to wait for the broker's answer"})


class MqttChannel(Channel):
    in_flight = MOST

    def __init__(self, config: Config, timeout: float) -> None:
        self._config, self._timeout = config, timeout
        self._client: Any = None
        self._welcome: Any = None  # what CONNACK says
        self._lost = ""
        self._sent: dict[int, Delivery] = {}  # by packet id
        self._answers: list[tuple[Settlement, str]] = []  # with the detail of each

    def open(self) -> None:
        from paho.mqtt.client import Client, MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion

        from pulp_events.tls import client_context

        self._client = client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.connect_timeout = self._timeout
        client.username_pw_set(self._config.get("username"), self._config.get("password"))
        if self._config["tls"]:
            client.tls_set_context(client_context(self._config.get("ca_path")))
        client.on_connect = lambda _client, _data, _flags, *answer: setattr(self, "_welcome", answer)
        client.on_publish = lambda _client, _data, packet_id, *answer: self._judge(packet_id, *answer)
        client.on_disconnect = lambda _client, _data, _flags, *answer: setattr(self, "_lost", _said(*answer))
        self._heard = time.monotonic()
        # It asks to be kept for a minute and a half, and a channel is closed after one: no pings are needed.
        self._do(client.connect, self._config["host"], self._config["port"])
        while self._welcome is None:
            self._turn(0.5)
        self._largest = getattr(self._welcome[1], "MaximumPacketSize", LARGEST)
        self.in_flight = min(MOST, getattr(self._welcome[1], "ReceiveMaximum", MOST))

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()

    def submit(self, deliveries: Sequence[Delivery]) -> None:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        if not self._sent:
            self._heard = time.monotonic()
        for delivery in deliveries:
            about: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            about.ContentType = "application/json"
            words = {"id": delivery.id, "event_type": delivery.event_type, "source": delivery.source}
            about.UserProperty = list({**words, **delivery.trace_context}.items())
            topic = self._topic(delivery)
            if len(topic.encode()) + len(about.pack()) + len(delivery.report) + HEADERS > self._largest:
                self._answers.append(((delivery, PermanentFailure(f"larger than {self._largest} bytes")), ""))
                continue
            sent = self._do(self._client.publish, topic, delivery.report, 1, False, about)
            self._sent[sent.mid] = delivery

    def settled(self, timeout: float) -> Iterator[Settlement]:
        self._turn(0.0 if self._answers else timeout)
        while self._answers:
            settlement, self.detail = self._answers.pop(0)
            yield settlement

    def _judge(self, packet_id: int, reason: Any, about: Any) -> None:
        said, failure = _said(reason, about), None
        if reason.is_failure:
            failure = (PermanentFailure if reason.value in FOR_GOOD else TransientFailure)(said)
        self._answers.append(((self._sent.pop(packet_id), failure), said))

    def _topic(self, delivery: Delivery) -> str:
        key = self._config.get("split_by")
        value = delivery.event.payload.get(key) if key else None
        return delivery.target if value is None else f"{delivery.target}/{quote(str(value), safe=' ')}"

    def _turn(self, timeout: float) -> None:
        """Let the client read and write, for this long at most."""
        before = len(self._answers), self._welcome
        self._do(self._client.loop, timeout)
        if (len(self._answers), self._welcome) != before:
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > self._timeout:
            self.broken = True
            raise TimedOut(f"no answer within {self._timeout:g} s")

    def _do(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """What a step of the client returns. Raises TransientFailure if there is no connection after it."""
        try:
            done = step(*arguments)
        except OSError as error:
            self._lost = _short(error)
        if self._welcome and self._welcome[0].is_failure:  # the connection ends after it, too
            raise TransientFailure(_said(*self._welcome), credentials=self._welcome[0].value in CREDENTIALS)
        if self._lost:
            self.broken = True
            raise TransientFailure(f"no connection: {self._lost}")
        return done


def _said(reason: Any, about: Any) -> str:
    """What the broker answered, in a line; its own words may be of any length."""
    return _short(f"{reason} {getattr(about, 'ReasonString', '')}")


def _short(text: object) -> str:
    return one_line(str(text))[:200]


class Mqtt(Notifier):
    type_id = "mqtt"
    config_schema = MqttConfig
    settings_section = "mqtt"
    settings_schema = MqttSettings

    def targets(self, config: Config) -> Sequence[str]:
        return list(dict.fromkeys(config["topics"]))

    def limit(self, config: Config, settings: Config) -> float:
        return 4 * float(settings["timeout"]) + 1  # to connect, for TLS, to log in, to publish

    def open(self, config: Config, settings: Config) -> Channel:
        return MqttChannel(config, settings["timeout"])
