"""A process with librdkafka's mock cluster, which speaks Kafka's protocol: the real client, and no JVM.

confluent-kafka has no interface to it, but brings the library that has. Commands come in as lines of JSON, a name of a
function below and its arguments, and each is answered with a line. The first line out is the broker's port.
"""

import ctypes
import json
import sys
import time
from pathlib import Path

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

PRODUCER, PRODUCE, ERRORS_AT_MOST = 0, 0, 1000  # of rd_kafka_type_t; the API key of a Produce request
NAME, SIZE = ctypes.c_char_p, ctypes.c_size_t


def library():
    """The librdkafka that confluent-kafka is linked with, with the result types that are no int."""
    [path] = Path(confluent_kafka.__file__).parents[1].glob("confluent_kafka.libs/librdkafka-*.so*")
    found = ctypes.CDLL(str(path))
    for name in ("rd_kafka_new", "rd_kafka_conf_new", "rd_kafka_mock_cluster_new"):
        getattr(found, name).restype = ctypes.c_void_p
    found.rd_kafka_mock_cluster_bootstraps.restype = NAME
    return found


class Cluster:
    """One broker, and a consumer that has all that was ever produced."""

    def __init__(self):
        self._library = library()
        configuration = ctypes.c_void_p(self._library.rd_kafka_conf_new())
        client = ctypes.c_void_p(
            self._library.rd_kafka_new(PRODUCER, configuration, ctypes.create_string_buffer(512), SIZE(512))
        )
        self._mock = ctypes.c_void_p(self._library.rd_kafka_mock_cluster_new(client, 1))
        self.address = self._library.rd_kafka_mock_cluster_bootstraps(self._mock).decode()
        self._consumer = Consumer({"bootstrap.servers": self.address, "group.id": "reader", "fetch.wait.max.ms": 10})
        self._places, self._read = [], []

    def topic(self, name, partitions):
        self._library.rd_kafka_mock_topic_create(self._mock, name.encode(), partitions, 1)
        self._places += [TopicPartition(name, number, OFFSET_BEGINNING) for number in range(partitions)]
        self._consumer.assign(self._places)

    def partition(self, key, partitions):
        """Where the producer's partitioner puts a key."""
        data = key.encode()
        return self._library.rd_kafka_msg_partitioner_murmur2_random(
            None, data, SIZE(len(data)), partitions, None, None
        )

    def leader(self, topic, partition, broker):
        """Which broker leads a partition, from 1; -1: none, so that nothing can be produced to it.

        Nothing is read from then on: a Fetch request for such a partition ends librdkafka 2.16 with a SIGSEGV.
        """
        self._consumer.unassign()
        time.sleep(0.1)  # ten times fetch.wait.max.ms: the last request is answered
        self._library.rd_kafka_mock_partition_set_leader(self._mock, topic.encode(), partition, broker)

    def errors(self, code, times):
        """So many Produce requests are answered with this error; those that were to be are not any more."""
        self._library.rd_kafka_mock_clear_request_errors(self._mock, ctypes.c_int16(PRODUCE))
        codes = (ctypes.c_int * times)(*[code] * times)
        self._library.rd_kafka_mock_push_request_errors_array(self._mock, ctypes.c_int16(PRODUCE), SIZE(times), codes)

    def read(self):
        """All messages so far."""
        for message in self._consumer.consume(1000, 0.05):
            if message.error() is None:
                headers = {name: value.decode() for name, value in message.headers() or ()}
                key = message.key().decode() if message.key() else None
                self._read.append([message.topic(), message.partition(), key, headers, message.value().decode()])
        return self._read


if __name__ == "__main__":
    cluster = Cluster()
    print(cluster.address.rpartition(":")[2], flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(cluster, name)(*arguments)), flush=True)
