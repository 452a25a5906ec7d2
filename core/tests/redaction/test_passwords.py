"""Passwords in what is shown: of URLs in a text, and of what was meant for an address and is none for its password."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields

from pulp_events import InvalidConfig, Notifier, SettingsError
from pulp_events.listeners.notifier_config import validate
from pulp_events.redaction.passwords import MASK, SHORTEST_PART, mask_message, mask_value, passwords_of_urls
from pulp_events.secrets import Scrubber, redact, secret_values
from pulp_events.settings.settings import Settings


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("u:hunter2@host:80", f"u:{MASK}@host:80"),
        ("u:hun/ter@2@host:80", f"u:{MASK}@host:80"),
        (":hunter2@host", f":{MASK}@host"),
        ("u:hunter 2@host", f"u:{MASK}@host"),
        ("http://u:hunter2", f"http://u:{MASK}"),
        ("http://u:hunter 2", f"http://u:{MASK}"),
        ("http://u:hunter/2 more@host/x", f"http://u:{MASK}@host/x"),
        ("http://[::1]:hunter 2", f"http://[::1]:{MASK}"),
        ("http://h:80,http://u:hunter 2@h", f"http://h:80,http://u:{MASK}@h"),
        ("amqp://a:b@c,amqp://d:e@f", f"amqp://a:{MASK}@f"),
    ],
)
def test_a_password_is_masked_in_what_is_meant_for_an_address(text, masked):
    assert mask_value(text) == repr(masked)
    assert mask_value({"to": [text, 5]}) == f"{{'to': ['{masked}', 5]}}"


@pytest.mark.parametrize(
    "text", ["http://h:80/x", "http://h:80", "http://[::1]:80/x", "http://u@h/", "host:80", "ops@example.com",
             "http://h/a:b@c", "http://h:80/?a@b", "http://h:80, http://h:81"],
)  # fmt: skip
def test_an_address_without_a_password_stays_as_it_is(text):
    assert mask_value(text) == repr(text)
    assert redact(Schema(), {"text": text})["text"] == text


@pytest.mark.parametrize(
    "text",
    ["such as http://proxy.example.com:3128", "http://proxy.example.com:3128.", "see http://h:80. Or x@y", "host:80",
     "mail to: x@y.example", "ops@example.com"],
)  # fmt: skip
def test_a_remedy_without_a_password_stays_as_it_is(text):
    assert mask_message(text, "http://u:hunter2@h") == text


def test_a_sentence_that_names_an_address_has_no_password():
    assert list(passwords_of_urls("note: see http://h/ or ask a@b.example")) == []
    assert set(passwords_of_urls("http://u:p w@h/")) == {"p w"}


@pytest.mark.parametrize("text", ["key = u:hunter2@host", "'u:hunter2@host:80'", "http://u:hunter2"])
def test_a_message_shows_no_password_even_of_another_value(text):
    assert "hunter2" not in mask_message(text, None)


def parts(secret):
    """Every part that is long enough to tell somebody something."""
    return {secret[at : at + SHORTEST_PART] for at in range(len(secret) - SHORTEST_PART + 1)}


def quoting(value):
    """Messages as validators make them, which quote the value in all sorts of ways."""
    words = [word for word in re.split(r"[\s,]+", str(value)) if word]
    texts = [
        f"{value!r} is no URL",
        f"{value} is none",
        f"not {str(value)[:12]}…",
        *(f"{word!r} is none" for word in words),
    ]
    raise ValidationError(texts)


class Address(Schema):
    address = fields.String(validate=quoting)
    token = fields.String(validate=quoting, metadata={"secret": True})
    addresses = fields.List(fields.String(validate=quoting))


class Ringing(Notifier):
    type_id = "ringing"
    config_schema = Address

    def deliver(self, event, config):
        pass


def shown(config):
    """All that is told of a listener's configuration, and of a section of server.conf, that is not valid."""
    with pytest.raises(InvalidConfig) as refused:
        validate(Ringing(), config)
    told = [str(refused.value), str(refused.value.errors)]
    text = {key: value for key, value in config.items() if isinstance(value, str)}
    for key, value in text.items():
        with pytest.raises(SettingsError) as wrong:
            Settings(None, {"ring": Address}, {"ring": {key: value}})
        told.append(str(wrong.value))
    return "\n".join(told)


PASSWORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=SHORTEST_PART, max_size=12)
FORMS = [
    "u:{}@h",
    "amqp://u:{}@h",
    "http://u:{}@h:80/p",
    "http://u:{}",
    " u:{}@h",
    "amqp://u:{}@h,amqp://u:pw@h",
    "u@d:{}@h",
]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=30)
@given(password=PASSWORDS)
@example(password="hunter two")
@example(password="hun ter/two")
@example(password='it\'s a "secret" \\ one')
@example(password="a@b: c://d e")
@example(password="00*\\00")
def test_no_part_of_a_password_is_told(form, password):
    assume(not re.match(r"\d*($|[/?#]|[,;\s]+[A-Za-z])", password))  # that is a port
    assume(not password.startswith("//"))
    assume("@" in form or "@" not in password)  # else a host follows it
    known = shown({"address": form.format(""), "addresses": [form.format("")], "token": ""})
    value = form.format(password)
    told = shown({"address": value, "addresses": ["x", value], "token": password}).replace(MASK, "\0")
    assert not {part for part in parts(password) if part in told and part not in known + MASK}


@given(password=PASSWORDS)
@example(password="hunter two")
def test_no_part_of_an_addresss_password_is_listed_or_left_in_a_text_that_quotes_it(password):
    assume(not re.match(r"\d*($|[/?#]|[,;\s]+[A-Za-z])", password))
    value = f"http://u:{password}@h/path"
    listed = str(redact(Address(), {"address": value, "addresses": [value]}))
    told = Scrubber(secret_values(Address(), {"address": value}))(f"cannot reach {value}: {password!r}")
    listed, told = listed.replace(MASK, "\0"), told.replace(MASK, "\0")
    assert not {
        part
        for part in parts(password)
        if part in listed + told and part not in f"cannot reach http://u:@h/path: {MASK}{{'address': ['addresses"
    }


def test_the_scheme_of_a_secret_address_is_none():
    said = mask_message("slack://t0ken/x is not a complete slack:// URL", "slack://t0ken/x", secret=True)
    assert said.endswith("is not a complete slack:// URL")
    assert "t0ken" not in said
