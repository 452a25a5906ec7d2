"""The listener's configuration, `[messaging]`, and what is said about them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from marshmallow import ValidationError

from pulp_events_amqp import pulp_notifiers
from pulp_events_amqp.config import AmqpConfig
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings


def load(**settings: Any) -> dict[str, Any]:
    return MessagingSettings().load(settings)


def test_the_plugin_brings_the_type_amqp() -> None:
    (notifier,) = pulp_notifiers()
    assert notifier.type_id == "amqp"
    assert notifier.settings_section == "messaging"
    assert notifier.update_help == "update an event listener"


def test_importing_the_plugin_imports_neither_proton_nor_ssl() -> None:
    code = (
        "import sys, pulp_events_amqp; pulp_events_amqp.pulp_notifiers(); print({'proton', 'ssl'} & set(sys.modules))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "set()"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"exchange": "pulp"},
        {"exchange": "x" * 255},
        {"exchange": "amq.topic"},
        {"subject_prefix": "pulp.server."},
        {"format": "cloudevents-binary"},
    ],
)
def test_good_configurations_are_taken_as_they_are(config: dict[str, str]) -> None:
    assert AmqpConfig().load(config) == {"format": "report", **config}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"subject_prefix": ""}, "empty"),
        ({"subject_prefix": "x" * 129}, "128 bytes"),
        ({"subject_prefix": "pulp.#."}, "must not contain"),
        ({"subject_prefix": "pulp "}, "must not contain"),
        ({"ttl": "0s"}, "at least"),
        ({"ttl": "50d"}, "at most 49d"),
        ({"ttl": "soon"}, "15s"),
        ({"format": "xml"}, "report, cloudevents, cloudevents-binary"),
    ],
)
def test_a_bad_option_is_refused_with_a_reason(config: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=f"(?i){reason}"):
        AmqpConfig().load(config)


def test_a_time_to_live_is_a_duration() -> None:
    assert AmqpConfig().load({"ttl": "2h"})["ttl"] == 7200.0


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        ("", "empty"),
        ("x" * 256, "255 bytes"),
        ("ü" * 128, "255 bytes"),
        ("a\nb", "control"),
        ("a\rb", "control"),
        ("a\0b", "control"),
        (" a", "space"),
        (7, "string"),
    ],
)
def test_a_bad_exchange_name_is_refused_with_a_reason(exchange: Any, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        AmqpConfig().load({"exchange": exchange})


def test_the_help_of_exchange_is_the_guides() -> None:
    help_text = AmqpConfig().fields["exchange"].metadata["help"]
    assert help_text == "optional name of an exchange that overrides the setting from server.conf"


def test_the_defaults_are_pulps() -> None:
    settings = load()
    assert (settings["url"], settings["topic_exchange"]) == ("amqp://localhost:5672", "amq.topic")
    assert settings["timeout"] == 10.0


def test_a_server_conf_of_pulp_2_is_understood() -> None:
    settings = load(
        url="tcp://localhost:5672",
        transport="qpid",
        auth_enabled="true",
        cacert="/etc/pki/qpid/ca/ca.crt",
        clientcert="/etc/pki/qpid/client/client.pem",
        topic_exchange="amq.topic",
        event_notifications_enabled="false",
        event_notification_url="qpid://localhost:5672/",
    )
    assert settings["url"] == "tcp://localhost:5672"


@pytest.mark.parametrize(
    ("settings", "key", "reason"),
    [
        ({"url": "http://u:s3cret@host"}, "url", "amqps://"),
        ({"url": "amqp://one, http://u:s3cret@two"}, "url", "amqps://"),
        ({"url": "amqp://one,"}, "url", "host is missing"),
        ({"topic_exchange": ""}, "topic_exchange", "empty"),
        ({"timeout": "soon"}, "timeout", "15s"),
        ({"timeout": "0"}, "timeout", "at least"),
        ({"clientkey": "/k"}, "clientkey", "clientcert"),
        ({"password": "s3cret"}, "password", "username"),
        ({"transport": "kafka"}, "transport", "qpid, rabbitmq"),
    ],
)
def test_a_bad_setting_is_named_with_the_remedy(settings: dict[str, str], key: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        load(**settings)
    (message,) = caught.value.messages_dict[key]
    assert reason in message
    assert "s3cret" not in message


def test_every_setting_has_help_and_a_default_and_the_password_is_secret() -> None:
    for name, field in MessagingSettings().fields.items():
        assert field.metadata.get("help"), name
        assert name in load()
    assert MessagingSettings().fields["password"].metadata["secret"]


def test_a_password_without_tls_to_another_machine_is_warned_of() -> None:
    warnings = AmqpNotifier().warnings({}, load(url="amqp://u:s3cret@broker.example.com"))
    assert len(warnings) == 1 and "TLS" in warnings[0] and "s3cret" not in warnings[0]
    allowed = load(url="broker.example.com", username="u", password="s3cret", allow_insecure_plain="true")
    assert len(AmqpNotifier().warnings({}, allowed)) == 1
    for safe in ("amqps://u:p@broker.example.com", "amqp://u:p@localhost", "amqp://broker.example.com"):
        assert list(AmqpNotifier().warnings({}, load(url=safe))) == []
    assert len(AmqpNotifier().warnings({}, load(url="amqps://u:p@one, amqp://u:p@two, amqp://u:p@three"))) == 2


def test_the_limit_leaves_room_for_opening_and_sending() -> None:
    assert AmqpNotifier().limit({}, load(timeout="10s")) > 3 * 10
    assert AmqpNotifier().limit({}, load(timeout="10s", url="one,two,three")) > 5 * 10
