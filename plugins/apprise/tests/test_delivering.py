"""Events through a real bus to real servers: one delivery for each URL, tried again by itself."""

import json

import pytest

from pulp_events import InvalidConfig
from pulp_events.testing.http_sink import Answer, HttpSink

EVENT_TYPE = "repo.sync.finish"
PAYLOAD = {"repo_id": "pulp2", "result": "failed", "added_count": 3}


def create(bus, *urls, **config):
    return bus.listeners.create("apprise", {"url": list(urls), **config}, [EVENT_TYPE])


def mail_to(sink):
    return f"mailto://127.0.0.1:{sink.port}?from=pulp@example.com&to=a@example.com&smtp=127.0.0.1"


def attempts(bus, event):
    """Target → outcomes of its attempts."""
    return {
        delivery.target: [attempt.outcome for attempt in bus.outbox.attempts(delivery.id)]
        for delivery in bus.wait(event, 0)
    }


def message(request):
    return json.loads(request.body)


def test_a_title_and_the_payload_arrive(bus, pulp_events_http_sink):
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/")
    bus.emit(EVENT_TYPE, PAYLOAD)
    [request] = pulp_events_http_sink.wait_for(1)
    assert message(request)["title"] == "repo.sync.finish: pulp2"
    assert message(request)["message"].startswith("repo_id: pulp2\nresult: failed\nadded_count: 3\n2023-11-14T")
    assert message(request)["type"] == "failure"


@pytest.mark.parametrize(("result", "kind"), [("success", "success"), ("failed", "failure"), (None, "info")])
def test_the_result_of_the_work_is_the_kind_of_the_message(bus, pulp_events_http_sink, result, kind):
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/")
    bus.emit(EVENT_TYPE, {"result": result})
    assert message(pulp_events_http_sink.wait_for(1)[0])["type"] == kind


def test_templates_are_the_administrators(bus, pulp_events_http_sink):
    create(
        bus,
        f"json://127.0.0.1:{pulp_events_http_sink.port}/?format=html",
        title="{{ payload.repo_id | upper }}\n!",
        body="<b>{{ payload.text }}</b>",
        format="html",
    )
    bus.emit(EVENT_TYPE, {"repo_id": "pulp2", "text": "a < b"})
    [request] = pulp_events_http_sink.wait_for(1)
    assert message(request)["title"] == "PULP2 !"
    assert message(request)["message"] == "<b>a &lt; b</b>"


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_every_format_has_a_default_that_also_suits_an_empty_payload(bus, pulp_events_http_sink, format):
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/", format=format)
    assert attempts(bus, bus.emit(EVENT_TYPE, {})) == {"json": ["delivered"]}
    assert "test" in message(pulp_events_http_sink.wait_for(1)[0])["message"]


@pytest.mark.parametrize("scheme", ["json", "xml", "form"])
def test_a_web_hook_gets_the_id_of_each_delivery(bus, pulp_events_http_sink, clock, scheme):
    pulp_events_http_sink.answer = [Answer(503), Answer()]
    create(bus, f"{scheme}://127.0.0.1:{pulp_events_http_sink.port}/?+X-Own=mine")
    first = bus.emit("repo.sync.finish", {"repo_id": "a"})
    clock.advance(3600)
    bus.deliver_due()
    second = bus.emit("repo.sync.finish", {"repo_id": "b"})
    ids = [request.headers["pulp-delivery-id"] for request in pulp_events_http_sink.wait_for(3)]
    assert ids == [f"{first.id}.0", f"{first.id}.0", f"{second.id}.0"]
    assert {request.headers["x-own"] for request in pulp_events_http_sink.requests} == {"mine"}


def test_mail_arrives(bus, pulp_events_smtp_sink):
    create(bus, mail_to(pulp_events_smtp_sink))
    event = bus.emit(EVENT_TYPE, PAYLOAD)
    assert attempts(bus, event) == {"mailto": ["delivered"]}, bus.wait(event, 0)[0].detail
    [received] = pulp_events_smtp_sink.wait_for(1)
    assert received.message["Subject"] == "repo.sync.finish: pulp2"
    assert "added_count: 3" in received.message.get_body(("plain", "html")).get_content()


