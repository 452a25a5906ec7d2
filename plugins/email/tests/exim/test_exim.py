"""What Exim does differently: few messages a connection, refusals without enhanced codes, TLS that it cannot keep."""

from __future__ import annotations

import json

import pytest

from pulp_events import EventBus, PermanentFailure, TransientFailure

pytestmark = pytest.mark.slow

QUEUED = "no immediate delivery"


@pytest.fixture
def opened(exim, open_channel):
    return lambda **settings: open_channel(None, host="127.0.0.1", port=exim.port, **settings)


def test_by_default_no_message_is_only_queued(exim, tmp_path) -> None:
    conf = tmp_path / "server.conf"
    conf.write_text(f"[email]\nenabled = true\nhost = 127.0.0.1\nport = {exim.port}\nfrom = pulp@exim.test\n")
    with EventBus.open(config=conf, deliver="background", data_dir=tmp_path / "data") as bus:
        bus.listeners.create("email", {"subject": "s", "addresses": ["ops@box.test"]}, ["*"])
        events = [bus.emit("repo.sync.start", {"number": number}) for number in range(60)]
        for event in events:
            assert [one.state for one in bus.wait(event, 30)] == ["delivered"]
    found = [json.loads(one.get_content())["payload"]["number"] for one in exim.messages(60)]
    assert sorted(found) == list(range(60))
    assert QUEUED not in exim.log()


def test_it_says_itself_that_more_would_be_queued(exim, opened, made) -> None:
    with opened(messages_per_connection=100) as channel:
        for number in range(12):
            channel.send(made("x", {"number": number}, target="ops@box.test"))
    exim.messages(10)
    assert exim.log().count(QUEUED) == 2


def test_relaying_that_is_refused_waits_for_an_administrator_and_an_unknown_name_does_not(
    opened, made, failure_of
) -> None:
    with opened() as channel:
        relay = failure_of(channel, made("x", {}, target="ops@elsewhere.test"))
        unknown = failure_of(channel, made("x", {}, target="nobody@box.test"))
    assert (type(relay), str(relay)) == (TransientFailure, "RCPT: 550 relay not permitted")
    assert (type(unknown), str(unknown)) == (PermanentFailure, "RCPT: 550 Unrouteable address")


def test_an_offer_of_tls_that_it_cannot_keep_costs_no_message(exim, opened, made, failure_of, caplog) -> None:
    delivery = made("x", {}, target="ops@box.test")
    exim.break_tls(True)
    try:
        with opened(security="starttls-if-offered") as channel:
            channel.send(delivery)
            channel.send(delivery)
        with opened(security="starttls") as channel:
            failure = failure_of(channel, delivery)
    finally:
        exim.break_tls(False)
    exim.messages(2)
    assert "refused STARTTLS with 454" in str(failure)
    assert [one.getMessage().endswith("mail is sent unencrypted") for one in caplog.records].count(True) == 1
    with opened(security="starttls-if-offered") as channel:
        channel.send(delivery)
    (message,) = exim.messages(1)
    assert "with esmtps" in str(message["Received"])


def test_what_is_too_large_for_it_is_left_out(exim, opened, made) -> None:
    with opened() as channel:
        channel.send(made("x", {"text": "y" * 1_500_000}, target="ops@box.test"))
    (message,) = exim.messages(1)
    assert "so it was left out" in message.get_content()
