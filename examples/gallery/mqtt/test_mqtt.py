"""The notifier for MQTT does what the framework asks, at a real mosquitto."""

import socketserver
import subprocess
import threading

import pytest
import trustme
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5
from pulp_events_mqtt import Mqtt

from pulp_events.testing import Arrival, FaultProxy, NotifierContract, open_bus

PASSWORD = "s3cr3t-password"
LARGEST = 20_000


class Broker:
    """mosquitto with two users: `pulp` publishes, and `reader` sees all of it."""

    def __init__(self, serve, port, folder, tls=""):
        self.port, self.folder, self.tls = port, folder, tls
        self.write()
        self.server = serve("mosquitto", "-c", f"{folder}/mosquitto.conf")

    def write(self, password=PASSWORD, rights="topic readwrite #", largest=LARGEST):
        """Its files. mosquitto reads them when it starts, and when it is told to reload."""
        files = {
            "mosquitto.conf": f"listener {self.port} 127.0.0.1\n{self.tls}user root\nallow_anonymous false\n"
            f"password_file {self.folder}/users\nacl_file {self.folder}/acl\nmax_packet_size {largest}\nlog_type all\n",
            "acl": f"user reader\ntopic read #\nuser pulp\n{rights}\n",
            "users": f"pulp:{password}\nreader:reader\n",
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", f"{self.folder}/users"], check=True)

    def reload(self, **changed):
        self.write(**changed)
        self.server.reload(b"Reloading config.")


class Reader:
    """Subscribes to all topics, and again after a restart of the broker; keeps what it gets."""

    def __init__(self, port, ca=None):
        self.messages, self._subscribed = [], threading.Event()
        self._client = client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.reconnect_delay_set(0.05, 0.05)
        client.username_pw_set("reader", "reader")
        if ca:
            client.tls_set(ca)
        client.on_connect = lambda *_: client.subscribe("#", qos=1)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_disconnect = lambda *_: self._subscribed.clear()
        client.on_message = lambda _client, _data, message: self.messages.append(message)
        client.connect("127.0.0.1", port)
        client.loop_start()
        client._thread.name = "contract-reader"
        self.await_subscription()

    def await_subscription(self):
        assert self._subscribed.wait(60), "mosquitto takes no subscription"

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


class MqttEndpoint:
    rejects = False
    settings = {"mqtt": {"timeout": "1s"}}

    def __init__(self, broker, proxy, reader, topics=("pulp/events", "pulp/audit"), **more):
        self.broker, self.proxy, self.reader, self.topics = broker, proxy, reader, topics
        account = {"username": "pulp", "password": PASSWORD}
        self.config = {"host": "127.0.0.1", "port": proxy.port, "topics": list(topics), **account, **more}

    def arrived(self):
        return [
            Arrival(one.payload.decode(), dict(one.properties.UserProperty)["id"], self._target(one.topic))
            for one in list(self.reader.messages)
        ]

    def _target(self, topic):
        return next(each for each in self.topics if topic.startswith(each))

    def fail(self):
        self.broker.reload(rights="topic read #")

    def reject(self):
        """What the broker takes at most, it says when it is connected to, and reads when it starts."""
        self.rejects = True
        self.broker.write(largest=150)
        self.restart()

    def refuse_credentials(self):
        self.broker.reload(password="another")

    def recover(self):
        self.broker.reload()
        if self.rejects:
            self.restart()

    def restart(self):
        self.broker.server.kill()
        self.reader._subscribed.clear()
        self.broker.server.start()
        self.reader.await_subscription()


class SplitEndpoint(MqttEndpoint):
    def fail_for(self, mark):
        """The topic of this mark, and no other, may not be published to."""
        self.broker.reload(rights=f"topic readwrite #\ntopic deny {self.topics[0]}/{mark}")


@pytest.fixture
def broker(serve, free_port, tmp_path):
    return Broker(serve, free_port, tmp_path)


@pytest.fixture
def proxy(broker):
    with FaultProxy(broker.port) as proxy:
        yield proxy


@pytest.fixture
def reader(broker):
    reader = Reader(broker.port)
    yield reader
    reader.close()


class TestMqtt(NotifierContract):
    module = "pulp_events_mqtt"
    transports = ("paho.mqtt.client", "ssl")
    invalid = [{}, {"host": "x"}, {"host": "x", "topics": []}, {"host": "x", "topics": ["pulp/#"]}]
    largest = LARGEST

    @pytest.fixture
    def notifier(self):
        return Mqtt()

    @pytest.fixture
    def endpoint(self, broker, proxy, reader):
        return MqttEndpoint(broker, proxy, reader)


class TestSplitTopics(TestMqtt):
    """A topic for each repository: one of them can fail alone."""

    @pytest.fixture
    def endpoint(self, broker, proxy, reader):
        return SplitEndpoint(broker, proxy, reader, topics=("pulp/events",), split_by="repo_id")


class TestMqttWithTls(TestMqtt):
    @pytest.fixture
    def broker(self, serve, free_port, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(f"{tmp_path}/ca.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(f"{tmp_path}/broker.pem")
        return Broker(serve, free_port, tmp_path, f"certfile {tmp_path}/broker.pem\nkeyfile {tmp_path}/broker.pem\n")

    @pytest.fixture
    def reader(self, broker, tmp_path):
        reader = Reader(broker.port, f"{tmp_path}/ca.pem")
        yield reader
        reader.close()

    @pytest.fixture
    def endpoint(self, broker, proxy, reader, tmp_path):
        return MqttEndpoint(broker, proxy, reader, tls=True, ca_path=f"{tmp_path}/ca.pem")


def test_a_message_has_what_its_reader_needs(broker, proxy, reader, tmp_path, eventually):
    endpoint = MqttEndpoint(broker, proxy, reader, topics=("pulp/events",), split_by="repo_id")
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    with open_bus(tmp_path, Mqtt(), conf=endpoint.settings) as bus:
        bus.listeners.create("mqtt", endpoint.config, ["*"])
        [delivery] = bus.wait(bus.emit("repo.sync.start", {"repo_id": "a/b+#"}, trace_context=trace), 0)
    eventually(lambda: reader.messages, "nothing arrived")
    [message] = reader.messages
    assert delivery.detail == "Success" and message.topic == "pulp/events/a%2Fb%2B%23"
    assert message.properties.ContentType == "application/json"
    about = dict(message.properties.UserProperty)
    assert about == {"id": delivery.id, "event_type": "repo.sync.start", "source": delivery.source, **trace}


def test_a_wrong_password_is_called_so(broker, proxy, tmp_path):
    endpoint = MqttEndpoint(broker, proxy, None)
    with open_bus(tmp_path, Mqtt(), conf=endpoint.settings) as bus:
        bus.listeners.create("mqtt", {**endpoint.config, "password": "another"}, ["*"])
        delivery, _ = bus.wait(bus.emit("repo.sync.start", {}), 0)
    assert (delivery.state, delivery.detail) == ("pending", "Not authorized")


class Hostile(socketserver.StreamRequestHandler):
    """Refuses the connection with as many words as a packet can have (CONNACK, MQTT 5 §3.2)."""

    reason = "\u202e".encode() + b"x" * 60_000

    def handle(self):
        self.request.recv(1000)
        properties = b"\x1f" + len(self.reason).to_bytes(2) + self.reason
        body = b"\x00\x88" + variable(len(properties)) + properties
        self.request.sendall(b"\x20" + variable(len(body)) + body)


def variable(number):
    """A Variable Byte Integer (§1.5.5) of three bytes."""
    return bytes([number & 127 | 128, number >> 7 & 127 | 128, number >> 14])


def test_what_a_hostile_broker_says_is_cut_short(tmp_path):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hostile) as hostile:
        hostile.daemon_threads = True
        threading.Thread(target=hostile.serve_forever, daemon=True).start()
        with open_bus(tmp_path, Mqtt()) as bus:
            config = {"host": "127.0.0.1", "port": hostile.server_address[1], "topics": ["pulp"]}
            bus.listeners.create("mqtt", config, ["*"])
            [delivery] = bus.wait(bus.emit("repo.sync.start", {}), 0)
        hostile.shutdown()
    assert delivery.state == "pending" and delivery.detail.startswith("Server unavailable")
    assert len(delivery.detail) <= 200 and delivery.detail.isprintable()
