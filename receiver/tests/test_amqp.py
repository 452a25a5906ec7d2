"""What the AMQP notifier sends is read, in each format, as proton and as clients of AMQP 0-9-1 give it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import EventBus
from pulp_events_amqp.testing import AmqpBroker
from pulp_events_receiver import Rejected, read_amqp

TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1"}
FORMATS = ("report", "cloudevents", "cloudevents-binary")
REPORT = {"call_report": {}, "event_type": "repo.sync.start", "payload": {}}


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """By format: the event and the message in which it left, from a real bus over real sockets."""
    with AmqpBroker() as broker:
        settings = {
            "events": {"data_dir": str(tmp_path_factory.mktemp("data")), "source": "pulp"},
            "messaging": {"url": broker.url},
        }
        found = {}
        with EventBus.open(settings=settings, deliver="inline") as bus:
            for number, each in enumerate(FORMATS, 1):
                listener = bus.listeners.create("amqp", {"format": each}, ["repo.sync.start"])
                event = bus.emit("repo.sync.start", {"repo_id": "é"}, call_report={"x": 1}, trace_context=TRACE)
                found[each] = event, broker.wait_for(number)[-1].message
                bus.listeners.delete(listener.id)
    return found


@pytest.mark.parametrize("format", FORMATS)
def test_an_event_is_read_as_it_was_emitted(format, sent):
    event, message = sent[format]
    received = read_amqp(
        message.body, message_id=message.id, content_type=message.content_type, properties=message.properties,
        creation_time=message.creation_time,
    )  # fmt: skip
    assert (received.event_id, received.delivery_id) == (event.id, f"{event.id}.0")
    assert (received.event_type, received.payload, received.call_report) == (
        "repo.sync.start", {"repo_id": "é"}, {"x": 1},
    )  # fmt: skip
    assert abs(received.time - event.time) < timedelta(milliseconds=1)
    assert received.source == (None if format == "report" else "pulp")
    assert received.trace_context == TRACE


@pytest.mark.parametrize("prefix", ["cloudEvents_", "cloudEvents:"])
@pytest.mark.parametrize(
    "time", ["2026-11-27T10:00:00Z", 1795773600000, datetime(2026, 11, 27, 10), datetime(2026, 11, 27, 10, tzinfo=UTC)]
)
def test_both_prefixes_and_each_form_of_a_time_are_read(prefix, time):
    attributes = {"id": "a", "source": "pulp", "type": "repo.sync.start", "specversion": "1.0", "time": time}
    properties = {f"{prefix}{name}": value for name, value in attributes.items()}
    received = read_amqp(json.dumps(REPORT), message_id="a.0", content_type="application/json", properties=properties)
    assert (received.time, received.source) == (datetime(2026, 11, 27, 10, tzinfo=UTC), "pulp")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"message_id": None}, "without the message-id"),
        ({"message_id": 7}, "without the message-id"),
        ({"message_id": "a"}, "delivery id is not one"),
        ({"content_type": None}, "content type is neither"),
        ({"properties": {"event_id": "b"}}, "event id is not that"),
        ({"properties": {"event_type": 7}}, "event type is not that"),
        ({"properties": {"cloudEvents_specversion": "1.0"}}, "a CloudEvent without id"),
        ({"creation_time": 1e30}, "time of the message"),
        ({"body": b"\xff"}, "not JSON"),
        ({"body": memoryview(b"[]")}, "not a report"),
        ({"body": "\ud800"}, "not JSON"),
    ],
)
def test_what_is_no_event_is_rejected(change, text):
    message = {"body": json.dumps(REPORT), "message_id": "a.0", "content_type": "application/json", "properties": None}
    with pytest.raises(Rejected, match=text):
        read_amqp(**message | change)
