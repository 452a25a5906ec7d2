"""What is said of a connection that failed; real failures, as Python raises them."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
import trustme

from pulp_events.network_errors import explain


def failure(action):
    with pytest.raises(OSError) as caught:
        action()
    return caught.value


def of_tls(answer):
    """What a client gets whose TLS hello is answered by `answer(socket)`."""
    one, other = socket.socketpair()
    thread = threading.Thread(target=answer, args=(other,))
    thread.start()
    context = ssl.create_default_context()
    one.settimeout(60)
    with one:
        error = failure(lambda: context.wrap_socket(one, server_hostname="ci.example"))
    thread.join()
    return error


def speak_plainly(connection):
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(1000)


def present_an_unknown_certificate(connection):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("ci.example").configure_cert(context)
    try:
        context.wrap_socket(connection, server_side=True).close()
    except OSError:
        connection.close()


def test_what_tls_says_is_put_in_words():
    assert explain(of_tls(present_an_unknown_certificate)).startswith("its certificate is not valid: ")
    text = explain(of_tls(speak_plainly))
    assert text.startswith("TLS failed: ") and "_" not in text and text[12:].islower()


def test_a_name_that_nobody_has():
    error = failure(lambda: socket.getaddrinfo("no such name", 80, flags=socket.AI_NUMERICHOST))
    assert explain(error) == "the name cannot be resolved: Name or service not known"


def test_what_the_system_says_is_passed_on():
    with socket.socket() as nobody_listens:  # and nobody else can, while it has the port
        nobody_listens.bind(("127.0.0.1", 0))
        error = failure(lambda: socket.create_connection(nobody_listens.getsockname(), 60))
    assert explain(error) == "the connection failed: Connection refused"


def test_silence_and_what_has_no_words():
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(0.01)
        assert explain(failure(lambda: one.recv(1))) == "no answer in time"
    assert explain(EOFError()) == "the connection failed: EOFError"
