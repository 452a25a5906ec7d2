"""The connection that all amqp listeners of a process share."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events import EventBus, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events.testing.fault_proxy import FaultProxy
from pulp_events_amqp.links import attach_sender
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings
from pulp_events_amqp.testing import AmqpBroker


def test_all_listeners_of_a_process_share_one_connection(broker, tmp_path) -> None:
    conf = tmp_path / "server.conf"
    conf.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n[messaging]\nurl = {broker.url}\n")
    with EventBus.open(conf, deliver="background") as bus:
        for number in range(10):
            bus.listeners.create("amqp", {"exchange": f"exchange-{number}"}, ["*"])
        for _ in range(20):
            bus.emit("repo.sync.start", {})
        broker.wait_for(200, timeout=60)
        assert len(broker.authentications) == 1
    wait_until(lambda: broker.connections == 0)


def test_channels_of_many_threads_get_their_own_outcomes(broker, make_delivery, open_channel) -> None:
    channels = [open_channel(broker.url, f"e{number}", timeout="60s") for number in range(8)]

    def send(number: int) -> set[str]:
        sent: set[str] = set()
        for turn in range(5):
            batch = [make_delivery(number * 1000 + turn * 100 + n) for n in range(100)]
            outcomes = list(channels[number].send_batch(batch))
            assert [failure for _, failure in outcomes] == [None] * 100
            sent |= {delivery.id for delivery, _ in outcomes}
        return sent

    with ThreadPoolExecutor(8) as threads:
        sent = list(threads.map(send, range(8)))
    assert len(broker.authentications) == 1
    for number, ids in enumerate(sent):
        assert {one.id for one in broker.messages if one.exchange == f"e{number}"} == ids and len(ids) == 500


def test_the_connection_goes_with_the_last_channel(broker, make_delivery, open_channel) -> None:
    one, other = open_channel(broker.url), open_channel(broker.url, "other")
    one.close()
    other.send(make_delivery())
    assert broker.connections == 1
    other.close()
    wait_until(lambda: broker.connections == 0)
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == f"amqp {broker.url}"])


def test_another_thread_may_not_touch_protons_objects(broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    engine = channel._engine
    with pytest.raises(RuntimeError, match="belong to the engine's thread"):
        next(attach_sender(engine, "pulp"))
    link = engine.perform(lambda: attach_sender(engine, "pulp"), time.monotonic() + 60, "attaching")
    assert link.name.startswith("pulp-events-")
    channel.send(make_delivery())


def test_other_settings_are_another_connection(broker, open_channel) -> None:
    one, other = open_channel(broker.url), open_channel(broker.url, heartbeat="10s")
    assert one._engine is not other._engine
    assert broker.connections == 2


FORK = """
import os, sys
from pulp_events.testing.factory import make_delivery
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings

settings = MessagingSettings().load({"url": sys.argv[1], "timeout": "30s"})

def opened():
    channel = AmqpNotifier().open({"exchange": "pulp"}, settings)
    channel.open()
    return channel

mine = opened()
child = os.fork()
if child == 0:
    opened().send(make_delivery("child.one"))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
