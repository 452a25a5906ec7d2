"""What a listener and the section [email] may hold."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events import InvalidConfig
from pulp_events.listeners.notifier_config import validate
from pulp_events_email import pulp_notifiers
from pulp_events_email.addresses import envelope_form, normalise, split_sender
from pulp_events_email.config import EmailConfig
from pulp_events_email.notifier import EmailNotifier
from pulp_events_email.settings import EmailSettings


def load(addresses: object = "a@b.example", subject: object = "s") -> dict[str, object]:
    return EmailConfig().load({"subject": subject, "addresses": addresses})


def test_the_guides_listener_is_stored_as_a_list() -> None:
    config = load("someone@redhat.com,another@redhat.com", "pulp notification")
    assert config == {"subject": "pulp notification", "addresses": ["someone@redhat.com", "another@redhat.com"]}
    assert EmailConfig().dump(config) == config
    assert EmailConfig().load(config) == config


def test_the_guides_help_stands_on_the_options() -> None:
    fields = EmailConfig().fields
    said = {name: fields[name].metadata for name in ("subject", "addresses")}
    assert {name: each.get("cli_help", each["help"]) for name, each in said.items()} == {
        "subject": "text of the email's subject",
        "addresses": "this is a comma separated list of email addresses that should receive these notifications. "
        "Do not include spaces.",
    }
    assert list(fields) == ["subject", "addresses", "format", "template", "digest", "unsubscribe"]
    # the guide's help has its texts in the column that `--event-type` makes
    plain = [name for name, field in fields.items() if "group" not in field.metadata]
    assert all(len(f"--{name}") <= len("--event-type") for name in plain)
    assert all(field.metadata["help"] for field in EmailSettings().fields.values())


@pytest.mark.parametrize(
    "address",
    [
        "root@localhost",
        "a@pulp.test",
        "a@mail.local",
        "a@b.example",
        "a+b@c.de",
        "a@intranet",
        "a@[127.0.0.1]",
        "x@nas.home.arpa",
        "x@home.arpa",
        "x@pulp.internal",
        "x@a.localhost",
        "x@nas.lan",
    ],
)
def test_internal_addresses_are_taken(address: str) -> None:
    assert load(address)["addresses"] == [address]


@pytest.mark.parametrize(
    "address",
    [
        "someone",
        "@b.de",
        "a@",
        "a b@c.de",
        "a@b@c.de",
        "a@x..de",
        "a@onion",
        "a..b@c.de",
        "a@10.in-addr.arpa",
        "a@x.invalid",
        "A <a@b.de>",
    ],
)
def test_what_is_no_address_is_refused_and_named(address: str) -> None:
    with pytest.raises(ValidationError) as caught:
        load(["fine@b.example", address])
    assert repr(address) in str(caught.value)
    assert "addresses" in caught.value.messages


def test_the_same_address_twice_gets_one_message() -> None:
    assert load("a@B.example,c@d.example,a@b.example")["addresses"] == ["a@b.example", "c@d.example"]


def test_an_international_domain_is_shown_as_written_and_sent_as_idna() -> None:
    assert load("a@Bücher.example")["addresses"] == ["a@bücher.example"]
    assert envelope_form("a@bücher.example") == "a@xn--bcher-kva.example"


@given(st.emails())
def test_normalising_an_address_twice_changes_nothing(address: str) -> None:
    try:
        once = normalise(address)
    except ValueError as error:
        assert str(error)
    else:
        assert normalise(once) == once
        assert envelope_form(once).isascii() == once.rpartition("@")[0].isascii()


@pytest.mark.parametrize("addresses", ["", ",", [], " "])
def test_there_is_one_address_at_least(addresses: object) -> None:
    with pytest.raises(ValidationError):
        load(addresses)


@pytest.mark.parametrize(
    "subject", ["", " ", "a\r\nBcc: x@y.z", "a\nb", "a\rb", "a\0b", "a\tb", "a\x85b", "a\u2028", "x" * 256, "\ud800"]
)
def test_a_subject_that_could_be_more_than_one_header_is_refused(subject: str) -> None:
    with pytest.raises(ValidationError) as caught:
        load(subject=subject)
    assert list(caught.value.messages) == ["subject"]


def test_each_address_is_a_target() -> None:
    (notifier,) = pulp_notifiers()
    assert notifier.targets(load("a@b.example,c@d.example")) == ["a@b.example", "c@d.example"]


def test_the_defaults_are_pulps() -> None:
    settings = EmailSettings().load({})
    assert settings == {
        "enabled": False,
        "host": "localhost",
        "port": 25,
        "from_": "no-reply@your.domain",
        "format": "report",
        "transport": "smtp",
        "sendmail_path": "/usr/sbin/sendmail",
        "auth": "auto",
        "security": "none",
        "timeout": 30.0,
        "messages_per_connection": 10,
    }


@pytest.mark.parametrize(
    "section",
    [
        {"enabled": "perhaps"},
        {"host": "a b"},
        {"host": ""},
        {"host": "mail.example.com:587"},
        {"host": "[mail.example.com]"},
        {"host": "[::1"},
        {"host": "a..b"},
        {"host": "a" * 64 + ".example"},
        {"host": "ü" * 64 + ".example"},
        {"messages_per_connection": 0},
        {"from": "a@b.de, c@d.de"},
        {"from": "A <a@b.de>, B <c@d.de>"},
        {"from": "a@b.de, C <c@d.de>"},
        {"from": "Pulp, events <a@b.de>"},
        {"from": "Pulp (events) <a@b.de>"},
        {"from": "x@y.de <a@b.de>"},
        {"from": '"Pulp" events" <a@b.de>'},
        {"port": 0},
        {"port": "smtp"},
        {"from": "nobody"},
        {"from": "Pulp <nobody>"},
        {"from": "a\r\nX: y <a@b.de>"},
        {"security": "tls"},
        {"ca_path": "ca.pem"},
        {"timeout": "0"},
        {"username": "u"},
        {"password": "p"},
        {"local_hostname": "a b"},
        {"colour": "red"},
        {"format": "pretty"},
        {"transport": "pigeon"},
        {"sendmail_path": "sendmail"},
        {"auth": "kerberos"},
        {"auth": "xoauth2"},
        {"password_file": "secret"},
        {"username": "u", "password": "p", "password_file": "/run/p"},
        {"host": "/run/lmtp"},
        {"transport": "lmtp", "host": "/run/lmtp", "security": "starttls"},
        {"transport": "sendmail", "security": "smtps"},
        {"transport": "sendmail", "username": "u", "password": "p"},
    ],
)
def test_a_bad_value_in_the_section_is_refused_under_its_own_key(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        EmailSettings().load(section)
    assert set(caught.value.messages) <= {*section, "username", "password"}


def test_a_password_that_is_a_reference_counts_as_present() -> None:
    EmailSettings().load({"username": "u"}, partial=("password",))
    EmailSettings().load({"username": "u", "password": "p"})


@pytest.mark.parametrize("sender", ["nobody", "Pulp <nobody>", "Pulp <a@b.de", "<>", "a@@b.de", "a b@c.de"])
def test_a_sender_that_is_refused_is_told_the_form_that_is_wanted(sender: str) -> None:
    with pytest.raises(ValueError, match="or a name and an address: Pulp <no-reply@your.domain>"):
        split_sender(sender)


def test_a_sender_may_have_a_name() -> None:
    assert split_sender("no-reply@your.domain") == ("", "no-reply@your.domain")
    assert split_sender('"Pulp, events" <a@B.de>') == ("Pulp, events", "a@b.de")
    assert split_sender(r'"Pulp \"events\" \\o/" <a@b.de>') == (r'Pulp "events" \o/', "a@b.de")
    assert split_sender("Pulp v2.0 – Ereignisse <a@b.de>") == ("Pulp v2.0 – Ereignisse", "a@b.de")
    assert split_sender("<a@b.de>") == ("", "a@b.de")


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("mail.example.com.", "mail.example.com."),
        ("bücher.example", "bücher.example"),
        ("smtp_relay", "smtp_relay"),
    ],
)
def test_a_host_is_kept_in_the_form_that_can_be_looked_up(written: str, used: str) -> None:
    assert EmailSettings().load({"host": written})["host"] == used


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("ops@b.example", "mailto:ops@b.example"),
        ("a+leave@nas.home.arpa", "mailto:a+leave@nas.home.arpa"),
        ("jösé@b.example", "mailto:j%C3%B6s%C3%A9@b.example"),
        ("https://pulp.example/leave?list=1", "https://pulp.example/leave?list=1"),
        ("mailto:ops@b.example?subject=leave", "mailto:ops@b.example?subject=leave"),
    ],
)
def test_where_to_leave_is_an_address_or_a_url(given_: str, kept: str) -> None:
    config = EmailConfig().load({"subject": "s", "addresses": "a@b.example", "unsubscribe": given_})
    assert config["unsubscribe"] == kept
    assert EmailConfig().load(config) == config


@pytest.mark.parametrize(
    "given_",
    [
        *("", "ops", "ftp://x/", "https://", "https://a/ b", "https://a/é", "mailto:x", "https://a/\r\nBcc: x"),
        *("http://pulp.example/leave", "https://a:x/", "https://a:99999/", "https:a", "javascript:alert(1)"),
        *("https://u:hunter2@a/", "https://u@a/", "https://u:hunter2@[a/", "http://u:hunter2@a/", "https://@a/"),
    ],
)
def test_where_nobody_can_leave_is_refused(given_: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        validate(EmailNotifier(), {"subject": "s", "addresses": "a@b.example", "unsubscribe": given_})
    assert list(caught.value.errors) == ["unsubscribe"]
    assert "hunter2" not in str(caught.value)


def test_the_files_that_are_read_when_a_channel_opens_are_known_to_the_core() -> None:
    fields = EmailSettings().fields
    assert [name for name, field in fields.items() if field.metadata.get("names_file")] == ["password_file", "ca_path"]


def test_a_disabled_section_and_a_password_in_the_clear_are_warned_of() -> None:
    (notifier,) = pulp_notifiers()

    def warnings(**section: object) -> str:
        return " ".join(notifier.warnings({}, EmailSettings().load(section)))

    assert "enabled = true" in warnings()
    assert warnings(enabled=True) == ""
    text = warnings(enabled=True, host="mail.example", username="u", password="hunter2")
    assert "unencrypted" in text
    assert "hunter2" not in text
    assert warnings(enabled=True, host="mail.example", username="u", password="p", security="starttls") == ""


def test_importing_the_plugin_imports_no_mail_library() -> None:
    code = (
        "import sys, pulp_events; before = set(sys.modules); import pulp_events_email as p; (n,) = p.pulp_notifiers();"
        "n.config_schema(); n.settings_schema().load({});"
        "heavy = {'smtplib', 'ssl', '_ssl', 'email_validator', 'idna', 'email.message', 'jinja2'};"
        "print(sorted(heavy & set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
