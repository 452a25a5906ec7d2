"""Against a real RabbitMQ 4."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from proton import Message, Timeout
from proton.utils import BlockingConnection

from pulp_events import EventBus, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events_amqp.dialects.link_pair import request
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings

pytestmark = [pytest.mark.rabbitmq, pytest.mark.slow]

EVENT_TYPES = ["repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish", "consumer.bind"]


@pytest.fixture
def url(rabbitmq) -> str:
    """As a user that may do everything."""
    return rabbitmq.url("admin")


def manage(channel, method: str, path: str, body: dict) -> None:
    """A request to RabbitMQ's management node over the channel's connection."""
    engine = channel._engine
    answer = engine.perform(lambda: request(engine, method, path, body), time.monotonic() + 10, "managing")
    assert answer.status in (201, 204), answer


def bind(channel, exchange: str, pattern: str, queue: str) -> None:
    """Make a durable queue that is bound to the exchange."""
    durable = {"durable": True, "exclusive": False, "auto_delete": False, "arguments": {}}
    manage(channel, "PUT", f"/queues/{queue}", durable)
    binding = {"source": exchange, "binding_key": pattern, "destination_queue": queue, "arguments": {}}
    manage(channel, "POST", "/bindings", binding)


def drain(url: str, queue: str, count: int) -> list[Message]:
    """`count` messages of a queue, and the assurance that there is not one more."""
    connection = BlockingConnection(url, timeout=10)
    receiver = connection.create_receiver(f"/queues/{queue}", credit=200)
    messages = []
    for _ in range(count):
        messages.append(receiver.receive())
        receiver.accept()
    receiver.drain(1)
    assert not receiver.fetcher.has_message
    connection.close()
    return messages


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("repo.#", EVENT_TYPES[:4]), ("repo.*.finish", [EVENT_TYPES[1], EVENT_TYPES[3]]), ("#", EVENT_TYPES)],
)
def test_consumers_get_exactly_the_events_that_they_bound(pattern, expected, url, make_delivery, open_channel) -> None:
    queue = f"q-{EVENT_TYPES.index(expected[0])}-{len(expected)}"
    channel = open_channel(url, "events")
    bind(channel, "events", pattern, queue)
    deliveries = [make_delivery(number, event_type) for number, event_type in enumerate(EVENT_TYPES)]
    assert all(failure is None for _, failure in channel.send_batch(deliveries))
    messages = drain(url, queue, len(expected))
    assert [message.subject for message in messages] == expected
    by_id = {delivery.id: delivery for delivery in deliveries}
    for message in messages:
        assert bytes(message.body) == by_id[message.id].report
        assert message.durable and message.content_type == "application/json"
        assert message.correlation_id == "79be77a8"
        assert message.properties["event_type"] == message.subject


@pytest.mark.parametrize("exchange", ["made-by-us", "a b/ü", "amq.topic", "is-there"])
def test_an_exchange_is_made_when_absent_and_used_when_there(exchange, url, make_delivery, open_channel) -> None:
    for _ in range(2):
        channel = open_channel(url, exchange)
        channel.send(make_delivery())
        assert channel.broker.product == "RabbitMQ"


def test_an_exchange_of_another_type_is_refused_and_both_types_are_named(url, open_channel) -> None:
    with pytest.raises(TransientFailure, match=r"'is-direct' is of type direct.*topic"):
        open_channel(url, "is-direct")


def test_an_exchange_that_was_deleted_meanwhile_is_made_again(url, make_delivery, open_channel) -> None:
    channel = open_channel(url, "short-lived")
    channel._exchange = "deleted"  # as good as deleted; an administrator would need rabbitmqctl for it
    with pytest.raises(TransientFailure, match="'deleted' is gone: amqp:not-found"):
        channel.send(make_delivery())
    assert channel.broken
    open_channel(url, "short-lived").send(make_delivery())


def test_without_permission_to_publish_the_failure_has_the_brokers_words(rabbitmq, make_delivery, open_channel) -> None:
    with pytest.raises(
        TransientFailure, match=r"permission 'write'.*amqp:unauthorized-access: write access to exchange 'is-there'"
    ):
        open_channel(rabbitmq.url("reader"), "is-there").send(make_delivery())


def test_a_refusal_while_publishing_names_the_permission(rabbitmq, make_delivery, open_channel) -> None:
    channel = open_channel(rabbitmq.url("declarer"), "declared")
    with pytest.raises(
        TransientFailure, match=r"closed the link.*the permission 'write' on exchange 'declared' is miss"
    ):
        channel.send(make_delivery())
    assert channel._engine.lost is None, "the connection is shared, and others go on using it"


def test_what_nobody_is_bound_for_is_delivered(url, make_delivery, open_channel) -> None:
    open_channel(url, "nobody-listens").send(make_delivery())


def test_without_permission_to_make_it_an_exchange_is_used_if_it_is_there(
    rabbitmq, make_delivery, open_channel
) -> None:
    open_channel(rabbitmq.url("publisher"), "is-there").send(make_delivery())
    with pytest.raises(
        TransientFailure, match=r"'not-there' does not exist, and the permission 'configure'.*missing"
    ) as caught:
        open_channel(rabbitmq.url("publisher"), "not-there")
    assert not isinstance(caught.value, TimedOut)


def test_a_wrong_password_is_refused(rabbitmq, open_channel) -> None:
    with pytest.raises(TransientFailure, match="SASL PLAIN as user 'admin'") as caught:
        open_channel(rabbitmq.url("admin").replace(":admin@", ":s3cret@"))
    assert "s3cret" not in str(caught.value)


def test_tls_with_a_password(rabbitmq, make_delivery, open_channel) -> None:
    url = f"amqps://admin:admin@localhost:{rabbitmq.tls_port}"
    channel = open_channel(url, "is-there", cacert=rabbitmq.file("ca.pem"))
    assert all(failure is None for _, failure in channel.send_batch([make_delivery(n) for n in range(200)]))
    with pytest.raises(TransientFailure, match="not trusted"):
        open_channel(url, "is-there")
    with pytest.raises(TransientFailure, match=r"not trusted.*(?i:ip address)"):
        open_channel(url.replace("localhost", "127.0.0.1"), "is-there", cacert=rabbitmq.file("ca.pem"))


def test_a_client_certificate_is_a_login(rabbitmq, make_delivery, open_channel) -> None:
    """SASL EXTERNAL; the user of that name may not make exchanges, the one of ANONYMOUS may."""
    url = f"amqps://localhost:{rabbitmq.tls_port}"
    mine = {"cacert": rabbitmq.file("ca.pem"), "clientcert": rabbitmq.file("client.pem")}
    open_channel(url, "is-there", **mine).send(make_delivery())
    with pytest.raises(TransientFailure, match="refused for user 'certified'"):
        open_channel(url, "not-there", **mine)


def test_a_virtual_host_is_the_urls_path(url, make_delivery, open_channel) -> None:
    open_channel(f"{url}/pulp", "only-here").send(make_delivery())
    with pytest.raises(TransientFailure, match="nowhere"):
        open_channel(f"{url}/nowhere")


def test_a_batch_of_large_reports_is_delivered(url, make_delivery, open_channel) -> None:
    channel = open_channel(url, "large")
    bind(channel, "large", "#", "large")
    report = b'{"payload": "%s"}' % (b"x" * 250_000)
    outcomes = list(channel.send_batch([make_delivery(number, report=report) for number in range(20)]))
    assert all(failure is None for _, failure in outcomes)
    assert [len(message.body) for message in drain(url, "large", 20)] == [len(report)] * 20


def test_a_broker_killed_and_restarted_while_10_000_events_flow_loses_none(
    rabbitmq, url, tmp_path, open_channel
) -> None:
    """Every event that was emitted is in the queue, and nothing else."""
    channel = open_channel(url, "killed")
    bind(channel, "killed", "#", "killed")
    channel.close()
    rabbitmq.restart()  # so that the binding outlives the kill, see there
    conf = tmp_path / "server.conf"
    conf.write_text(
        f"[events]\ndata_dir = {tmp_path / 'data'}\n[messaging]\nurl = {url}\n"
        "[delivery]\nretry_schedule = 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s\n"
    )
    emitted: list[str] = []
    with EventBus.open(conf, deliver="background") as bus:
        bus.listeners.create("amqp", {"exchange": "killed"}, ["*"])
        for number in range(100):
            emitted += [event.id for event in bus.emit_many([("repo.sync.start", {"n": n}) for n in range(100)])]
            if number == 50:
                wait_until(lambda: bus.deliveries.stats().delivered > 1000)
                before = bus.deliveries.stats().delivered
                rabbitmq.kill()
            if number == 70:
                rabbitmq.start()
        wait_until(lambda: bus.deliveries.stats().delivered == 10_000)
        attempts = max(len(bus.deliveries.attempts(f"{event_id}.0")) for event_id in emitted[::100])
    found = receive(url, "killed", 10_000)
    assert {message_id.rpartition(".")[0] for message_id in found} == set(emitted)
    assert len(found) < 10_000 + 400, "only what was on its way may come twice"
    print(f"killed after {before}, {len(found) - 10_000} came twice, at most {attempts} attempts")


def receive(url: str, queue: str, count: int) -> list[str]:
    """Message ids in a queue until there are `count` different ones and no more come."""
    connection = BlockingConnection(url, timeout=30)
    receiver = connection.create_receiver(f"/queues/{queue}", credit=1000)
    found: list[str] = []
    while True:
        try:
            found.append(str(receiver.receive(2 if len(found) >= count else 30).id))
        except Timeout:
            break
        receiver.accept()
    connection.close()
    return found


def wait_until(condition, timeout: float = 120.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.02)


ALARM = "{resource_limit, memory, node()}"


@contextlib.contextmanager
def memory_alarm(rabbitmq) -> Iterator[None]:
    assert rabbitmq.evaluate(f"rabbit_alarm:set_alarm({{{ALARM}, []}}).") == "ok"
    try:
        yield
    finally:
        assert rabbitmq.evaluate(f"rabbit_alarm:clear_alarm({ALARM}).") == "ok"


def test_under_a_memory_alarm_deliveries_wait_and_afterwards_they_flow(
    rabbitmq, url, make_delivery, open_channel
) -> None:
    channel = open_channel(url, "alarm", timeout="1s")
    bind(channel, "alarm", "#", "alarm")
    batch = [make_delivery(number) for number in range(200)]
    with memory_alarm(rabbitmq):
        failures: list = []

        def failed() -> bool:
            failures.extend(failure for _, failure in channel.send_batch(batch) if failure is not None)
            return bool(failures)

        wait_until(failed)  # what was under way when the alarm went up may still be taken
        for _ in range(2):
            channel.close()
            with pytest.raises(TransientFailure) as caught:
                channel.open()
            failures.append(caught.value)
        for failure in failures:
            assert not isinstance(failure, TimedOut), failure
            assert "blocked the connection" in str(failure) and "memory or disk alarm" in str(failure)
            assert failure.retry_after == 1.0
    channel.close()
    channel.open()
    assert all(failure is None for _, failure in channel.send_batch(batch))
    assert set(receive(url, "alarm", 200)) == {delivery.id for delivery in batch}


def test_what_is_in_flight_when_an_alarm_ends_goes_out_within_a_second(
    rabbitmq, url, make_delivery, open_channel
) -> None:
    channel = open_channel(url, "alarm-ends", timeout="60s")
    bind(channel, "alarm-ends", "#", "alarm-ends")
    with memory_alarm(rabbitmq):
        time.sleep(0.5)
        channel.submit([make_delivery(1)])
        assert list(channel.settled(0.5)) == []
    ((_, failure),) = channel.settled(5.0)
    assert failure is None and channel.detail == "accepted"


def test_an_alarm_that_ends_while_a_channel_opens_lets_it_go_on(rabbitmq, url, make_delivery, open_channel) -> None:
    with memory_alarm(rabbitmq), ThreadPoolExecutor(1) as threads:
        opening = threads.submit(open_channel, url, "alarm-opens", timeout="60s")
        with pytest.raises(TimeoutError):
            opening.result(1.0)
        assert rabbitmq.evaluate(f"rabbit_alarm:clear_alarm({ALARM}).") == "ok"
        channel = opening.result(5.0)
    channel.send(make_delivery())
    assert not channel._engine.takes_nothing()


def test_an_alarm_costs_no_step_of_the_schedule(rabbitmq, url, tmp_path, open_channel) -> None:
    """With an hour between attempts, only the pause that the failure asks for can be what brings the next one."""
    bind(open_channel(url, "alarm-bus"), "alarm-bus", "#", "alarm-bus")
    conf = tmp_path / "server.conf"
    conf.write_text(
        f"[events]\ndata_dir = {tmp_path / 'data'}\n[messaging]\nurl = {url}\ntimeout = 1s\n"
        "[delivery]\nretry_schedule = 1h\n"
    )
    with EventBus.open(conf, deliver="background") as bus:
        bus.listeners.create("amqp", {"exchange": "alarm-bus"}, ["*"])
        with memory_alarm(rabbitmq):
            time.sleep(0.5)
            event = bus.emit("repo.sync.start", {})
            wait_until(lambda: len(bus.deliveries.attempts(f"{event.id}.0")) >= 3)
        wait_until(lambda: bus.deliveries.stats().delivered == 1)
        attempts = bus.deliveries.attempts(f"{event.id}.0")
    assert {attempt.outcome for attempt in attempts[:-1]} == {"transient"}, attempts
    assert all("blocked the connection" in attempt.detail for attempt in attempts[:-1])
    assert attempts[-1].outcome == "delivered"


def test_many_channels_share_one_connection_and_use_its_sessions_again(url, make_delivery, open_channel) -> None:
    """RabbitMQ permits 64 sessions on a connection."""
    first = open_channel(url, "shared")
    for number in range(150):
        channel = open_channel(url, f"shared-{number % 3}")
        channel.send(make_delivery(number))
        assert channel._engine is first._engine
        channel.close()
    others = [open_channel(url, "shared") for _ in range(20)]
    with ThreadPoolExecutor(20) as threads:
        sent = threads.map(lambda one: list(one.send_batch([make_delivery(n) for n in range(50)])), others)
    assert all(failure is None for outcomes in sent for _, failure in outcomes)
    assert {id(one._engine) for one in others} == {id(first._engine)}


def test_a_connection_that_refusals_wore_out_is_replaced(rabbitmq, make_delivery, open_channel) -> None:
    """Each refusal ends a session, and ended sessions are not used again."""
    url = rabbitmq.url("publisher")
    keeper = open_channel(url, "is-there")
    engines = {keeper._engine}
    for _ in range(40):
        channel = AmqpNotifier().open(
            {"exchange": "not-there"}, MessagingSettings().load({"url": url, "timeout": "5s"})
        )
        with pytest.raises(TransientFailure, match="permission 'configure'"):
            channel.open()
        engines.add(channel._engine)
        channel.close()
    if rabbitmq.version < (4, 1):  # later ones answer 403 and leave the session
        assert len(engines) >= 2
    keeper.send(make_delivery())
    assert keeper._engine.lost is None


def test_a_queue_that_is_full_is_transient(url, make_delivery, open_channel) -> None:
    channel = open_channel(url, "full")
    limited = {"x-max-length": 1, "x-overflow": "reject-publish"}
    manage(
        channel,
        "PUT",
        "/queues/full",
        {"durable": True, "exclusive": False, "auto_delete": False, "arguments": limited},
    )
    manage(
        channel,
        "POST",
        "/bindings",
        {"source": "full", "binding_key": "#", "destination_queue": "full", "arguments": {}},
    )
    outcomes = [failure for _, failure in channel.send_batch([make_delivery(n) for n in range(10)])]
    failures = [failure for failure in outcomes if failure is not None]
    assert len(failures) < 10
    assert all(type(failure) is TransientFailure and "a queue is full" in str(failure) for failure in failures), (
        failures
    )


END_QUEUE = """
    {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"down">>)),
    {dictionary, Dictionary} = process_info(amqqueue:get_pid(Queue), dictionary),
    [Supervisor, Above | _] = proplists:get_value('$ancestors', Dictionary),
    supervisor:terminate_child(Above, Supervisor).