mine.send(make_delivery("parent.one"))
mine.close()
"""


def test_a_forked_child_has_a_connection_of_its_own_and_leaves_its_parents_alone(broker) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK, broker.url], check=True, timeout=60)
    assert {message.subject for message in broker.wait_for(2)} == {"child.one", "parent.one"}
    assert len(broker.authentications) == 2


@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", "Apache Qpid Broker-J Core"])
def test_what_is_refused_to_one_channel_harms_no_other(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        healthy = open_channel(broker.url)
        broker.faults.may_create = False
        for _ in range(5):
            with pytest.raises(TransientFailure, match="does not exist"):
                open_channel(broker.url, "not-there")
        healthy.send(make_delivery())
        assert len(broker.authentications) == 1


@pytest.mark.sample(1)
@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", "Apache Qpid Broker-J Core"])
def test_sessions_are_used_again(product, make_delivery, open_channel) -> None:
    """RabbitMQ permits 64 of them."""
    with AmqpBroker(product) as broker:
        keeper = open_channel(broker.url)
        for number in range(200):
            channel = open_channel(broker.url)
            channel.send(make_delivery(number))
            channel.close()
        assert len(broker.authentications) == 1
        assert keeper._engine.sessions._begun < 10


def test_a_connection_whose_sessions_are_used_up_is_replaced_and_its_users_stay(make_delivery, open_channel) -> None:
    with AmqpBroker("RabbitMQ") as broker:
        channels = [open_channel(broker.url) for _ in range(100)]
        assert len(broker.authentications) == 2
        for number, channel in enumerate(channels):
            channel.send(make_delivery(number))
        first = channels[0]._engine
        for channel in channels[:70]:
            channel.close()
        wait_until(lambda: broker.connections == 1)
        assert first.lost is not None
        channels[-1].send(make_delivery(1000))


def test_a_dead_peer_is_not_waited_for_twice(make_delivery, open_channel) -> None:
    """Long before the heartbeat finds it: what times out in silence makes the next one connect again."""
    with AmqpBroker() as broker, FaultProxy(broker.port) as proxy:
        channel = open_channel(f"amqp://127.0.0.1:{proxy.port}", heartbeat="1h")
        other = open_channel(f"amqp://127.0.0.1:{proxy.port}", heartbeat="1h")
        broker.faults.silent = True
        channel._timeout = 0.5
        with pytest.raises(TimedOut, match="did not settle"):
            channel.send(make_delivery(1))
        assert channel.broken
        broker.faults.silent = False
        channel.close()
        again = open_channel(f"amqp://127.0.0.1:{proxy.port}", heartbeat="1h")
        assert again._engine is not other._engine
        again.send(make_delivery(2))


def test_the_next_broker_of_the_list_is_used_when_one_is_down(make_delivery, open_channel) -> None:
    with AmqpBroker() as one, AmqpBroker() as other:
        urls = f"{one.url}, {other.url}"
        channel = open_channel(urls)
        channel.send(make_delivery(1))
        one.stop()
        wait_until(lambda: channel._engine.lost is not None)
        channel.send(make_delivery(2))
        one.start()
        channel.send(make_delivery(3))
        assert [message.id for message in one.messages] == ["5081a42c1.1"]
        assert [message.id for message in other.messages] == ["5081a42c2.1", "5081a42c3.1"], "it stays where it works"
        other.stop()
        wait_until(lambda: channel._engine.lost is not None)
        channel.send(make_delivery(4))
        assert one.wait_for(2)[-1].id == "5081a42c4.1"


def test_a_broker_of_the_list_that_refuses_the_login_is_passed_over(make_delivery, open_channel) -> None:
    with AmqpBroker(users={"pulp": "another"}) as strict, AmqpBroker(users={"pulp": "s3cret"}) as ours:
        urls = ", ".join(one.url.replace("amqp://", "amqp://pulp:s3cret@") for one in (strict, ours))
        open_channel(urls).send(make_delivery())
        assert len(ours.messages) == 1


def test_when_no_broker_of_the_list_can_be_used_every_reason_is_told(open_channel) -> None:
    with AmqpBroker(users={"a": "b"}) as strict, AmqpBroker() as down:
        url = down.url
        down.stop()
        with pytest.raises(TransientFailure, match=r"none of 2 brokers.*refused SASL ANONYMOUS.*Connection refused"):
            open_channel(f"{strict.url},{url}")


@pytest.mark.slow
def test_a_broker_that_is_back_within_the_timeout_costs_no_attempt(make_delivery, open_channel) -> None:
    with AmqpBroker() as broker:
        channels = [open_channel(broker.url, f"e{number}") for number in range(4)]
        broker.stop()
        wait_until(lambda: channels[0]._engine.lost is not None)
        timer = threading.Timer(0.7, broker.start)
        timer.start()
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda numbered: numbered[1].send(make_delivery(numbered[0])), enumerate(channels)))
        timer.join()
        assert len(broker.messages) == 4
        assert len(broker.authentications) == 2, "they came back over one connection"


@pytest.mark.slow
def test_attempts_to_come_back_have_pauses_between_them(make_delivery, open_channel) -> None:
    with AmqpBroker() as broker, FaultProxy(broker.port) as proxy:
        channel = open_channel(f"amqp://127.0.0.1:{proxy.port}", timeout="1500ms")
        proxy.fault = "reset"
        proxy.drop()
        wait_until(lambda: channel._engine.lost is not None)
        before = proxy.connections
        with pytest.raises(TransientFailure):
            channel.send(make_delivery(1))
        assert 2 <= proxy.connections - before <= 6


def test_a_login_that_is_refused_is_not_tried_again_at_once(make_delivery, open_channel) -> None:
    with AmqpBroker(users={"pulp": "s3cret"}) as broker:
        channel = open_channel(broker.url.replace("//", "//pulp:s3cret@"))
        broker.users["pulp"] = "changed"
        broker.close_connections()
        wait_until(lambda: channel._engine.lost is not None)
        with pytest.raises(TransientFailure, match="refused SASL PLAIN"):
            channel.send(make_delivery(1))
        assert len(broker.authentications) == 2
        broker.users["pulp"] = "s3cret"
        channel.send(make_delivery(1))


@pytest.mark.slow
def test_nobody_fails_without_a_try_however_long_the_broker_was_down(make_delivery, open_channel) -> None:
    with AmqpBroker() as broker, FaultProxy(broker.port) as proxy:
        channel = open_channel(f"amqp://127.0.0.1:{proxy.port}")
        channel._shared._timeout = 0.4
        proxy.fault = "refuse"
        proxy.drop()
        wait_until(lambda: channel._engine.lost is not None)
        for _ in range(3):
            with pytest.raises(TransientFailure, match="refused"):
                channel.send(make_delivery(1))
        proxy.fault = "none"
        channel._shared._timeout = 30.0
        channel.send(make_delivery(1))
        assert len(broker.messages) == 1


def test_a_first_connection_that_fails_is_a_failure_at_once(broker) -> None:
    url = broker.url
    broker.stop()
    channel = AmqpNotifier().open({}, MessagingSettings().load({"url": url, "timeout": "60s"}))
    started = time.monotonic()
    with pytest.raises(TransientFailure, match="refused"):
        channel.open()
    assert time.monotonic() - started < 30
    broker.start()
    channel.open()
    channel.close()


@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", "Apache Qpid Broker-J Core"])
@pytest.mark.slow
def test_nothing_is_lost_or_left_over_while_connections_drop_at_random(product, make_delivery) -> None:
    """Six threads open, send, retry and close; every delivery arrives, and no connection or thread stays."""
    dice = random.Random(product)
    with AmqpBroker(product) as broker, FaultProxy(broker.port) as proxy:
        settings = MessagingSettings().load({"url": f"amqp://127.0.0.1:{proxy.port}", "timeout": "30s"})

        def work(number: int) -> None:
            waiting = {one.id: one for one in (make_delivery(number * 1000 + n) for n in range(300))}
            while waiting:
                try:
                    with AmqpNotifier().open({"exchange": f"e{number % 3}"}, settings) as channel:
                        while waiting and not channel.broken and dice.random() < 0.8:
                            for delivery, failure in channel.send_batch(list(waiting.values())[:40]):
                                assert failure is None or isinstance(failure, TransientFailure), failure
                                if failure is None:
                                    del waiting[delivery.id]
                except TransientFailure:
                    pass

        with ThreadPoolExecutor(6) as threads:
            workers = [threads.submit(work, number) for number in range(6)]
            while not all(worker.done() for worker in workers):
                time.sleep(dice.uniform(0.01, 0.1))
                proxy.drop() if dice.random() < 0.5 else broker.close_connections()
            for worker in workers:
                worker.result()
        arrived = {message.id for message in broker.messages if message.outcome in ("accept", "release")}
        assert arrived == {f"5081a42c{number * 1000 + n}.1" for number in range(6) for n in range(300)}
        wait_until(lambda: broker.connections == 0)
        wait_until(lambda: not [one for one in threading.enumerate() if one.name.endswith(f":{proxy.port}")])


def wait_until(condition, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.01)
