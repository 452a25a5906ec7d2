"""The stream of changes, on a real server with real sockets."""

import contextlib
import http.client
import json
import threading
import time

import pytest
from waitress.server import create_server

from pulp_events.outbox.records import DeliveryQuery
from pulp_events_web import create_app
from pulp_events_web.api import feed, tail
from pulp_events_web.principal import Role


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(tail, "LOOK", 0.02)
    monkeypatch.setattr(feed, "LOOK", 0.01)
    monkeypatch.setattr(tail, "HEARTBEAT", 0.1)


@pytest.fixture
def app(bus):
    return create_app(bus, {"threads": 4, "requests": "100000/s"})


@pytest.fixture
def port(app):
    server = create_server(app, host="127.0.0.1", port=0, threads=4)

    def run():
        with contextlib.suppress(OSError):  # at the end, its sockets are closed under it
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(30)


@pytest.fixture
def headers(tokens):
    return {"Authorization": f"Bearer {tokens.create('a viewer', Role.VIEWER, None)[0]}"}


@pytest.fixture
def listener(bus):
    return bus.listeners.create("http", {"url": "http://127.0.0.1:9/hook"}, ["repo.#"])


class Reader:
    """A client of a stream: `ids` are those of deliveries, in the order in which they came."""

    def __init__(self, port, headers, query="", last_id=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = headers if last_id is None else {**headers, "Last-Event-ID": last_id}
        self.connection.request("GET", f"/api/v1/tail?{query}", headers=headers)
        self.answer = self.connection.getresponse()
        self.last_id = last_id

    def until(self, what):
        """The data of the messages up to the first line that this is true of."""
        found = []
        while True:
            line = self.answer.readline().decode()
            assert line, "the stream has ended"
            line = line.rstrip("\n")
            if line.startswith("id: "):
                self.last_id = line[4:]
            if line.startswith("data: "):
                found.append(json.loads(line[6:]))
            if what(line):
                return found

    def take(self, count):
        found = []
        while len(found) < count:
            found += self.until(lambda line: line.startswith("data: "))
        return [(each["id"], each["state"]) for each in found]

    def begin(self):
        """Read to where the past ends."""
        return self.until(lambda line: line.startswith("id: "))

    def close(self):
        self.answer.close()
        self.connection.close()


@pytest.fixture
def read(port, headers):
    readers = []

    def start(*given, headers=headers, **named):
        readers.append(Reader(port, headers, *given, **named))
        return readers[-1]

    yield start
    for each in readers:
        each.close()


def until_open(app, count):
    """Wait until so many streams are open."""
    streams = app.extensions["pulp_events_web_tails"].streams
    end = time.monotonic() + 30
    while streams.open > count and time.monotonic() < end:
        time.sleep(0.02)
    assert streams.open == count


def test_changes_come_as_they_happen_after_the_last_ones(bus, listener, read):
    bus.emit("repo.sync.start", {}, id="old")
    reader = read("last=5")
    assert reader.answer.getheader("Content-Type") == "text/event-stream"
    assert [each["id"] for each in reader.begin()] == ["old.0"]
    bus.emit("repo.sync.start", {}, id="new")
    assert reader.take(1) == [("new.0", "pending")]
    assert sum(bus.deliveries.discard(DeliveryQuery(event_id="old"), "no")) == 1
    assert reader.take(1) == [("old.0", "dead")]


def test_only_what_fits_comes(bus, listener, read):
    reader = read("last=0&event_type=repo.publish.*")
    reader.begin()
    bus.emit("repo.sync.start", {}, id="no")
    bus.emit("repo.publish.start", {}, id="yes")
    assert reader.take(1) == [("yes.0", "pending")]


def test_a_stream_goes_on_without_loss_or_repetition(app, bus, listener, read):
    reader = read("last=0")
    reader.begin()
    seen = []
    for round_ in range(4):
        for number in range(3):
            bus.emit("repo.sync.start", {}, id=f"r{round_}n{number}")
        seen += reader.take(2)  # one is on its way, or not even found yet
        reader.close()
        until_open(app, 0)
        reader = read("last=5", last_id=reader.last_id)
    seen += reader.take(4)
    assert [each for each, _ in seen] == [f"r{round_}n{number}.0" for round_ in range(4) for number in range(3)]


@pytest.mark.parametrize("last_id", ["no such thing", "00000000-7", "ffffffff-999999999999999999"])
def test_a_client_is_told_where_something_may_be_missing(bus, listener, read, last_id):
    bus.emit("repo.sync.start", {}, id="old")
    found = read("last=5", last_id=last_id).begin()
    assert "reason" in found[0] and found[1]["id"] == "old.0"


def test_another_process_goes_on_with_what_was_stored_since(app, bus, listener, read, monkeypatch):
    bus.emit("repo.sync.start", {}, id="old")
    reader = read("last=5")
    assert [each["id"] for each in reader.begin()] == ["old.0"]
    bus.emit("repo.sync.start", {}, id="seen")
    assert reader.take(1) == [("seen.0", "pending")]
    reader.close()
    until_open(app, 0)
    del app.extensions["pulp_events_web_tails"]  # as another process has it
    for number in range(5):
        bus.emit("repo.sync.start", {}, id=f"n{number}")
    other = read("last=0", last_id=reader.last_id)
    found = other.begin()
    assert "stored before" in found[0]["reason"]
    again = [each["id"] for each in found[1:]]
    assert again[-5:] == [f"n{number}.0" for number in range(5)] and set(again[:-5]) <= {"seen.0"}
    other.close()
    until_open(app, 0)
    del app.extensions["pulp_events_web_tails"]
    monkeypatch.setattr(tail, "MOST_AGAIN", 3)
    found = read("last=0", last_id=reader.last_id).begin()
    assert "what happened" in found[0]["reason"] and [each["id"] for each in found[1:]] == ["n2.0", "n3.0", "n4.0"]


def test_silence_is_broken_by_comments(read):
    reader = read()
    reader.until(lambda line: line == ": still here")
    reader.until(lambda line: line == ": still here")


def test_streams_leave_threads_to_others_and_are_given_back(app, bus, read, port, headers, tokens):
    others = [{"Authorization": f"Bearer {tokens.create(name, Role.VIEWER, None)[0]}"} for name in "ab"]
    first, second = read(), read(headers=others[0])
    first.begin(), second.begin()
    again = read()
    assert again.answer.status == 429 and again.answer.getheader("Retry-After")  # nobody has more than their share
    third = read(headers=others[1])
    assert third.answer.status == 503 and third.answer.getheader("Retry-After")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/v1/version", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()
    first.close()
    until_open(app, 1)
    assert read().answer.status == 200


def test_a_query_of_a_stream_is_checked(client):
    for query in ("last=201", "state=x", "listener=nobody", "error=", "event_type=%0B", "error=%20", "event_id=%09"):
        assert client.get(f"/api/v1/tail?{query}").status_code == 422, query


def test_a_stream_that_is_never_read_gives_its_place_back(app, client):
    answer = client.get("/api/v1/tail", buffered=False)
    answer.close()
    assert app.extensions["pulp_events_web_tails"].streams.open == 0


def test_a_stream_ends_so_that_its_client_must_prove_its_right_again(monkeypatch, read):
    monkeypatch.setattr(tail, "LONGEST", 0.2)
    reader = read()
    assert reader.answer.read().startswith(b"retry: 2000\n\n")


@pytest.mark.parametrize("how", ["token", "session"])
def test_a_stream_ends_when_its_token_is_revoked(monkeypatch, read, tokens, app, how):
    import re

    monkeypatch.setattr(tail, "PROVED", 0.0)
    secret, token = tokens.create("leaves", Role.VIEWER, None)
    headers = {"Authorization": f"Bearer {secret}"}
    if how == "session":
        client = app.test_client()
        csrf = re.search(r'csrf_token" value="([^"]+)', client.get("/login").text)[1]
        client.post("/login", data={"csrf_token": csrf, "token": secret})
        headers = {"Cookie": f"pulp_events_session={client.get_cookie('pulp_events_session').value}"}
    reader, other = read(headers=headers), read()
    reader.until(lambda line: line == ": still here")
    tokens.revoke(token.id)
    reader.answer.read()  # to its end
    until_open(app, 1)
    other.until(lambda line: line == ": still here")
