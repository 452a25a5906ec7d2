"""Answers as servers really send them: interim, early, late, too much, too long."""

from __future__ import annotations

import dataclasses
import json
import re
import socket
import struct
import threading
import time

import pytest

from pulp_events import Delivery, PermanentFailure, TransientFailure
from pulp_events_http.connections import connection as connection_module

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
RESET = struct.pack("ii", 1, 0)


def read_request(connection: socket.socket) -> bytes:
    """The next request, whole; b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Script:
    """Answers each request with the next of the texts, the last one again and again; counts what came."""

    def __init__(self, *answers: bytes, close: bool = False) -> None:
        self.answers = answers
        self.close = close
        self.requests = 0
        self.connections = 0

    def __call__(self, connection: socket.socket, number: int) -> None:
        self.connections = number
        while read_request(connection):
            self.requests += 1
            connection.sendall(self.answers[min(self.requests, len(self.answers)) - 1])
            if self.close:
                return


@pytest.fixture(params=["http", "https"])
def context(request, server_context):
    """Both without and with TLS."""
    return server_context if request.param == "https" else None


# ---- interim answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 199 \r\nX: y\r\n\r\n",
    ],
)
@pytest.mark.parametrize("apart", [True, False])
def test_interim_answers_are_read_and_left_aside(
    open_channel, delivery: Delivery, raw_server, interim: bytes, apart: bool
) -> None:
    requests = []

    def serve(connection: socket.socket, number: int) -> None:
        while request := read_request(connection):
            requests.append((number, request))
            for part in (interim, OK) if apart else (interim + OK,):
                connection.sendall(part)
                time.sleep(0.01)

    with raw_server(serve) as url, open_channel({"url": url}) as channel:
        channel.send(delivery)
        channel.send(delivery)
    assert [number for number, _ in requests] == [1, 1]


def test_the_final_answer_counts_whatever_came_before_it(open_channel, delivery: Delivery, raw_server) -> None:
    script = Script(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
    with raw_server(script) as url, open_channel({"url": url}) as channel, pytest.raises(PermanentFailure, match="410"):
        channel.send(delivery)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + OK])
def test_a_switch_of_protocols_that_nobody_asked_for_is_no_success(
    open_channel, delivery: Delivery, raw_server, answer: bytes
) -> None:
    with (
        raw_server(Script(answer)) as url,
        open_channel({"url": url}) as channel,
        pytest.raises(TransientFailure, match="101 Switching Protocols"),
    ):
        channel.send(delivery)


def test_interim_answers_alone_are_no_answer(open_channel, delivery: Delivery, raw_server) -> None:
    script = Script(b"HTTP/1.1 103 Early Hints\r\n\r\n", close=True)
    with (
        raw_server(script) as url,
        open_channel({"url": url}) as channel,
        pytest.raises(TransientFailure, match="without an answer|not HTTP"),
    ):
        channel.send(delivery)


# ---- an answer before the request is sent ----------------------------------------------------------------------------


def large(delivery: Delivery, size: int) -> Delivery:
    return dataclasses.replace(delivery, report=json.dumps({"payload": "x" * size}).encode())


@pytest.mark.parametrize("ending", ["close", "reset", "linger", "stay"])
@pytest.mark.parametrize("size", [200_000, 6_000_000])
@pytest.mark.parametrize("status", [b"202 Accepted", b"413 Content Too Large"])
def test_an_answer_that_comes_before_the_body_is_sent_is_read(
    open_channel, delivery: Delivery, raw_server, context, bundle: str, status: bytes, size: int, ending: str
) -> None:
    seen, over = [], threading.Event()

    def serve(connection: socket.socket, number: int) -> None:
        connection.recv(2000)  # the head, and nothing of the rest
        seen.append(number)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 4\r\n\r\nwell")
        if ending == "reset":
            time.sleep(0.1)  # an RST that overtakes the answer is nobody's to fix
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        elif ending == "linger":
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(60)
            while connection.recv(65536):
                pass
        elif ending == "stay":
            over.wait(60)

    config = {"ca_path": bundle} if context else {}
    with raw_server(serve, context) as url, open_channel({"url": url, **config}, {"timeout": "60s"}) as channel:
        if status.startswith(b"2"):
            channel.send(large(delivery, size))
            assert channel.detail.startswith("202 Accepted\n")
        else:
            with pytest.raises(TransientFailure, match="413 Content Too Large: well"):
                channel.send(large(delivery, size))
        over.set()
    assert seen == [1]


@pytest.mark.parametrize("size", [200_000, 6_000_000])
@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3, b"HTTP/1.1 102 Processing\r\n\r\n"],
        [b"HTT", b"P/1.1 1", b"03 Early Hints\r\nX: y", b"\r\n\r\nHTTP/1.1 102 Processing\r\n", b"\r\n"],
    ],
)
def test_interim_answers_do_not_stop_the_sending_of_a_large_body(
    open_channel, delivery: Delivery, raw_server, context, bundle: str, parts: list[bytes], size: int
) -> None:
    came = []

    def serve(connection: socket.socket, number: int) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(2000)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.01)
        head, _, body = data.partition(b"\r\n\r\n")
        missing = int(re.search(rb"(?i)content-length: *(\d+)", head)[1]) - len(body)
        while missing and (more := connection.recv(65536)):
            missing -= len(more)
        came.append((number, missing))
        connection.sendall(OK)

    config = {"ca_path": bundle} if context else {}
    with raw_server(serve, context) as url, open_channel({"url": url, **config}, {"timeout": "60s"}) as channel:
        channel.send(large(delivery, size))
    assert came == [(1, 0)]


def test_the_final_answer_behind_an_interim_one_ends_the_sending(
    open_channel, delivery: Delivery, raw_server, context, bundle: str
) -> None:
    over = threading.Event()

    def serve(connection: socket.socket, number: int) -> None:
        connection.recv(2000)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Content Too Large\r\n")
        connection.sendall(b"Content-Length: 4\r\n\r\nwell")
        over.wait(60)

    config = {"ca_path": bundle} if context else {}
    with raw_server(serve, context) as url, open_channel({"url": url, **config}, {"timeout": "60s"}) as channel:
        with pytest.raises(TransientFailure, match="413 Content Too Large: well"):
            channel.send(large(delivery, 6_000_000))
        over.set()


def test_a_receiver_that_takes_no_more_and_says_nothing_ends_with_the_time_limit(
    open_channel, delivery: Delivery, raw_server, context, bundle: str
) -> None:
    over = threading.Event()

    def serve(connection: socket.socket, number: int) -> None:
        connection.recv(2000)
        over.wait(60)

    config = {"ca_path": bundle} if context else {}
    with raw_server(serve, context) as url, open_channel({"url": url, **config}, {"timeout": "300ms"}) as channel:
        with pytest.raises(TransientFailure, match="no answer within 300ms"):
            channel.send(large(delivery, 20_000_000))
        over.set()


def test_a_connection_that_ends_under_a_large_request_is_a_failure_that_says_so(
    open_channel, delivery: Delivery, raw_server, context, bundle: str
) -> None:
    config = {"ca_path": bundle} if context else {}
    with (
        raw_server(lambda connection, number: connection.recv(2000), context) as url,
        open_channel({"url": url, **config}) as channel,
        pytest.raises(TransientFailure, match="closed the connection|reset|Broken pipe|TLS failed"),
    ):
        channel.send(large(delivery, 6_000_000))


def test_session_tickets_that_come_while_a_large_request_is_sent_are_no_answer(
    open_channel, delivery: Delivery, raw_server, server_context, bundle: str
) -> None:
    script = Script(OK)
    server_context.num_tickets = 8
    with raw_server(script, server_context) as url, open_channel({"url": url, "ca_path": bundle}) as channel:
        channel.send(large(delivery, 3_000_000))
        channel.send(large(delivery, 3_000_000))
    assert (script.requests, script.connections) == (2, 1)


# ---- connections that are not clean ----------------------------------------------------------------------------------

UNCLEAN = {
    "204 with a length, its body late": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b"late!"),
    "204 with a length and its body": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nbody!", b""),
    "204 in chunks": (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"),
    "junk behind an answer": (OK + b"\r\n\r\n", b""),
    "junk later": (OK, b"junk"),
    "a second answer": (OK + OK, b""),
    "a second answer later": (OK, b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    "more than its length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay", b""),
    "a length and chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"",
    ),
}  # fmt: skip


@pytest.mark.sample(6)
@pytest.mark.parametrize("what", UNCLEAN)
def test_a_connection_that_is_not_clean_is_closed_and_none_of_that_receiver_used_twice(
    open_channel, delivery: Delivery, raw_server, context, bundle: str, what: str
) -> None:
    answer, late = UNCLEAN[what]
    requests, said = [], threading.Semaphore(0)

    def serve(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            requests.append(number)
            connection.sendall(answer)
            if late:
                time.sleep(0.01)
                connection.sendall(late)
            said.release()

    config = {"ca_path": bundle} if context else {}
    with raw_server(serve, context) as url, open_channel({"url": url, **config}) as channel:
        for _ in range(3):
            channel.send(delivery)
            assert said.acquire(timeout=30), "all of it was sent"
            time.sleep(0.02)  # and has come
    assert len(requests) == len(set(requests)) == 3


LATE = {
    "text": (OK, b"junk"),
    "an empty line": (OK, b"\r\n"),
    "a refusal": (OK, b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    "a 408": (OK, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"),
    "half an answer": (OK, b"HTTP/1.1 2"),
    "more than its length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"lo world"),
    "the body of a 204": (b"HTTP/1.1 204 No Content\r\n\r\n", b'{"status": "ok"}\n'),
}


@pytest.mark.sample(4)
@pytest.mark.parametrize("what", LATE)
def test_what_comes_late_while_the_next_request_is_on_its_way_is_distrusted(
    open_channel, delivery: Delivery, raw_server, context, bundle: str, what: str
) -> None:
    """It spoils one request, as nothing can be known before; after that each has a connection of its own."""
    answer, late = LATE[what]
    requests = []

    def serve(connection: socket.socket, number: int) -> None:
        first = True
        while read_request(connection):
            requests.append(number)
            if not first:
                connection.sendall(late)  # behind the answer before: the client waits for the next one already
                time.sleep(0.02)
            connection.sendall(answer)
            first = False

    config = {"ca_path": bundle} if context else {}
    failed = []
    with raw_server(serve, context) as url, open_channel({"url": url, **config}) as channel:
        for number in range(6):
            try:
                channel.send(delivery)
            except TransientFailure:
                failed.append(number)
            time.sleep(0.03)
    assert failed == [1]
    assert requests == [1, 1, 2, 3, 4, 5]


def test_a_refusal_on_a_used_connection_alone_is_no_reason_for_distrust(
    open_channel, delivery: Delivery, raw_server, context, bundle: str
) -> None:
    requests = []

    def serve(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            requests.append(number)
            connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" if len(requests) == 2 else OK)

    config = {"ca_path": bundle} if context else {}
    with raw_server(serve, context) as url, open_channel({"url": url, **config}) as channel:
        channel.send(delivery)
        with pytest.raises(TransientFailure, match="500"):
            channel.send(delivery)
        for _ in range(3):
            channel.send(delivery)
    assert requests == [1, 1, 2, 2, 2]


def test_what_came_while_a_connection_rested_for_too_long_is_seen_when_it_is_closed(
    open_channel, delivery: Delivery, raw_server, monkeypatch
) -> None:
    from pulp_events_http.connections import kept

    monkeypatch.setattr(kept, "IDLE_LIMIT", 0.0)
    requests, said = [], threading.Semaphore(0)

    def serve(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            requests.append(number)
            connection.sendall(OK)
            time.sleep(0.01)
            connection.sendall(OK)
            said.release()

    with raw_server(serve) as url, open_channel({"url": url}) as channel:
        channel.send(delivery)
        assert said.acquire(timeout=30), "all of it was sent"
        time.sleep(0.02)  # and has come
        channel.send(delivery)
        monkeypatch.setattr(kept, "IDLE_LIMIT", 60.0)
        channel.send(delivery)
    assert requests == [1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000,
    ],
)
def test_a_connection_that_the_receiver_does_not_keep_is_not_kept(
    open_channel, delivery: Delivery, raw_server, answer: bytes
) -> None:
    script = Script(answer)
    with raw_server(script) as url, open_channel({"url": url}) as channel:
        channel.send(delivery)
        channel.send(delivery)
    assert (script.requests, script.connections) == (2, 2)


# ---- a 2xx is a 2xx --------------------------------------------------------------------------------------------------

UNREADABLE = {
    "500 headers": b"".join(b"X-%d: y\r\n" % number for number in range(500)) + b"Content-Length: 0\r\n",
    "a header of 64 KiB": b"X-Long: " + b"y" * 65536 + b"\r\nContent-Length: 0\r\n",
    "a header of 1 MiB": b"X-Long: " + b"y" * 1048576 + b"\r\n",
    "a line without a colon": b"this is no header\r\n",
    "a name with a space": b"X Y: z\r\n",
    "a folded line at the start": b" folded: x\r\n",
    "control characters": b"X: a\x00b\x07\r\n",
    "bytes beyond ASCII": b"X-\xfc: \xe9\xff\r\n",
    "lengths that differ": b"Content-Length: 1\r\nContent-Length: 2\r\n",
    "a length below zero": b"Content-Length: -1\r\n",
    "a length that is none": b"Content-Length: many\r\n",
    "a coding that is unknown": b"Transfer-Encoding: br\r\n",
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("status", [b"200 OK", b"201", b"503 No"])
def test_the_status_line_decides_whatever_the_rest_of_the_head_is(
    open_channel, delivery: Delivery, raw_server, what: str, status: bytes
) -> None:
    script = Script(b"HTTP/1.1 " + status + b"\r\n" + UNREADABLE[what] + b"\r\n")
    with raw_server(script) as url, open_channel({"url": url}) as channel:
        if status.startswith(b"2"):
            channel.send(delivery)
            channel.send(delivery)
            assert script.requests == 2
        else:
            with pytest.raises(TransientFailure, match="^503"):
                channel.send(delivery)


def test_a_head_that_ends_behind_the_status_line_is_an_answer(open_channel, delivery: Delivery, raw_server) -> None:
    script = Script(b"HTTP/1.1 202 Accepted\r\nX-Half", close=True)
    with raw_server(script) as url, open_channel({"url": url}) as channel:
        channel.send(delivery)
        assert channel.detail.startswith("202 Accepted")


def test_a_status_line_that_is_not_whole_is_none(open_channel, delivery: Delivery, raw_server) -> None:
    script = Script(b"HTTP/1.1 200 O", close=True)
    with raw_server(script) as url, open_channel({"url": url}) as channel, pytest.raises(TransientFailure):
        channel.send(delivery)


@pytest.mark.sample(2)
@pytest.mark.parametrize("head", [b"Content-Length: 99", b"Transfer-Encoding: chunked", b"Connection: close"])
@pytest.mark.parametrize("status", [b"200 OK", b"503 No"])
def test_a_body_that_does_not_end_is_not_waited_for(
    open_channel, delivery: Delivery, raw_server, head: bytes, status: bytes
) -> None:
    over = threading.Event()
    connections = []

    def serve(connection: socket.socket, number: int) -> None:
        connections.append(number)
        read_request(connection)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n\r\n")
        over.wait(60)

    with raw_server(serve) as url, open_channel({"url": url}, {"timeout": "60s"}) as channel:
        began = time.monotonic()
        if status.startswith(b"2"):
            channel.send(delivery)
        else:
            with pytest.raises(TransientFailure, match="503"):
                channel.send(delivery)
        assert time.monotonic() - began < 30  # of 60
        over.set()


@pytest.mark.sample(2)
@pytest.mark.parametrize("status", [b"200 OK", b"503 No"])
@pytest.mark.parametrize("drips", [True, False])
def test_a_head_that_does_not_end_is_not_waited_for(
    open_channel, delivery: Delivery, raw_server, context, bundle: str, status: bytes, drips: bool
) -> None:
    over = threading.Event()

    def serve(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 " + status + b"\r\nX-Half: ")
        while not over.wait(0.05 if drips else 60):
            connection.sendall(b"x")

    config = {"ca_path": bundle} if context else {}
    with raw_server(serve, context) as url, open_channel({"url": url, **config}, {"timeout": "60s"}) as channel:
        began = time.monotonic()
        if status.startswith(b"2"):
            channel.send(delivery)
        else:
            with pytest.raises(TransientFailure, match="503"):
                channel.send(delivery)
        assert time.monotonic() - began < 30  # of 60
        over.set()


def test_a_head_that_comes_in_time_is_read_to_its_end(
    open_channel, delivery: Delivery, raw_server, monkeypatch
) -> None:
    monkeypatch.setattr(connection_module, "PATIENCE", 30.0)

    def serve(connection: socket.socket, number: int) -> None:
        read_request(connection)
        for part in (b"HTTP/1.1 503 No\r\n", b"Retry-After: 7\r\nContent-", b"Length: 4\r\n\r\n", b"well"):
            connection.sendall(part)
            time.sleep(0.02)

    with (
        raw_server(serve) as url,
        open_channel({"url": url}) as channel,
        pytest.raises(TransientFailure, match="503 No: well") as caught,
    ):
        channel.send(delivery)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/2 200\r\n\r\n", 'not HTTP: it begins with "HTTP/2 200"'),
        (b"SSH-2.0-x\x07 'y'\r\n\r\n", "not HTTP: it begins with \"SSH-2.0-x\\x07 'y'\""),
        (b"hello", 'not HTTP: it ends behind "hello"'),
        (b"HTTP/1.1 200", 'not HTTP: it ends behind "HTTP/1.1 200"'),
        (b"\r\n\r\n", "not HTTP: it begins with an empty line"),
        (b"HTTP/1.1 103 Hints\r\nno header\r\n\r\n", 'not HTTP: illegal header line: "no header"'),
        (b"Authorization: Bearer s3cr3t-t0ken" + b"x" * 9000 + b"\r\n\r\n", "not HTTP: it begins with"),
    ],
)
def test_what_is_not_http_is_shown_as_it_came(
    open_channel, delivery: Delivery, raw_server, answer: bytes, text: str
) -> None:
    with (
        raw_server(Script(answer, close=True)) as url,
        open_channel({"url": url, "token": "s3cr3t-t0ken"}) as channel,
        pytest.raises(TransientFailure) as caught,
    ):
        channel.send(delivery)
    assert text in str(caught.value)
    assert "bytearray" not in str(caught.value) and "s3cr3t" not in str(caught.value)
    assert len(str(caught.value)) < 600


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 407, 409, 413, 418, 422, 451])
def test_a_refusal_that_somebody_can_fix_is_tried_again(pulp_events_settings, raw_server, status: int) -> None:
    from pulp_events import EventBus

    script = Script(b"HTTP/1.1 %d No\r\nLocation: http://[x\r\nContent-Length: 0\r\n\r\n" % status)
    with raw_server(script) as url, EventBus.open(pulp_events_settings, deliver="inline") as bus:
        final = bus.listeners.create("http", {"url": url, "permanent": [418, status]}, ["repo.sync.*"])
        again = bus.listeners.create("http", {"url": url}, ["repo.sync.*"])
        states = {one.listener_id: one.state for one in bus.wait(bus.emit("repo.sync.start", {"repo_id": "x"}), 0)}
        assert states == {final.id: "dead", again.id: "pending"}
        assert bus.listeners.get(again.id).enabled and bus.listeners.get(final.id).enabled


def test_a_redirect_that_does_not_parse_is_a_refusal_that_names_it(
    open_channel, delivery: Delivery, raw_server
) -> None:
    script = Script(b"HTTP/1.1 302 Found\r\nLocation: http://[new/hook?key=1\r\nContent-Length: 0\r\n\r\n")
    with (
        raw_server(script) as url,
        open_channel({"url": url}) as channel,
        pytest.raises(TransientFailure, match=r"not followed to http://\[new/hook; put the new address"),
    ):
        channel.send(delivery)
