"""The notifier for Kafka does what the framework asks, at the mock cluster of librdkafka."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pulp_events_kafka import Kafka

from pulp_events.testing import Arrival, FaultProxy, NotifierContract, open_bus

PASSWORD = "s3cr3t-password"
INVALID_RECORD, NOT_ENOUGH_REPLICAS, TOPIC_AUTHORIZATION_FAILED = 87, 19, 29
LARGEST = 1_000_000  # librdkafka's own message.max.bytes, and Kafka's
PARTITIONS = 13
MARKS = ("batch-a", "batch-b", "batch-c", "batch-d")


class Cluster:
    """mock_cluster.py in a process of its own, which can be killed: it then forgets all, and has another port."""

    def __init__(self, folder):
        self._log = folder / "cluster.log"
        self.start()

    def start(self):
        command = [sys.executable, Path(__file__).with_name("mock_cluster.py")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.port = int(self._process.stdout.readline())

    def kill(self):
        self._process.kill()
        self._process.communicate()

    def __call__(self, *command):
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self._log.read_text()
        return json.loads(answer)


class KafkaEndpoint:
    settings = {"kafka": {"timeout": "1s"}, "events": {"max_event_bytes": 2 * LARGEST}}

    def __init__(self, cluster, proxy, topics=("events", "audit"), **more):
        self.cluster, self.proxy, self.topics = cluster, proxy, topics
        account = {"username": "pulp", "password": PASSWORD}
        self.config = {"servers": [f"127.0.0.1:{proxy.port}"], "topics": list(topics), **account, **more}
        self._make_topics()

    def _make_topics(self):
        for topic in self.topics:
            self.cluster("topic", topic, PARTITIONS)

    def arrived(self):
        return [Arrival(text, headers["id"], topic) for topic, _, _, headers, text in self.cluster("read")]

    def fail(self):
        self.cluster("errors", NOT_ENOUGH_REPLICAS, 1000)

    def reject(self):
        self.cluster("errors", INVALID_RECORD, 1000)

    def refuse_credentials(self):
        self.cluster("errors", TOPIC_AUTHORIZATION_FAILED, 1000)

    def recover(self):
        self.cluster("errors", 0, 0)

    def restart(self):
        self.cluster.kill()
        self.cluster.start()
        self.proxy.behind = self.cluster.port
        self._make_topics()


class KeyedEndpoint(KafkaEndpoint):
    def fail_for(self, mark):
        """The partition of this mark has no leader; the others have."""
        places = {each: self.cluster("partition", each, PARTITIONS) for each in MARKS}
        assert len(set(places.values())) == len(MARKS)
        for each, place in places.items():
            self.cluster("leader", self.topics[0], place, -1 if each == mark else 1)


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.kill()


@pytest.fixture
def proxy(cluster):
    """Before the first address: the others are what the cluster tells."""
    with FaultProxy(cluster.port) as proxy:
        yield proxy


class TestKafka(NotifierContract):
    module = "pulp_events_kafka"
    transports = ("confluent_kafka",)
    invalid = [
        {},
        {"servers": ["kafka.example"], "topics": ["events"]},
        {"servers": ["kafka.example:9092"], "topics": []},
        {"servers": ["kafka.example:9092"], "topics": ["a b"]},
        {"servers": ["kafka.example:9092"], "topics": ["events"], "key": ""},
        {"servers": ["kafka.example:9092"], "topics": ["events"], "key": {"": "x"}},
    ]
    connects_again = True  # librdkafka does, within the time limit
    largest = LARGEST

    @pytest.fixture
    def notifier(self):
        return Kafka()

    @pytest.fixture
    def endpoint(self, cluster, proxy):
        return KafkaEndpoint(cluster, proxy)


class TestKafkaWithKeys(TestKafka):
    """A key for each repository, and so a partition: one of them can fail alone."""

    test_a_batch_arrives_in_order = None  # partitions know no order between each other
    test_an_ordered_listener_keeps_its_order_when_an_attempt_fails = None  # the same

    @pytest.fixture
    def endpoint(self, cluster, proxy):
        return KeyedEndpoint(cluster, proxy, topics=("events",), key="repo_id")


def test_a_connection_that_is_refused_is_called_so(cluster, proxy, tmp_path):
    endpoint = KafkaEndpoint(cluster, proxy)
    proxy.fault = "refuse"
    with open_bus(tmp_path, Kafka(), conf=endpoint.settings) as bus:
        bus.listeners.create("kafka", endpoint.config, ["*"])
        delivery, _ = bus.wait(bus.emit("repo.sync.start", {"repo_id": "pulp2"}), 0)
    assert delivery.state == "pending" and "Connection refused" in delivery.detail


def test_a_record_has_what_a_consumer_needs(cluster, proxy, tmp_path, eventually):
    endpoint = KafkaEndpoint(cluster, proxy, topics=("events",), key="repo_id")
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    with open_bus(tmp_path, Kafka(), conf=endpoint.settings) as bus:
        listener = bus.listeners.create("kafka", endpoint.config, ["*"])
        [first] = bus.wait(bus.emit("repo.sync.start", {"repo_id": "pulp2"}, trace_context=trace), 0)
        bus.emit("repo.sync.start", {"repo_id": None})
    eventually(lambda: len(cluster("read")) == 2, "they did not arrive")
    by_key = {key: (partition, headers) for _, partition, key, headers, _ in cluster("read")}
    assert by_key.keys() == {"pulp2", listener.id}  # without a value, the listener's events stay in order
    partition, headers = by_key["pulp2"]
    assert partition == cluster("partition", "pulp2", PARTITIONS)
    assert headers == {"id": first.id, "event_type": "repo.sync.start", "source": first.source, **trace}
    assert first.detail == f"partition {partition}, offset 0"


def test_without_a_key_no_value_of_the_payload_is_one(cluster, proxy, tmp_path, eventually):
    endpoint = KafkaEndpoint(cluster, proxy, topics=("events",))
    with open_bus(tmp_path, Kafka(), conf=endpoint.settings) as bus:
        listener = bus.listeners.create("kafka", endpoint.config, ["*"])
        bus.wait(bus.emit("repo.sync.start", {"repo_id": "pulp2", "": "x"}), 0)
    eventually(lambda: len(cluster("read")) == 1, "it did not arrive")
    assert [key for _, _, key, _, _ in cluster("read")] == [listener.id]
