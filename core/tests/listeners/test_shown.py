"""A configuration as people see it who may know no secret of it, and what they give back."""

import pytest
from marshmallow import Schema, fields

from pulp_events import InvalidConfig, Notifier
from pulp_events.listeners.shown import (
    GENERATED,
    MASKED,
    SecretShown,
    as_stored,
    config_shown,
    refuse_generated,
    refuse_masks,
    secret_keys,
)
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import MASK


class Account(Schema):
    user = fields.String()
    password = fields.String(metadata={"secret": True})


class SafeConfig(Schema):
    room = fields.String()
    url = fields.String()
    token = fields.String(metadata={"secret": True})
    signing = fields.String(data_key="sign_with", metadata={"secret": True, "generates": ("generate",)})
    account = fields.Nested(Account)


class Safe(Notifier):
    type_id = "safe"
    config_schema = SafeConfig

    def deliver(self, event, config):
        pass


@pytest.fixture
def room():
    return Safe()


CONFIG = {
    "room": "ops", "url": "https://u:pw-in-url@host/x", "token": "s3cret-token",
    "account": {"user": "u", "password": "pw-nested"},
}  # fmt: skip


def test_secrets_are_named_and_not_shown(bus):
    listener = bus.listeners.create("safe", CONFIG, ["*"])
    shown = config_shown(bus.plugins, listener)
    assert shown.secrets == (SecretShown("sign_with", False), SecretShown("token", True))
    assert shown.config["room"] == "ops" and shown.config["account"]["user"] == "u"
    for secret in ("pw-in-url", "s3cret-token", "pw-nested"):
        assert secret not in repr(shown)


def test_without_its_plugin_every_value_is_a_secret(bus):
    listener = bus.listeners.create("safe", CONFIG, ["*"])
    assert secret_keys(Plugins(), listener) == {*CONFIG}
    assert config_shown(Plugins(), listener).config == {}


def test_what_was_shown_and_comes_back_is_stored_as_it_was(bus):
    listener = bus.listeners.create("safe", CONFIG, ["*"])
    shown = config_shown(bus.plugins, listener).config
    assert as_stored(bus.plugins, listener, CONFIG, {**shown, "room": "dev"}) == {
        **{key: CONFIG[key] for key in shown}, "room": "dev",
    }  # fmt: skip


def test_a_secret_stays_as_it_was_where_what_stands_beside_it_changes(bus):
    account = {"user": "u", "password": "pw-nested"}
    for password in ("pw-nested", {"$env": "PW"}):
        listener = bus.listeners.create("safe", {**CONFIG, "account": {**account, "password": password}}, ["*"])
        shown = config_shown(bus.plugins, listener).config
        given = {"account": {**shown["account"], "user": "u2"}}
        found = as_stored(bus.plugins, listener, listener.notifier_config, given)
        assert found == {"account": {"user": "u2", "password": password}}


@pytest.mark.parametrize(
    "given", [{"token": MASK}, {"url": f"https://u:{MASK}@elsewhere/"}, {"account": {"user": "u2", "password": MASK}}]
)
def test_a_mask_is_never_taken_for_a_secret(bus, given):
    listener = bus.listeners.create("safe", {"room": "ops", "token": "s3cret-token"}, ["*"])
    (key,) = given
    for refuse in (refuse_masks, lambda given: as_stored(bus.plugins, listener, listener.notifier_config, given)):
        with pytest.raises(InvalidConfig) as caught:
            refuse(given)
        assert caught.value.errors == {key: [MASKED]}


def test_a_removed_key_is_no_mask(bus):
    listener = bus.listeners.create("safe", CONFIG, ["*"])
    assert as_stored(bus.plugins, listener, CONFIG, {"token": None}) == {"token": None}


def test_a_secret_that_nobody_could_learn_is_not_generated(bus):
    with pytest.raises(InvalidConfig) as caught:
        refuse_generated(bus.plugins, "safe", {"sign_with": "generate", "room": "generate"})
    assert caught.value.errors == {"sign_with": [GENERATED]}
    refuse_generated(bus.plugins, "safe", {"sign_with": "mine", "room": ["generate"]})
    refuse_generated(bus.plugins, "not-installed", {"sign_with": "generate"})
