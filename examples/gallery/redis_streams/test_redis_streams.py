"""The notifier for Redis streams does what the framework asks, at a real Redis."""

import socketserver
import threading

import pytest
import redis
from pulp_events_redis_streams import RedisStreams

from pulp_events.testing import Arrival, FaultProxy, NotifierContract, open_bus

PASSWORD = "s3cr3t-password"
LAST_ID = "18446744073709551615-18446744073709551615"


class RedisEndpoint:
    settings = {"redis_streams": {"timeout": "1s"}}

    def __init__(self, server, proxy, streams=("events", "audit"), **more):
        self.server, self.proxy, self.streams = server, proxy, streams
        account = {"username": "pulp", "password": PASSWORD}
        self.config = {"host": "127.0.0.1", "port": proxy.port, "streams": list(streams), **account, **more}
        self.redis = redis.Redis(port=server.port, decode_responses=True, protocol=2)
        self.recover()

    def arrived(self):
        return [
            Arrival(entry["report"], entry["id"], stream.partition(":")[0])
            for stream in sorted(self.redis.scan_iter(_type="stream"))
            if stream.partition(":")[0] in self.streams
            for _, entry in self.redis.xrange(stream)
            if "report" in entry
        ]

    def fail(self):
        self.redis.config_set("maxmemory", 1)

    def reject(self):
        """The streams, and those of the repository that the contract uses for it, are at the end of their ids."""
        for stream in (*self.streams, *(f"{stream}:failing" for stream in self.streams)):
            self.redis.delete(stream)
            self.redis.xadd(stream, {"last": "entry"}, id=LAST_ID)

    def refuse_credentials(self):
        self.redis.execute_command("ACL", "SETUSER", "pulp", "reset")

    def recover(self):
        """Also what a new server needs to know; it keeps users in no file here."""
        self.redis.config_set("maxmemory", 0)
        self.redis.execute_command("ACL", "SETUSER", "pulp", "reset", "on", f">{PASSWORD}", "~*", "+@all")

    def restart(self):
        self.server.restart()
        self.recover()


class SplitEndpoint(RedisEndpoint):
    def fail_for(self, mark):
        """The stream of this mark, and no other, is a key of another kind."""
        for stream in self.redis.scan_iter(_type="string"):
            self.redis.delete(stream)
        for stream in self.streams:
            self.redis.delete(f"{stream}:{mark}")
            self.redis.set(f"{stream}:{mark}", "no stream")


@pytest.fixture
def server(serve):
    return serve("redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--dir", "{folder}",
                 "--save", "", "--appendonly", "yes", "--appendfsync", "always")  # fmt: skip


@pytest.fixture
def proxy(server):
    with FaultProxy(server.port) as proxy:
        yield proxy


class TestRedisStreams(NotifierContract):
    module = "pulp_events_redis_streams"
    transports = ("redis",)
    invalid = [{}, {"host": "x"}, {"host": "x", "streams": []}, {"host": "x", "streams": ["a"], "maxlen": 0}]

    @pytest.fixture
    def notifier(self):
        return RedisStreams()

    @pytest.fixture
    def endpoint(self, server, proxy):
        made = RedisEndpoint(server, proxy)
        made.other = RedisEndpoint(server, proxy, streams=("others",))
        yield made
        made.redis.close()
        made.other.redis.close()


class TestSplitStreams(TestRedisStreams):
    """A stream for each repository: one of them can fail alone."""

    test_a_batch_arrives_in_order = None  # streams know no order between each other

    @pytest.fixture
    def endpoint(self, server, proxy):
        made = SplitEndpoint(server, proxy, streams=("events",), split_by="repo_id")
        yield made
        made.redis.close()


def test_an_entry_has_what_a_consumer_needs_and_a_stream_keeps_its_length(server, proxy, tmp_path):
    endpoint = RedisEndpoint(server, proxy, streams=("events",), maxlen=1)
    with open_bus(tmp_path, RedisStreams(), conf=endpoint.settings) as bus:
        bus.listeners.create("redis-streams", endpoint.config, ["*"])
        trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
        for number in range(300):
            event = bus.emit("repo.sync.start", {"repo_id": f"pulp{number}"}, trace_context=trace)
        [delivery] = bus.wait(event, 0)
    entries = endpoint.redis.xrange("events")
    assert 1 <= len(entries) < 300  # Redis removes whole nodes, of a hundred entries
    entry_id, entry = entries[-1]
    assert delivery.detail == entry_id
    assert entry["traceparent"] == trace["traceparent"] and entry["id"] == delivery.id
    assert entry["event_type"] == "repo.sync.start" and '"pulp299"' in entry["report"]


class Hostile(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.readline():  # an array of words, each with its length in a line before it
            for _ in range(2 * int(head[1:])):
                self.rfile.readline()
            self.wfile.write(b"-ERR \x1b[31m" + b"x" * 100_000 + b"\r\n")


def test_what_a_hostile_server_says_is_cut_short(tmp_path):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hostile) as hostile:
        hostile.daemon_threads = True
        threading.Thread(target=hostile.serve_forever, daemon=True).start()
        with open_bus(tmp_path, RedisStreams()) as bus:
            config = {"host": "127.0.0.1", "port": hostile.server_address[1], "streams": ["events"]}
            bus.listeners.create("redis-streams", config, ["*"])
            [delivery] = bus.wait(bus.emit("repo.sync.start", {}), 0)
        hostile.shutdown()
    assert delivery.state == "pending" and delivery.detail.endswith("xxx")
    assert len(delivery.detail) <= 200 and delivery.detail.isprintable()
