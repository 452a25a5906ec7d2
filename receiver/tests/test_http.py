"""What the HTTP notifier sends is read, in each format; anything else is one clear error."""

import json
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import EventBus
from pulp_events.testing.http_sink import HttpSink
from pulp_events_http.signing_keys import generate
from pulp_events_receiver import Rejected, Verifier, read_http

SECRET = generate()
TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1,b=2"}
PAYLOAD = {"repo_id": 'Büro "3"\n', "added_count": 3, "of": [None, True, 1.5, "\U0001f600"]}
CALL_REPORT = {"task_id": "79be77a8", "state": "finished"}
FORMATS = ("report", "cloudevents", "cloudevents-binary")


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """By format: the event and the request in which it left, from a real bus to a real server."""
    found = {}
    data = {"data_dir": str(tmp_path_factory.mktemp("data")), "source": "Büro 3"}
    with HttpSink() as sink, EventBus.open(settings={"events": data}, deliver="inline") as bus:
        for each in FORMATS:
            listener = bus.listeners.create(
                "http", {"url": f"{sink.url}/{each}", "secret": SECRET, "format": each}, ["repo.sync.start"]
            )
            event = bus.emit("repo.sync.start", PAYLOAD, call_report=CALL_REPORT, trace_context=TRACE)
            [request] = [request for request in sink.requests if request.path == f"/{each}"]
            found[each] = event, request
            bus.listeners.delete(listener.id)
    return found


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("verifier", [None, Verifier(SECRET)], ids=["unsigned", "signed"])
def test_an_event_is_read_as_it_was_emitted(format, verifier, sent):
    event, request = sent[format]
    received = read_http(request.headers, request.body, verifier)
    assert (received.event_id, received.delivery_id) == (event.id, f"{event.id}.0")
    assert (received.event_type, received.payload, received.call_report) == (event.event_type, PAYLOAD, CALL_REPORT)
    assert received.time == event.time
    assert received.source == (None if format == "report" else "B%C3%BCro%203")
    assert received.trace_context == TRACE
    assert not received.is_test


def test_a_test_of_the_listener_is_told_apart(tmp_path):
    with HttpSink() as sink, EventBus.open(settings={"events": {"data_dir": str(tmp_path)}}) as bus:
        bus.test_listener(bus.listeners.create("http", {"url": sink.url}, ["*"]).id)
        [request] = sink.wait_for(1)
    assert read_http(request.headers, request.body, None).is_test


def binary(**more):
    return {
        "content-type": "application/json", "pulp-delivery-id": "a.0", "ce-specversion": "1.0", "ce-id": "a",
        "ce-source": "pulp", "ce-type": "repo.sync.start", **more,
    }  # fmt: skip


REPORT = {"call_report": {}, "event_type": "repo.sync.start", "payload": {}}
EVENT = {"specversion": "1.0", "id": "a", "source": "pulp", "type": "repo.sync.start", "data": REPORT}
PLAIN = {"content-type": "application/json", "pulp-delivery-id": "a.0"}
WHOLE = {"content-type": "application/cloudevents+json; charset=utf-8", "pulp-delivery-id": "a.0"}


def without(found, name):
    return {key: value for key, value in found.items() if key != name}