"""


def test_a_queue_that_is_down_is_transient(rabbitmq, url, make_delivery, open_channel) -> None:
    """As when its node is: 4.3 says so with a condition and info, 4.0 with neither."""
    channel = open_channel(url, "down")
    bind(channel, "down", "#", "down")
    channel.send(make_delivery(1))
    assert rabbitmq.evaluate(END_QUEUE) == "ok"
    with pytest.raises(TransientFailure) as caught:
        channel.send(make_delivery(2))
    if rabbitmq.version >= (4, 3):
        assert "amqp:precondition-failed: queue 'down' is unavailable" in str(caught.value)
        assert "reason=unavailable" in str(caught.value)


def test_a_message_over_the_servers_limit_says_so(url, make_delivery, open_channel) -> None:
    channel = open_channel(url, "large")
    report = b'{"payload": "%s"}' % (b"x" * 1_000_000)
    with pytest.raises(TransientFailure, match="accepts at most 1000000"):
        channel.send(make_delivery(report=report))
    channel.send(make_delivery())


def test_the_options_of_a_listener_reach_the_queue(url, make_delivery, open_channel) -> None:
    config = {"subject_prefix": "pulp.server.", "ttl": "1h", "format": "cloudevents"}
    channel = open_channel(url, "options", config)
    bind(channel, "options", "pulp.server.repo.#", "options")
    channel.send(make_delivery())
    (message,) = drain(url, "options", 1)
    assert message.subject == "pulp.server.repo.sync.start"
    assert message.content_type == "application/cloudevents+json"
    assert 3500 < message.ttl <= 3600


def test_what_waits_longer_than_its_time_to_live_is_dropped(url, make_delivery, open_channel) -> None:
    channel = open_channel(url, "expiring", {"ttl": "1ms"})
    bind(channel, "expiring", "#", "expiring")
    channel.send(make_delivery())
    assert channel.detail == "accepted"
    time.sleep(0.1)
    assert drain(url, "expiring", 0) == []


@pytest.mark.parametrize(
    ("user", "exchange", "expected"),
    [
        ("admin", "is-there", r"'is-there': there.*'write': yes; permission 'configure': yes"),
        ("publisher", "is-there", r"'is-there': there.*'write': yes; permission 'configure': no"),
        ("admin", "never-made", r"'never-made': absent.*needs the permission 'configure'"),
    ],
)
def test_a_probe_says_who_the_broker_is_and_what_is_permitted(user, exchange, expected, rabbitmq) -> None:
    first, second = probe(rabbitmq.url(user), exchange)
    assert re.search(rf"127\.0\.0\.1:\d+: RabbitMQ 4\.\d.*no TLS, SASL PLAIN as user '{user}'", first)
    assert re.search(expected, second)


@pytest.mark.parametrize(
    ("user", "exchange", "failure", "expected"),
    [
        ("reader", "is-there", TransientFailure, "permission 'write' on exchange 'is-there' is missing"),
        ("admin", "is-direct", TransientFailure, "is of type direct"),
    ],
)
def test_a_probe_fails_as_a_delivery_would(user, exchange, failure, expected, rabbitmq) -> None:
    with pytest.raises(failure, match=expected):
        probe(rabbitmq.url(user), exchange)


def test_a_probe_makes_nothing(rabbitmq) -> None:
    for _ in range(2):
        assert "absent" in probe(rabbitmq.url("admin"), "still-not-made")[1]


def probe(url: str, exchange: str) -> list[str]:
    return list(AmqpNotifier().probe(MessagingSettings().load({"url": url, "topic_exchange": exchange})))