def test_refused_mail_is_transient(bus, pulp_events_smtp_sink):
    pulp_events_smtp_sink.reply("DATA", "451 4.7.1 Come back later")
    create(bus, mail_to(pulp_events_smtp_sink))
    assert attempts(bus, bus.emit(EVENT_TYPE, PAYLOAD)) == {"mailto": ["transient"]}


def test_ntfy_is_notified(bus, pulp_events_http_sink):
    create(bus, f"ntfy://127.0.0.1:{pulp_events_http_sink.port}/pulp-events")
    event = bus.emit(EVENT_TYPE, PAYLOAD)
    assert attempts(bus, event) == {"ntfy": ["delivered"]}, bus.wait(event, 0)[0].detail
    assert message(pulp_events_http_sink.wait_for(1)[0])["topic"] == "pulp-events"


def test_only_the_service_that_failed_is_tried_again(bus, clock, pulp_events_smtp_sink):
    with HttpSink() as good, HttpSink([Answer(500), Answer(500), Answer(200)]) as bad:
        listener = create(
            bus,
            f"json://127.0.0.1:{good.port}/",
            f"json://127.0.0.1:{bad.port}/",
            f"ntfy://127.0.0.1:{good.port}/topic",
            mail_to(pulp_events_smtp_sink),
        )
        assert listener.targets == ("json", "json 2", "ntfy", "mailto")
        event = bus.emit(EVENT_TYPE, PAYLOAD)
        for _ in range(2):
            clock.advance(3600)
            bus.deliver_due()
        assert attempts(bus, event) == {
            "json": ["delivered"],
            "json 2": ["transient", "transient", "delivered"],
            "ntfy": ["delivered"],
            "mailto": ["delivered"],
        }
        assert len(good.requests) == 2 and len(bad.requests) == 3 and len(pulp_events_smtp_sink.messages) == 1


def test_a_failure_says_what_apprise_logged(bus, pulp_events_http_sink):
    pulp_events_http_sink.answer = Answer(500)
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/")
    event = bus.emit(EVENT_TYPE, PAYLOAD)
    [delivery] = bus.wait(event, 0)
    [attempt] = bus.outbox.attempts(delivery.id)
    assert attempt.outcome == "transient"
    assert attempt.detail == "json: Failed to send JSON POST notification: Internal server error., error=500."


def test_a_redirect_is_a_failure(bus, pulp_events_http_sink):
    """Who follows it sends a GET without the message, and is told 200."""
    pulp_events_http_sink.answer = lambda request: (
        Answer(302, {"Location": "/elsewhere"}) if request.path == "/" else Answer()
    )
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/")
    assert attempts(bus, bus.emit(EVENT_TYPE, PAYLOAD)) == {"json": ["transient"]}


def test_a_url_can_neither_call_a_failure_a_success_nor_repeat_attempts(bus, pulp_events_http_sink):
    pulp_events_http_sink.answer = Answer(500)
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/?optional=yes&retry=3&wait=0.1")
    assert attempts(bus, bus.emit(EVENT_TYPE, PAYLOAD)) == {"json": ["transient"]}
    assert len(pulp_events_http_sink.requests) == 1


