"""Connections that do not come about, end, or hang."""

from __future__ import annotations

import gc
import logging
import re
import socket
import threading
import time

import pytest

from pulp_events import TransientFailure
from pulp_events.errors import TimedOut
from pulp_events_amqp.settings import MessagingSettings
from pulp_events_amqp.testing import AmqpBroker, Faults


def test_a_port_where_nobody_listens_is_transient_and_named(open_channel) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(TransientFailure, match=f"127.0.0.1:{port}: Connection refused"):
            open_channel(f"amqp://127.0.0.1:{port}")


def test_a_host_that_does_not_exist_is_transient(open_channel) -> None:
    with pytest.raises(TransientFailure, match=r"cannot connect to amqp://broker\.invalid:5672"):
        open_channel("amqp://broker.invalid")


def test_a_broker_that_never_answers_times_out(open_channel) -> None:
    with AmqpBroker(faults=Faults(silent=True)) as broker:
        started = time.monotonic()
        with pytest.raises(TimedOut, match="opening the connection"):
            open_channel(broker.url, timeout="300ms")
        assert time.monotonic() - started < MessagingSettings().load({})["timeout"], "not by the default"


def test_a_server_that_speaks_something_else_is_transient(open_channel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"220 mail.example.com ESMTP\r\n")
                peer.settimeout(60)
                while peer.recv(1024):
                    pass

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(TransientFailure, match="its answer begins with"):
            open_channel(f"amqp://127.0.0.1:{server.getsockname()[1]}")
        thread.join()


@pytest.mark.parametrize("fault", ["close_after", "drop_after"])
def test_a_connection_that_ends_in_mid_batch_loses_nothing_silently(fault, broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    setattr(broker.faults, fault, 10)
    deliveries = [make_delivery(number) for number in range(50)]
    outcomes = dict(channel.send_batch(deliveries))
    assert set(outcomes) == set(deliveries)
    failed = [failure for failure in outcomes.values() if failure is not None]
    assert failed and all(type(failure) is TransientFailure for failure in failed)
    if fault == "close_after":
        assert "amqp:connection:forced: closed by the test" in str(failed[0])
    else:
        # The latter where the broker had not yet read all that was sent.
        words = r"lost: (it ended without a message from the broker|Connection reset by peer)"
        assert re.search(words, str(failed[0]))
    assert channel.broken
    accepted = {message.id for message in broker.messages if message.outcome == "accept"}
    assert {delivery.id for delivery, failure in outcomes.items() if failure is None} <= accepted


@pytest.mark.parametrize("how", ["close_connections", "drop_connections"])
def test_a_connection_that_ended_while_idle_costs_no_attempt(how, broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    channel.send(make_delivery(1))
    getattr(broker, how)()
    _wait_until(lambda: channel._engine.lost is not None)
    channel.send(make_delivery(2))
    assert [message.id for message in broker.wait_for(2)] == ["5081a42c1.1", "5081a42c2.1"]


def test_after_a_restart_of_the_broker_the_same_channel_delivers(make_delivery, open_channel) -> None:
    with AmqpBroker() as broker:
        channel = open_channel(broker.url)
        broker.stop()
        _wait_until(lambda: channel._engine.lost is not None)
        channel._shared._timeout = 0.3
        with pytest.raises(TransientFailure, match="refused"):
            channel.send(make_delivery(1))
        assert channel.broken
        broker.start()
        channel._shared._timeout = 30.0
        channel.send(make_delivery(1))
        assert len(broker.wait_for(1)) == 1


@pytest.mark.slow
def test_heartbeats_keep_an_idle_connection_alive(make_delivery, open_channel) -> None:
    with AmqpBroker(idle_timeout=1.5) as broker:
        channel = open_channel(broker.url)
        engine = channel._engine
        time.sleep(3.2)
        assert engine.lost is None
        channel.send(make_delivery())
        assert len(broker.authentications) == 1


def test_a_broker_that_falls_silent_is_found_dead_by_the_heartbeat(open_channel) -> None:
    with AmqpBroker() as broker:
        channel = open_channel(broker.url, heartbeat="1s")
        broker.faults.silent = True
        _wait_until(lambda: channel._engine.lost is not None)
        assert "lost: the broker said nothing for 1 s ([messaging] heartbeat)" in channel._engine.lost


def test_closing_leaves_neither_connection_nor_thread(broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    channel.send(make_delivery())
    channel.close()
    _wait_until(lambda: broker.connections == 0)
    _wait_until(lambda: not [one for one in threading.enumerate() if one.name == f"amqp {broker.url}"])


def test_a_batch_that_is_left_early_sends_nothing_more(broker, make_delivery, open_channel) -> None:
    broker.faults.credit = 1
    channel = open_channel(broker.url)
    outcomes = channel.send_batch([make_delivery(number) for number in range(100)])
    next(outcomes)
    outcomes.close()
    channel.send(make_delivery(1000))
    assert broker.messages[-1].id == "5081a42c1000.1"
    assert len(broker.messages) < 100


def test_the_right_password_is_let_in_and_a_wrong_one_is_refused_without_being_shown(
    make_delivery, open_channel, caplog
) -> None:
    caplog.set_level(logging.DEBUG)
    with AmqpBroker(users={"pulp": "s3cret"}) as broker:
        host = broker.url.removeprefix("amqp://")
        open_channel(f"amqp://pulp:s3cret@{host}").send(make_delivery())
        open_channel(broker.url, username="pulp", password="s3cret").send(make_delivery())
        assert broker.authentications == [("PLAIN", "pulp")] * 2
        with pytest.raises(TransientFailure, match=r"refused SASL PLAIN as user 'pulp'") as caught:
            open_channel(f"amqp://pulp:wr0ng@{host}")
        assert not isinstance(caught.value, TimedOut)
        with pytest.raises(TransientFailure, match=r"refused SASL ANONYMOUS"):
            open_channel(broker.url)
    assert "s3cret" not in caplog.text and "wr0ng" not in caplog.text + str(caught.value) + repr(caught.value)


def test_a_password_is_not_sent_without_tls_to_another_machine(open_channel) -> None:
    with pytest.raises(TransientFailure, match="allow_insecure_plain") as caught:
        open_channel("amqp://pulp:s3cret@192.0.2.1")
    assert "s3cret" not in str(caught.value)


def test_a_channel_that_never_opened_can_be_closed_and_leaks_no_socket(open_channel) -> None:
    with AmqpBroker(users={"a": "b"}) as broker:
        for _ in range(3):
            with pytest.raises(TransientFailure):
                open_channel(broker.url)
        gc.collect()
        _wait_until(lambda: broker.connections == 0)


def _wait_until(condition, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.01)
