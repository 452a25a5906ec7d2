"""What the body is: the report, a CloudEvent, or what a template makes."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events import Delivery, InvalidConfig, PermanentFailure
from pulp_events.events.cloud_events import _REFERENCE, as_uri_reference
from pulp_events.testing.factory import make_delivery
from pulp_events.testing.http_sink import HttpSink
from pulp_events_http import pulp_notifiers
from pulp_events_http.body import TemplateBody
from pulp_events_http.config import HttpConfig

EXAMPLES = Path(__file__).parents[1] / "examples"


def sent(open_channel, delivery: Delivery, **config):
    with HttpSink() as sink, open_channel({"url": sink.url, **config}) as channel:
        channel.send(delivery)
        return sink.wait_for(1)[0]


def refused(**config: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        HttpConfig().load({"url": "http://h/", **config})
    return caught.value.messages


@pytest.mark.parametrize("kind", ["cloudevents", "cloudevents-binary"])
def test_a_cloudevent_is_read_by_the_sdk(open_channel, delivery: Delivery, kind: str) -> None:
    delivery = dataclasses.replace(delivery, source="pulp.example.com")
    request = sent(open_channel, delivery, format=kind)
    event = from_http_event(HTTPMessage(dict(request.headers), request.body))
    assert event.get_specversion() == "1.0"
    assert event.get_id() == delivery.event_id
    assert event.get_type() == "repo.sync.start"
    assert event.get_source() == "pulp.example.com"
    assert event.get_time() == delivery.event_time
    assert event.get_subject() == "pulp2"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == json.loads(delivery.report)


def test_a_structured_cloudevent_says_so_and_a_binary_one_is_the_report(open_channel, delivery: Delivery) -> None:
    structured = sent(open_channel, delivery, format="cloudevents")
    assert structured.headers["content-type"] == "application/cloudevents+json"
    assert "ce-id" not in structured.headers
    binary = sent(open_channel, delivery, format="cloudevents-binary")
    assert binary.headers["content-type"] == "application/json"
    assert binary.body == delivery.report


@pytest.mark.parametrize("payload", [{}, {"repo_id": ""}, {"repo_id": 7}, {"repo_id": None}])
def test_there_is_a_subject_only_where_there_is_a_repository(open_channel, payload) -> None:
    request = sent(open_channel, make_delivery(payload=payload), format="cloudevents")
    assert "subject" not in json.loads(request.body)


def test_an_awkward_subject_survives_the_headers(open_channel) -> None:
    name = 'Grüße "x"\r\nX-Evil: 1 %41'
    request = sent(open_channel, make_delivery(payload={"repo_id": name}), format="cloudevents-binary")
    assert "x-evil" not in request.headers
    assert from_http_event(HTTPMessage(dict(request.headers), request.body)).get_subject() == name


@given(st.text(max_size=40) | st.from_regex(r"[a-z]{0,5}:?/{0,2}[^\s]{0,20}"))
def test_the_source_is_always_a_uri_reference(text: str) -> None:
    made = as_uri_reference(text)
    assert made
    assert _REFERENCE.match(made)


@pytest.mark.parametrize(
    "text",
    ["/a/b", "urn:x:y", "https://u@h:1/p?q#f", "h.example", "../x", "http://[::1]:80/", "mailto:a@b", "?q", "#f"],
)
def test_a_uri_reference_stays_as_it_is(text: str) -> None:
    assert as_uri_reference(text) == text


@pytest.mark.parametrize("text", ["a b", "1:b", "http://h:x/", "a#b#c", "%zz", "http://[x]/", "ü", "a\\b"])
def test_what_is_no_uri_reference_is_encoded_whole(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", as_uri_reference(text))


def test_a_template_makes_the_body(open_channel, delivery: Delivery) -> None:
    source = "{{ event.event_type }} {{ payload.repo_id }} {{ delivery_id }} {{ missing.name }}|"
    request = sent(open_channel, delivery, format="template", body_template=source, content_type="text/plain")
    assert request.body.decode() == f"repo.sync.start pulp2 {delivery.id} |"
    assert request.headers["content-type"] == "text/plain"


def test_a_template_that_begins_with_at_is_no_name_of_a_file(open_channel, delivery: Delivery) -> None:
    request = sent(open_channel, delivery, format="template", body_template="@/etc/hostname", content_type="text/plain")
    assert request.body == b"@/etc/hostname"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ payload.repo_id", "line 1"),
        ("{% for %}", "line 1"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ 'x' * 1000000000 }}", "not available"),
        ('{"text": {{ payload.repo_id }}}', "does not produce valid JSON"),
        ("hello", "does not produce valid JSON"),
    ],
)
def test_a_template_is_tried_out_before_it_is_stored(pulp_events_bus, source: str, text: str) -> None:
    config = {"url": "http://h/", "format": "template", "body_template": source}
    with pytest.raises(InvalidConfig, match="body_template") as caught:
        pulp_events_bus.listeners.create("http", config, ["*"])
    assert text in str(caught.value)
    assert pulp_events_bus.listeners.list() == []


def test_a_template_and_its_format_go_together() -> None:
    assert "body_template" in refused(format="template")
    assert "body_template" in refused(body_template="{}")
    assert "content_type" in refused(content_type="text/plain")
    assert "content_type" in refused(format="template", body_template="x", content_type="text\r\nX: y")
    assert "format" in refused(format="xml")


@pytest.mark.parametrize("charset", ["iso-8859-1", "UTF-16", "us-ascii", '"windows-1252"', ""])
def test_a_charset_other_than_what_is_sent_is_refused(charset: str) -> None:
    config = {"format": "template", "body_template": "x", "content_type": f"text/plain; charset={charset}"}
    assert "content_type" in refused(**config)


@pytest.mark.parametrize(
    ("content_type", "accepted"),
    [
        ("text/plain; charset=utf-8; charset=latin1", False),
        ("text/plain; charset=utf-8; charset=utf-8", False),
        ('text/plain; y="; charset=latin1"', True),
        ('text/plain; y="a\\"; charset=latin1"; charset=utf-8', True),
        ('text/plain; y="; charset=utf-8"; charset=latin1', False),
        ('text/plain; y="a"; charset="latin1"', False),
        ('text/plain; charset="u\\tf-8"', True),
        ('text/plain; y="a" b"', False),
        ("text/plain; a=1; A=2", False),
    ],
)
def test_parameters_are_read_as_they_are_quoted(open_channel, content_type: str, accepted: bool) -> None:
    config = {"format": "template", "body_template": "x", "content_type": content_type}
    if accepted:
        with open_channel({"url": "http://127.0.0.1:9/", **config}):
            pass
    else:
        assert "content_type" in refused(**config)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_the_charset_that_is_sent_may_be_named(open_channel, charset: str) -> None:
    config = {"format": "template", "body_template": "€", "content_type": f"text/plain; charset={charset}"}
    request = sent(open_channel, make_delivery(), **config)
    assert request.body == "€".encode()
    assert request.headers["content-type"] == f"text/plain; charset={charset}"


def test_a_template_that_fails_for_an_event_is_permanent_and_says_where(open_channel, delivery: Delivery) -> None:
    source = "{{ 1 / (0 if payload.repo_id == 'zero' else 1) }}"
    with (
        HttpSink() as sink,
        open_channel({"url": sink.url, "format": "template", "body_template": source}) as channel,
    ):
        channel.send(delivery)
        with pytest.raises(PermanentFailure, match="body_template: ZeroDivisionError"):
            channel.send(make_delivery(payload={"repo_id": "zero"}))
        assert len(sink.wait_for(1)) == 1


def test_a_template_that_quotes_by_hand_is_warned_of() -> None:
    (notifier,) = pulp_notifiers()
    for source, warned in (('{"a": "{{ payload.repo_id }}"}', 1), ('{"a": {{ payload.repo_id | tojson }}}', 0)):
        config = {"url": "http://127.0.0.1/", "format": "template", "body_template": source}
        assert len([text for text in notifier.warnings(config, {}) if "tojson" in text]) == warned


EVENTS = [
    {"repo_id": "pulp2"},
    {},
    {"repo_id": 'x "quoted"\n\\ {{ 7 }} @everyone' + "é" * 5000, "result": "error"},
    {"repo_id": ["not", "text"], "result": 5},
]


@pytest.mark.parametrize("payload", EVENTS)
@pytest.mark.parametrize("service", ["slack", "discord", "teams"])
def test_the_examples_make_what_the_services_take(service: str, payload) -> None:
    source = (EXAMPLES / f"{service}.json.j2").read_text()
    HttpConfig().load({"url": "https://h/", "format": "template", "body_template": source})
    body = json.loads(TemplateBody(source, "application/json")(make_delivery(payload=payload))[0])
    if service == "slack":  # https://api.slack.com/messaging/webhooks: text, not empty
        assert list(body) == ["text"]
        assert 0 < len(body["text"]) <= 3000
    elif service == "discord":  # Execute Webhook: content of up to 2000 characters
        assert 0 < len(body["content"]) <= 2000
        assert body["allowed_mentions"] == {"parse": []}
    else:  # a message whose attachments are Adaptive Cards
        (attachment,) = body["attachments"]
        assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
        card = attachment["content"]
        assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
        assert all(isinstance(fact[key], str) for fact in card["body"][1]["facts"] for key in ("title", "value"))


TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1,b=x y%"}


@pytest.mark.parametrize("kind", ["report", "cloudevents", "cloudevents-binary", "template"])
def test_the_trace_leaves_in_headers_and_in_the_extension_of_cloudevents(open_channel, delivery, kind: str) -> None:
    more = {"body_template": "{}"} if kind == "template" else {}
    plain = sent(open_channel, delivery, format=kind, **more)
    assert not {name for name in plain.headers if "trace" in name}
    request = sent(open_channel, dataclasses.replace(delivery, trace_context=TRACE), format=kind, **more)
    assert {name: request.headers[name] for name in TRACE} == TRACE
    if kind.startswith("cloudevents"):
        event = from_http_event(HTTPMessage(dict(request.headers), request.body))
        assert {name: event.get_extension(name) for name in TRACE} == TRACE


@pytest.mark.parametrize("header", ["TraceParent: mine", "tracestate: mine=1"])
def test_a_listeners_own_header_of_that_name_is_sent_and_neither_of_ours(open_channel, delivery, header: str) -> None:
    delivery = dataclasses.replace(delivery, trace_context=TRACE)
    request = sent(open_channel, delivery, header=[header], format="cloudevents-binary")
    name, value = header.lower().split(": ")
    assert {key: value for key, value in request.headers.items() if key in TRACE} == {name: value}
    assert request.headers["ce-traceparent"] == TRACE["traceparent"]
