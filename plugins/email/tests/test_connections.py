"""How long a connection serves: for so many messages, and not beyond what the server takes on it."""

from __future__ import annotations

import pytest

from pulp_events import EventBus, TransientFailure
from pulp_events.testing.smtp_sink import SmtpSink


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def sink(request):
    with SmtpSink(pipelining=request.param) as sink:
        yield sink


@pytest.mark.parametrize(("most", "connections"), [(None, 3), (1, 25), (7, 4), (100, 1)])
def test_a_connection_takes_so_many_messages_and_no_more(sink, open_channel, delivery, most, connections) -> None:
    settings = {} if most is None else {"messages_per_connection": most}
    with open_channel(sink, **settings) as channel:
        for _ in range(25):
            channel.send(delivery)
    found = [one.connection for one in sink.wait_for(25)]
    assert max(found.count(number) for number in found) == min(most or 10, 25)
    assert sink.connections == connections


@pytest.mark.parametrize(
    "answer",
    [
        "451 4.7.1 Enough",
        "452 4.5.3 Too many messages",
        "421 4.7.0 Good bye",
        "550 5.7.1 Too many messages",
        "554 Enough",
    ],
)
def test_a_server_that_has_had_enough_of_a_connection_gets_each_message_once_on_another(
    sink, open_channel, delivery, answer
) -> None:
    sink.reply("MAIL", answer, after=3)
    with open_channel(sink) as channel:
        for _ in range(10):
            channel.send(delivery)
    found = [one.connection for one in sink.wait_for(10)]
    assert [found.count(number) for number in (1, 2, 3, 4)] == [3, 3, 3, 1]
    assert len(sink.received) == 10


def test_what_is_refused_on_a_new_connection_too_has_failed(sink, open_channel, delivery, failure_of) -> None:
    with open_channel(sink) as channel:
        channel.send(delivery)
        sink.reply("MAIL", "451 4.7.1 Later")
        for connections in (2, 3):
            failure = failure_of(channel, delivery)
            assert (type(failure), str(failure)) == (TransientFailure, "MAIL: 451 4.7.1 Later")
            assert sink.connections == connections
        sink.clear_replies()
        channel.send(delivery)
        assert len(sink.wait_for(2)) == 2


def test_a_recipient_that_is_refused_costs_no_connection(sink, open_channel, delivery, failure_of) -> None:
    with open_channel(sink) as channel:
        channel.send(delivery)
        sink.reply("RCPT", "450 4.2.0 Greylisted", times=1)
        failure_of(channel, delivery)
        channel.send(delivery)
        assert (len(sink.wait_for(2)), sink.connections) == (2, 1)


def test_through_the_bus_none_dies_of_a_spent_connection(sink, tmp_path) -> None:
    sink.reply("MAIL", "452 4.3.2 Too many messages in this connection", after=4)
    conf = tmp_path / "server.conf"
    conf.write_text(f"[email]\nenabled = true\nhost = {sink.host}\nport = {sink.port}\n")
    with EventBus.open(config=conf, deliver="inline", data_dir=tmp_path / "data") as bus:
        bus.listeners.create("email", {"subject": "s", "addresses": ["a@x.example"]}, ["*"], retry_schedule=[0.01])
        for number in range(30):
            event = bus.emit("repo.sync.start", {"number": number})
            assert [(one.state, one.attempts) for one in bus.wait(event, 60)] == [("delivered", 1)]
    assert len(sink.received) == 30


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    "answer", ["452 4.5.3 Too many recipients", "452 Too many recipients", "421 4.7.0 Good bye", "550 5.5.3 Too many"]
)
def test_so_does_one_that_says_so_at_the_recipient_or_the_message(
    sink, open_channel, delivery, failure_of, command, answer
) -> None:
    with open_channel(sink) as channel:
        sink.reply(command, answer, after=2)
        for _ in range(6):
            channel.send(delivery)
        assert [one.connection for one in sink.wait_for(6)] == [1, 1, 2, 2, 3, 3]
        sink.reply(command, answer)
        assert str(failure_of(channel, delivery)) == f"{command}: {answer}"
        assert sink.connections == 4


@pytest.mark.parametrize("answer", ["close", "421 4.7.0 Good bye", "452 4.5.3 Too many", "250 stray"])
def test_so_does_one_that_takes_no_message_after_data(scripted, open_channel, delivery, answer) -> None:
    def say(command: str, connection: int, count: int) -> str | None:
        return answer if (command, connection, count) == ("DATA", 1, 2) else None

    with scripted(say) as server, open_channel(None, host="127.0.0.1", port=server.port) as channel:
        for _ in range(3):
            channel.send(delivery)
        assert (len(server.messages), server.connections) == (3, 2)
