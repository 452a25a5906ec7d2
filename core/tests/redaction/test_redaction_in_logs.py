"""A secret stays secret, whatever a notifier says when it fails: in logs, attempts, errors, reprs and files."""

import logging

import pytest

from pulp_events import InvalidConfig, PermanentFailure, TransientFailure

SECRET = "hunter2-it's"
URL = "https://hooks.example/T000/B000XYZ?sig=abcdef"
PASSWORD = "of-the-installation"
PARTS = (SECRET, "hunter2", "T000/B000XYZ", "sig=abcdef", PASSWORD)
CONF = f"[recording]\npassword = {PASSWORD}\n"


def raiser(kind):
    def act(event, config):
        def fail():
            local = f"cannot log in with {config['token']} at {config['url']} or {PASSWORD}: {config['token']!r}"
            raise kind(f"{local}; url: /T000/B000XYZ?sig=abcdef; amqp://u:other-pw@h")

        fail()

    return act


def assert_clean(text):
    for part in (*PARTS, "other-pw"):
        assert part not in text, part


@pytest.fixture
def bus(recording_bus, caplog):
    caplog.set_level(logging.DEBUG)
    return recording_bus(CONF)


KINDS = [TransientFailure, PermanentFailure, ValueError, KeyError, TimeoutError, SystemExit]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reference", [False, True])
def test_no_log_attempt_or_file_has_what_a_raising_notifier_said(
    bus, recording, caplog, tmp_path, monkeypatch, kind, reference
):
    monkeypatch.setenv("CHAT_TOKEN", SECRET)
    token = {"$env": "CHAT_TOKEN"} if reference else SECRET
    listener = bus.listeners.create("recording", {"token": token, "url": URL}, ["*"])
    recording.act = raiser(kind)
    event = bus.emit("repo.sync.start")
    [delivery] = bus.wait(event, 0)
    assert recording.calls[0][1]["token"] == SECRET, "the notifier itself had it"
    attempts = bus.deliveries.attempts(delivery.id)
    assert "cannot log in with" in attempts[0].detail
    for text in (caplog.text, attempts[0].detail, delivery.detail, repr(delivery), repr(attempts), repr(listener)):
        assert_clean(text)
    assert "cannot log in with" in caplog.text
    trials = bus.test_listener(listener.id)
    assert_clean(repr(trials))
    bus.close()
    for path in (tmp_path / "data").glob("outbox*"):
        assert_clean(path.read_bytes().decode("latin-1"))


def test_opening_a_channel_may_fail_with_a_secret_too(bus, recording, caplog, monkeypatch):
    bus.listeners.create("recording", {"token": SECRET, "url": URL}, ["*"])
    monkeypatch.setattr(recording, "open", lambda config, settings: raiser(OSError)(None, config))
    [delivery] = bus.wait(bus.emit("repo.sync.start"), 0)
    assert "cannot log in" in delivery.detail
    assert_clean(delivery.detail)
    assert_clean(caplog.text)


def test_a_reason_to_disable_a_listener_is_clean(bus, recording):
    listener = bus.listeners.create("recording", {"token": SECRET, "url": URL}, ["*"])

    def act(event, config):
        raise PermanentFailure(f"410 Gone {config['url']} {config['token']}", disable_listener=True)

    recording.act = act
    bus.emit("repo.sync.start")
    disabled = bus.listeners.get(listener.id)
    assert not disabled.enabled and "410 Gone" in disabled.disabled_reason
    assert_clean(disabled.disabled_reason)


def test_a_refused_configuration_does_not_quote_a_secret(bus, caplog):
    for config in (
        {"token": [SECRET]},
        {"url": f"no url {SECRET}"},
        {"tokn": SECRET},
        {"api_password": SECRET},
        {"token": SECRET, "url": 5, "room": "x"},
    ):
        with pytest.raises(InvalidConfig) as refused:
            bus.listeners.create("recording", config, ["*"])
        assert_clean(str(refused.value))
        assert_clean(repr(refused.value.errors))
    assert_clean(caplog.text)


def test_emitting_logs_nothing_of_a_configuration(bus, recording, caplog):
    bus.listeners.create("recording", {"token": SECRET, "url": URL}, ["*"])
    bus.emit("repo.sync.start")
    assert len(recording.calls) == 1 and "delivered" in caplog.text
    assert_clean(caplog.text)