@pytest.mark.parametrize(
    ("fields", "content", "text"),
    [
        (without(PLAIN, "pulp-delivery-id"), REPORT, "Pulp-Delivery-Id is missing"),
        (PLAIN | {"pulp-delivery-id": "a"}, REPORT, "delivery id is not one"),
        (PLAIN | {"pulp-delivery-id": "a\x00.0"}, REPORT, "delivery id is not one"),
        (PLAIN | {"pulp-delivery-id": "a" * 300 + ".0"}, REPORT, "delivery id is not one"),
        (PLAIN | {"pulp-event-id": "b"}, REPORT, "event id is not that of the delivery"),
        (PLAIN | {"pulp-event-type": "repo.sync.finish"}, REPORT, "event type is not that of the delivery"),
        (PLAIN | {"pulp-event-time": "yesterday"}, REPORT, "Pulp-Event-Time is not a time"),
        (PLAIN | {"pulp-event-time": "2026-11-27T10:00:00"}, REPORT, "Pulp-Event-Time is not a time"),
        (PLAIN | {"content-type": "text/plain"}, REPORT, "content type is neither"),
        (without(PLAIN, "content-type"), REPORT, "content type is neither"),
        (PLAIN, [], "not a report"),
        (PLAIN, {"event_type": "repo.sync.start"}, "not a report"),
        (PLAIN, {**REPORT, "event_type": 7}, "not the name of an event type"),
        (PLAIN, {**REPORT, "event_type": ""}, "not the name of an event type"),
        (PLAIN, {**REPORT, "event_type": "a\nb"}, "not the name of an event type"),
        (WHOLE, REPORT, "a CloudEvent without id"),
        (WHOLE, [EVENT], "not a CloudEvent"),
        (WHOLE, {**EVENT, "specversion": "2.0"}, "another version"),
        (WHOLE, {**EVENT, "id": "b"}, "id of the CloudEvent is not that"),
        (WHOLE, {**EVENT, "type": "b"}, "type of the CloudEvent is not that"),
        (WHOLE, {**EVENT, "time": "1"}, "time of the CloudEvent is not a time"),
        (WHOLE, without(EVENT, "data"), "not a report"),
        (binary(**{"ce-id": "b"}), REPORT, "id of the CloudEvent is not that"),
        (binary(**{"ce-type": "b"}), REPORT, "type of the CloudEvent is not that"),
        (binary(**{"ce-source": ""}), REPORT, "a CloudEvent without source"),
        (binary(**{"ce-time": "now"}), REPORT, "ce-time is not a time"),
    ],
)
def test_what_is_no_event_is_rejected_with_a_text_that_says_why(fields, content, text):
    with pytest.raises(Rejected, match=text) as caught:
        read_http(fields, json.dumps(content).encode(), None)
    assert caught.value.status in (400, 415)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b'{"a": Infinity}', b"\xff", b"[" * 100_000, b"1" * 10_000, b"\xef\xbb\xbf{}"]
)
@pytest.mark.parametrize("fields", [PLAIN, WHOLE])
def test_what_is_no_json_is_rejected(fields, body):
    with pytest.raises(Rejected, match="JSON|report|CloudEvent"):
        read_http(fields, body, None)


def test_a_header_that_is_not_signed_cannot_pass_for_another_delivery(sent):
    _, request = sent["report"]
    headers = {**request.headers, "pulp-delivery-id": "another.0"}
    with pytest.raises(Rejected, match="not the webhook-id") as caught:
        read_http(headers, request.body, Verifier(SECRET))
    assert caught.value.status == 401


def test_a_signed_body_without_the_other_headers_is_enough(sent):
    event, request = sent["report"]
    headers = {name: value for name, value in request.headers.items() if not name.startswith("pulp-")}
    received = read_http(headers, request.body, Verifier(SECRET))
    assert (received.event_id, received.time) == (event.id, None)


@given(
    st.dictionaries(
        st.sampled_from([*binary(), "pulp-event-id", "pulp-event-type", "pulp-event-time", "ce-time", "traceparent"]),
        st.text(max_size=30) | st.sampled_from([*binary().values(), *WHOLE.values()]),
    ),
    st.binary(max_size=50) | st.sampled_from([json.dumps(EVENT).encode(), json.dumps(REPORT).encode()]),
)
def test_whatever_comes_is_read_or_rejected(fields, body):
    try:
        read_http(fields, body, None)
    except Rejected as error:
        assert set(str(error)) <= set(string.ascii_letters + string.digits + " -_,:;./()+…"), "only words of ours"


def test_the_time_is_aware_whatever_its_offset():
    found = read_http(PLAIN | {"pulp-event-time": "2026-11-27T10:00:00.5+02:00"}, json.dumps(REPORT).encode(), None)
    assert found.time == datetime(2026, 11, 27, 8, 0, 0, 500_000, UTC)
    assert found.time.utcoffset() == timedelta(hours=2)


def test_headers_of_the_standard_librarys_server_are_read(sent):
    """Those of `http.server`: an `email.message.Message`, which iterates over its names."""
    from email.message import Message

    event, request = sent["report"]
    headers = Message()
    for name, value in request.headers.items():
        headers[name] = value
    assert read_http(headers, request.body, Verifier([SECRET])).event_id == event.id
