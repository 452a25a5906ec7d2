"""Standard Webhooks: the specification's vectors, its official verifier, and the change of secrets."""

from __future__ import annotations

import base64
import dataclasses
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from pulp_events import Delivery, InvalidConfig
from pulp_events.testing.http_sink import HttpSink
from pulp_events_http import pulp_notifiers
from pulp_events_http.config import HttpConfig
from pulp_events_http.signing import Signer
from pulp_events_http.signing_keys import generate, key_bytes, public_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def verify_ed25519(public: str, headers, body: bytes) -> None:
    """As the specification has it for `v1a`. Raises InvalidSignature if no signature fits."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for signature in headers["webhook-signature"].split(" "):
        kind, _, value = signature.partition(",")
        if kind == "v1a":
            key.verify(base64.b64decode(value), signed)
            return
    raise InvalidSignature


def test_the_published_vector_comes_out() -> None:
    headers = Signer({"secret": SECRET}).headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1614265330.9)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_published_ed25519_vector_comes_out() -> None:
    """The signature in the specification's example of headers; key and message are those of Svix's server test."""
    secret = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
    headers = Signer({"secret": secret}).headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1614265330)
    assert headers["webhook-signature"] == (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    )
    assert public_key(secret) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="


def test_the_official_verifier_accepts_what_a_server_received(open_channel, delivery: Delivery) -> None:
    unicode = dataclasses.replace(delivery, report='{"payload": "Grüße, 世界 👋"}'.encode())
    with HttpSink() as sink, open_channel({"url": sink.url, "secret": SECRET}) as channel:
        channel.send(delivery)
        channel.send(unicode)
        first, second = sink.wait_for(2)
    for request in (first, second):
        Webhook(SECRET).verify(request.body, dict(request.headers))
        with pytest.raises(WebhookVerificationError):
            Webhook(OTHER).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(first.body + b" ", dict(first.headers))


@pytest.mark.parametrize("config", [{"format": "cloudevents"}, {"format": "cloudevents-binary"},
                                    {"format": "template", "body_template": "{{ report }}"}])  # fmt: skip
def test_every_format_is_signed_as_it_leaves(open_channel, delivery: Delivery, config) -> None:
    with HttpSink() as sink, open_channel({"url": sink.url, "secret": SECRET, **config}) as channel:
        channel.send(delivery)
        (request,) = sink.wait_for(1)
    Webhook(SECRET).verify(request.body, dict(request.headers))


def test_the_webhook_id_is_the_deliverys_on_every_attempt(open_channel, delivery: Delivery) -> None:
    with HttpSink() as sink, open_channel({"url": sink.url, "secret": SECRET}) as channel:
        channel.send(delivery)
        channel.send(delivery)
        assert {request.headers["webhook-id"] for request in sink.wait_for(2)} == {delivery.id}


def test_without_a_secret_there_is_no_signature(open_channel, delivery: Delivery) -> None:
    with HttpSink() as sink, open_channel({"url": sink.url}) as channel:
        channel.send(delivery)
        assert not any(name.startswith("webhook-") for name in sink.wait_for(1)[0].headers)


@pytest.mark.parametrize("short", [False, True])
def test_an_ed25519_signature_is_accepted_by_the_public_key(open_channel, delivery: Delivery, short: bool) -> None:
    secret = generate("whsk_")
    if short:  # the seed alone
        secret = "whsk_" + base64.b64encode(key_bytes(secret)[:32]).decode()
    with HttpSink() as sink, open_channel({"url": sink.url, "secret": secret}) as channel:
        channel.send(delivery)
        (request,) = sink.wait_for(1)
    verify_ed25519(public_key(secret), request.headers, request.body)
    with pytest.raises(InvalidSignature):
        verify_ed25519(public_key(secret), request.headers, request.body + b" ")


def test_ed25519_agrees_with_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert public_key("whsk_" + base64.b64encode(seed).decode()) == "whpk_" + base64.b64encode(public).decode()


def test_two_secrets_sign_until_the_overlap_ends() -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    config = HttpConfig().load(
        {"url": "https://h/", "secret": OTHER, "previous_secret": SECRET, "previous_secret_until": until.isoformat()}
    )
    signer = Signer(config)
    during = signer.headers("id", b"{}", time.time())
    for secret in (SECRET, OTHER):
        Webhook(secret).verify(b"{}", during)
    after = signer.headers("id", b"{}", until.timestamp() + 1)
    assert " " not in after["webhook-signature"]


@pytest.mark.parametrize("word", ["generate", "generate-ed25519"])
def test_generate_makes_a_new_secret_each_time(word: str) -> None:
    (notifier,) = pulp_notifiers()
    made = {notifier.prepare({"url": "https://h/", "secret": word})["secret"] for _ in range(3)}
    assert len(made) == 3
    assert {len(key_bytes(secret)) for secret in made} == {64 if "ed" in word else 32}


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begin with whsec_"),
        ("whsec_", "24 to 64 bytes"),
        ("whsec_c2hvcnQ=", "24 to 64 bytes"),
        ("whsec_" + "A" * 200, "24 to 64 bytes"),
        ("whsec_not base64 at all!", "base64"),
        ("whsk_" + "A" * 20, "32 bytes"),
        ("", "begin with whsec_"),
    ],
)
def test_a_secret_of_another_form_is_refused_without_being_shown(secret: str, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpConfig().load({"url": "https://h/", "secret": secret})
    assert text in str(caught.value)
    assert not secret.partition("_")[2] or secret not in str(caught.value)


@given(st.text())
def test_any_text_for_a_secret_is_taken_or_refused(text: str) -> None:
    for prefix in ("", "whsec_", "whsk_"):
        try:
            key_bytes(prefix + text)
        except ValueError as error:
            assert str(error)


def test_ed25519_without_its_extra_is_refused_with_what_to_install(monkeypatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (notifier,) = pulp_notifiers()
    for secret in ("generate-ed25519", "whsk_" + base64.b64encode(b"x" * 32).decode()):
        with pytest.raises(ValidationError, match=r"pulp-events-http\[ed25519\]"):
            HttpConfig().load(notifier.prepare({"url": "https://h/", "secret": secret}))


@pytest.mark.parametrize("word", ["generate", "generate-ed25519"])
def test_a_reference_whose_text_asks_for_a_secret_gets_none_and_nothing_is_sent(
    pulp_events_bus, pulp_events_http_sink, monkeypatch, word
) -> None:
    # A secret that nobody knows, and that is another one at each opening of a channel, would sign for nobody.
    monkeypatch.setenv("HOOK_SECRET", word)
    config = {"url": pulp_events_http_sink.url, "secret": {"$env": "HOOK_SECRET"}}
    listener = pulp_events_bus.listeners.create("http", config, ["repo.#"])
    (trial,) = pulp_events_bus.test_listener(listener.id)
    assert trial.outcome == "error"
    assert "secret: Must begin with whsec_ or whsk_" in trial.detail
    assert not pulp_events_http_sink.requests


# ---- commands -------------------------------------------------------------------------------------------------------


def act(bus, name: str, listener, **options) -> str:
    notifier = bus.plugins.notifier("http")
    action = next(action for action in notifier.actions() if action.name == name)
    return action.run(bus.listeners, bus.listeners.get(listener.id), action.options().load(options))


def test_rotating_prints_the_new_secret_and_signs_with_both(pulp_events_bus, pulp_events_http_sink) -> None:
    listener = pulp_events_bus.listeners.create(
        "http", {"url": pulp_events_http_sink.url, "secret": SECRET}, ["repo.#"]
    )
    printed = act(pulp_events_bus, "rotate-secret", listener)
    new = printed.splitlines()[0].rpartition(" ")[2]
    assert new.startswith("whsec_")
    assert "1d" in printed
    pulp_events_bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    (request,) = pulp_events_http_sink.wait_for(1)
    for secret in (SECRET, new):
        Webhook(secret).verify(request.body, dict(request.headers))
    redacted = pulp_events_bus.listeners.redacted(pulp_events_bus.listeners.get(listener.id))
    assert SECRET not in str(redacted)
    assert new not in str(redacted)
    assert new in act(pulp_events_bus, "show-secret", listener)


def test_rotating_again_keeps_two_secrets_and_without_overlap_one(pulp_events_bus, pulp_events_http_sink) -> None:
    listener = pulp_events_bus.listeners.create(
        "http", {"url": pulp_events_http_sink.url, "secret": "generate"}, ["repo.#"]
    )
    act(pulp_events_bus, "rotate-secret", listener, secret=OTHER)
    assert SECRET not in act(pulp_events_bus, "rotate-secret", listener, secret=SECRET)
    config = pulp_events_bus.listeners.get(listener.id).notifier_config
    assert (config["secret"], config["previous_secret"]) == (SECRET, OTHER)
    act(pulp_events_bus, "rotate-secret", listener, overlap="0")
    assert not {"previous_secret", "previous_secret_until"} & set(
        pulp_events_bus.listeners.get(listener.id).notifier_config
    )


def test_of_rotations_at_once_the_last_secret_but_one_signs_too(pulp_events_bus, pulp_events_http_sink) -> None:
    listener = pulp_events_bus.listeners.create(
        "http", {"url": pulp_events_http_sink.url, "secret": SECRET}, ["repo.#"]
    )
    together = threading.Barrier(2)

    def rotate(_: int) -> str:
        together.wait(30)
        return act(pulp_events_bus, "rotate-secret", listener).splitlines()[0].rpartition(" ")[2]

    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            printed = set(pool.map(rotate, range(2)))
            config = pulp_events_bus.listeners.get(listener.id).notifier_config
            assert {config["secret"], config["previous_secret"]} == printed


def test_what_a_rotation_keeps_is_what_is_stored_then_and_not_what_it_was_shown(
    pulp_events_bus, pulp_events_http_sink
) -> None:
    listener = pulp_events_bus.listeners.create(
        "http", {"url": pulp_events_http_sink.url, "secret": SECRET}, ["repo.#"]
    )
    action = next(one for one in pulp_events_bus.plugins.notifier("http").actions() if one.name == "rotate-secret")
    first = (
        action.run(pulp_events_bus.listeners, listener, action.options().load({})).splitlines()[0].rpartition(" ")[2]
    )
    action.run(pulp_events_bus.listeners, listener, action.options().load({}))
    assert pulp_events_bus.listeners.get(listener.id).notifier_config["previous_secret"] == first


def test_a_listener_without_a_secret_gets_its_first(pulp_events_bus, pulp_events_http_sink) -> None:
    listener = pulp_events_bus.listeners.create("http", {"url": pulp_events_http_sink.url}, ["repo.#"])
    with pytest.raises(InvalidConfig, match="does not sign"):
        act(pulp_events_bus, "show-secret", listener)
    assert act(pulp_events_bus, "rotate-secret", listener).count("\n") == 0
    assert "previous_secret" not in pulp_events_bus.listeners.get(listener.id).notifier_config


def test_a_key_pair_shows_its_public_half_alone(pulp_events_bus, pulp_events_http_sink) -> None:
    listener = pulp_events_bus.listeners.create(
        "http", {"url": pulp_events_http_sink.url, "secret": "generate-ed25519"}, ["repo.#"]
    )
    printed = act(pulp_events_bus, "rotate-secret", listener) + act(pulp_events_bus, "show-secret", listener)
    assert "whpk_" in printed
    assert "whsk_" not in printed
    secret = pulp_events_bus.listeners.get(listener.id).notifier_config["secret"]
    assert public_key(secret) in printed


@pytest.mark.parametrize("kind", ["generate", "generate-ed25519"])
def test_a_script_gets_the_secret_or_public_key_alone(pulp_events_bus, kind) -> None:
    listener = pulp_events_bus.listeners.create("http", {"url": "http://ci.example/", "secret": kind}, ["repo.#"])

    def needed() -> str:
        return act(pulp_events_bus, "show-secret", listener).rpartition(" ")[2]

    first = needed()
    assert act(pulp_events_bus, "show-secret", listener, bare="true") == first
    new = act(pulp_events_bus, "rotate-secret", listener, bare="true")
    assert new == needed() != first
    assert act(pulp_events_bus, "rotate-secret", listener, bare="true", secret=OTHER) == ""
    assert needed() == OTHER


def test_a_reference_is_no_secret_to_print_alone(pulp_events_bus) -> None:
    config = {"url": "http://ci.example/", "secret": {"$env": "HOOK_SECRET"}}
    listener = pulp_events_bus.listeners.create("http", config, ["repo.#"])
    with pytest.raises(InvalidConfig, match="is read from env:HOOK_SECRET; get it from there"):
        act(pulp_events_bus, "show-secret", listener, bare="true")


def test_a_reference_stays_one_and_is_named(pulp_events_bus, pulp_events_http_sink, monkeypatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    config = {"url": pulp_events_http_sink.url, "secret": {"$env": "HOOK_SECRET"}}
    listener = pulp_events_bus.listeners.create("http", config, ["repo.#"])
    assert "env:HOOK_SECRET" in act(pulp_events_bus, "show-secret", listener)
    act(pulp_events_bus, "rotate-secret", listener)
    pulp_events_bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    (request,) = pulp_events_http_sink.wait_for(1)
    Webhook(SECRET).verify(request.body, dict(request.headers))
    assert pulp_events_bus.listeners.get(listener.id).notifier_config["previous_secret"] == {"$env": "HOOK_SECRET"}


def test_a_secret_that_cannot_be_used_changes_nothing(pulp_events_bus, pulp_events_http_sink) -> None:
    listener = pulp_events_bus.listeners.create(
        "http", {"url": pulp_events_http_sink.url, "secret": SECRET}, ["repo.#"]
    )
    with pytest.raises(InvalidConfig) as caught:
        act(pulp_events_bus, "rotate-secret", listener, secret="nonsense-hunter2")
    assert "hunter2" not in str(caught.value)
    assert pulp_events_bus.listeners.get(listener.id) == listener