def test_a_template_that_fails_or_makes_nothing_is_permanent(bus, pulp_events_http_sink):
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/", body="{{ 1 // 0 }}")
    create(bus, f"json://127.0.0.1:{pulp_events_http_sink.port}/", body="{{ payload.nothing }}")
    found = bus.wait(bus.emit(EVENT_TYPE, PAYLOAD), 0)
    assert [delivery.state for delivery in found] == ["dead", "dead"]
    assert "ZeroDivisionError" in found[0].detail and "produced no text" in found[1].detail
    assert pulp_events_http_sink.requests == []


def test_an_update_leaves_what_waits_for_other_schemes_in_place(bus, clock, pulp_events_http_sink):
    pulp_events_http_sink.answer = Answer(500)
    ntfy, plain = (
        f"ntfy://127.0.0.1:{pulp_events_http_sink.port}/topic",
        f"json://127.0.0.1:{pulp_events_http_sink.port}/",
    )
    listener = create(bus, plain, ntfy)
    event = bus.emit(EVENT_TYPE, PAYLOAD)
    bus.listeners.update(listener.id, {"url": [ntfy]})
    pulp_events_http_sink.answer = Answer(200)
    clock.advance(3600)
    bus.deliver_due()
    assert attempts(bus, event) == {"json": ["transient"], "ntfy": ["transient", "delivered"]}
    assert [delivery.state for delivery in bus.wait(event, 0)] == ["dead", "delivered"]


def test_a_reference_may_hold_several_urls(bus, pulp_events_http_sink, monkeypatch):
    monkeypatch.delenv("PULP_TEST_URLS", raising=False)
    listener = bus.listeners.create("apprise", {"url": {"$env": "PULP_TEST_URLS"}}, [EVENT_TYPE])
    assert listener.targets == ("",)
    first, second = (f"json://127.0.0.1:{pulp_events_http_sink.port}/{name}?format=text" for name in ("one", "two"))
    monkeypatch.setenv("PULP_TEST_URLS", f"{first}, {second}\n")
    assert attempts(bus, bus.emit(EVENT_TYPE, PAYLOAD)) == {"": ["delivered"]}
    assert [request.path for request in pulp_events_http_sink.requests] == ["/one", "/two"]


def test_a_reference_that_leads_to_no_url_is_tried_again(bus, clock, caplog, pulp_events_http_sink, monkeypatch):
    monkeypatch.setenv("PULP_TEST_URLS", "t0ken-without-a-scheme")
    bus.listeners.create("apprise", {"url": {"$env": "PULP_TEST_URLS"}}, [EVENT_TYPE])
    event = bus.emit(EVENT_TYPE, PAYLOAD)
    assert "is not a URL" in bus.wait(event, 0)[0].detail
    assert "t0ken-without" not in caplog.text
    monkeypatch.setenv("PULP_TEST_URLS", f"json://127.0.0.1:{pulp_events_http_sink.port}/")
    clock.advance(3600)
    bus.deliver_due()
    assert attempts(bus, event) == {"": ["error", "delivered"]}


@pytest.mark.parametrize("answer", [Answer(200), Answer(500), Answer(302, {"Location": "/x"}), Answer(fault="reset")])
def test_secrets_are_in_no_log_error_or_list(bus, pulp_events_http_sink, caplog, answer):
    caplog.set_level(1)
    caplog.set_level(1, "apprise")
    pulp_events_http_sink.answer = answer
    url = f"json://pulp-us3r:s3cr3t%2Fpassword@127.0.0.1:{pulp_events_http_sink.port}/t0ken-in-path?-key=t0ken-in-query"
    listener = create(bus, url)
    event = bus.emit(EVENT_TYPE, PAYLOAD)
    [delivery] = bus.wait(event, 0)
    assert len(pulp_events_http_sink.requests) == 1
    assert {"apprise", "urllib3.connectionpool"} <= {record.name for record in caplog.records}
    seen = [caplog.text, delivery.detail, repr(bus.listeners.redacted(listener)), repr(listener.targets)]
    for secret in ("pulp-us3r", "s3cr3t%2Fpassword", "s3cr3t/password", "t0ken-in-path", "t0ken-in-query"):
        assert not any(secret in text for text in seen), f"{secret} is seen"


@pytest.mark.parametrize("url", ["t0ken", "slack://t0ken-in-host", "t0ken-as-scheme://x/y", "tgram://t0ken-in-host/1"])
def test_a_refused_url_is_not_repeated(bus, caplog, url):
    caplog.set_level(1)
    caplog.set_level(1, "apprise")
    with pytest.raises(InvalidConfig) as refused:
        create(bus, url)
    assert "t0ken" not in str(refused.value) + repr(refused.value.errors) + caplog.text
