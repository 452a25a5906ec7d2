"""Secrets: read when they are needed, masked wherever they could be seen."""

from typing import ClassVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events import EventBus, InvalidConfig, Notifier, SettingsError, TransientFailure, hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import (
    MASK,
    Scrubber,
    describe_reference,
    is_reference,
    is_secret,
    mask_passwords,
    redact,
    resolve,
    secret_fields,
)


class Config(Schema):
    room = fields.String()
    token = fields.String(metadata={"secret": True})
    signing = fields.String(data_key="signing_key", metadata={"secret": True})
    urls = fields.List(fields.String())


def test_secret_fields_are_known_by_the_names_that_configurations_use():
    assert secret_fields(Config()) == {"token", "signing_key"}


@pytest.mark.parametrize("value", [{"$env": "A"}, {"$file": "/a"}])
def test_a_reference_is_one_key_that_says_where(value):
    assert is_reference(value)


@pytest.mark.parametrize(
    "value", ["$env", {}, {"$env": 1}, {"$env": "A", "x": 1}, {"$other": "A"}, [], None, {"env": "A"}]
)
def test_everything_else_is_a_value(value):
    assert not is_reference(value)
    assert resolve(value, "here") == value


def test_a_reference_is_resolved_from_where_it_points(tmp_path, monkeypatch):
    monkeypatch.setenv("THE_TOKEN", "from the environment")
    path = tmp_path / "token"
    assert resolve({"$env": "THE_TOKEN"}, "chat token") == "from the environment"
    for content, value in (("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("", ""), ("ü", "ü")):
        path.write_bytes(content.encode())
        assert resolve({"$file": str(path)}, "chat token") == value


def test_an_item_of_a_list_or_mapping_may_be_a_reference(monkeypatch):
    monkeypatch.setenv("A", "from a")
    assert resolve([{"$env": "A"}, "b"], "chat urls") == ["from a", "b"]
    assert resolve({"x": {"$env": "A"}, "y": "b"}, "chat keys") == {"x": "from a", "y": "b"}
    with pytest.raises(SettingsError, match="chat keys z: environment variable NOT_THERE"):
        resolve({"z": {"$env": "NOT_THERE"}}, "chat keys")


class ListConfig(Schema):
    urls = fields.List(fields.Url(require_tld=False), required=True, metadata={"help": "u", "secret": True})
    pairs = fields.Dict(values=fields.Integer(), metadata={"help": "k", "secret": True})


class Lists(Notifier):
    type_id = "lists"
    config_schema = ListConfig
    opened: ClassVar[list] = []

    def deliver(self, event, config):
        self.opened.append(config)
        raise TransientFailure(" ".join(map(str, [*config["urls"], *config.get("pairs", {}).values()])))


@pytest.fixture
def lists_bus(tmp_path):
    plugins = Plugins()
    plugins.add(
        "lists", type("P", (), {"pulp_notifiers": hookimpl(lambda self: [Lists()], specname="pulp_notifiers")})()
    )
    with EventBus.open(deliver="inline", plugins=plugins, data_dir=tmp_path / "data") as bus:
        yield bus


def test_references_among_the_items_are_stored_resolved_at_delivery_and_never_shown(lists_bus, monkeypatch):
    config = {"urls": [{"$env": "URL_A"}, "http://b/secret-b"], "pairs": {"x": {"$env": "KEY"}, "y": 123456}}
    listener = lists_bus.listeners.create("lists", config, ["*"])
    assert listener.notifier_config == config
    assert lists_bus.listeners.redacted(listener) == {"urls": ["env:URL_A", MASK], "pairs": {"x": "env:KEY", "y": MASK}}
    monkeypatch.setenv("URL_A", "http://a/secret-a")
    monkeypatch.setenv("KEY", "654321")
    [delivery] = lists_bus.wait(lists_bus.emit("repo.sync.start"), 0)
    assert Lists.opened[-1] == {"urls": ["http://a/secret-a", "http://b/secret-b"], "pairs": {"x": 654321, "y": 123456}}
    assert delivery.detail.split() == [MASK] * 4


def test_items_beside_a_reference_are_checked_at_once_and_the_reference_when_it_is_read(lists_bus, monkeypatch):
    with pytest.raises(InvalidConfig, match="urls: Not a valid URL") as refused:
        lists_bus.listeners.create("lists", {"urls": [{"$env": "URL_A"}, "secret-b"]}, ["*"])
    assert "secret-b" not in str(refused.value)
    with pytest.raises(InvalidConfig, match="pairs: Not a valid integer"):
        lists_bus.listeners.create("lists", {"urls": ["http://b/"], "pairs": {"x": {"$env": "KEY"}, "y": "z"}}, ["*"])
    lists_bus.listeners.create("lists", {"urls": [{"$env": "URL_A"}]}, ["*"])
    monkeypatch.setenv("URL_A", "no url")
    [delivery] = lists_bus.wait(lists_bus.emit("repo.sync.start"), 0)
    assert delivery.state == "pending" and "urls: Not a valid URL" in delivery.detail


def test_a_reference_that_cannot_be_read_is_one_line_with_place_name_and_remedy(tmp_path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    (tmp_path / "binary").write_bytes(b"hunter2\xff")
    for reference, name, reason in (
        ({"$env": "NO_SUCH_TOKEN"}, "NO_SUCH_TOKEN", "not set"),
        ({"$file": str(tmp_path / "gone")}, str(tmp_path / "gone"), "No such file"),
        ({"$file": str(tmp_path)}, str(tmp_path), "directory"),
        ({"$file": str(tmp_path / "binary")}, "binary", "not UTF-8"),
    ):
        with pytest.raises(SettingsError) as refused:
            resolve(reference, "chat token")
        message = str(refused.value)
        assert message.startswith("chat token: ") and name in message and reason in message
        assert "\n" not in message and "hunter2" not in message


def test_redacting_masks_secrets_spells_references_and_leaves_the_rest():
    shown = redact(Config(), {
        "room": "ops", "token": "hunter2", "signing_key": {"$env": "KEY"},
        "urls": ["amqp://u:hunter2@h", {"deep": "http://u:hunter2@h/"}, 5],
    })  # fmt: skip
    assert shown == {
        "room": "ops", "token": MASK, "signing_key": "env:KEY",
        "urls": [f"amqp://u:{MASK}@h", {"deep": f"http://u:{MASK}@h/"}, 5],
    }  # fmt: skip
    assert describe_reference({"$file": "/run/token"}) == "file:/run/token"


@pytest.mark.parametrize("key", ["token", "signing_key", "tokn", "api_token", "passwd", "my_password", "secret"])
def test_a_key_that_is_secret_or_may_be_one_misspelt_is_not_shown(key):
    assert is_secret(Config(), key)


@pytest.mark.parametrize("key", ["room", "urls", "rome", "colour"])
def test_other_keys_are_shown(key):
    assert not is_secret(Config(), key)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("amqp://u:pw@h:5672/v", f"amqp://u:{MASK}@h:5672/v"),
        ("redis://:pw@h", f"redis://:{MASK}@h"),
        ("http://u:p@ss@h/x", f"http://u:{MASK}@h/x"),
        ("http://u:p:w?x#y@h", f"http://u:{MASK}@h"),
        ("from http://a:b@c to http://d:e@f", f"from http://a:{MASK}@c to http://d:{MASK}@f"),
        ("'amqp://a:b@c,amqp://d:e@f'", f"'amqp://a:{MASK}@c,amqp://d:{MASK}@f'"),
    ],
)
def test_passwords_of_urls_are_masked(text, masked):
    assert mask_passwords(text) == masked


@pytest.mark.parametrize(
    "text", ["http://h:80/x", "http://u@h/", "a:b@c", "mail x@y: http://h/a:b", "http://h:80/ a@b"]
)
def test_what_has_no_password_stays_as_it_is(text):
    assert mask_passwords(text) == text


secrets = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=3, max_size=10)


@given(secret=secrets, before=st.text(max_size=10), after=st.text(max_size=10))
def test_a_known_secret_never_comes_through(secret, before, after):
    assume("*" not in secret)
    assert secret not in Scrubber([secret])(before + secret + after)


@given(first=secrets, second=secrets, cut=st.integers(1, 3))
def test_of_two_secrets_that_overlap_nothing_comes_through(first, second, cut):
    assert set(Scrubber([first + second[:cut], second])(first + second)) == {"*"}


def test_secrets_are_found_in_the_forms_in_which_errors_quote_them():
    key = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----"
    for secret, text in (
        (key, f"cannot parse {key}"),
        (key, "in the line MIIEvQIBADAN there is something odd"),
        (key, f"bad key {key!r}"),
        ("it's \\ two", repr(ValueError("it's \\ two"))),
        (123456, "pin 123456 was refused"),
        ("it's two", repr(KeyError('it\'s two, not "one"'))),
        ('say "two"', '{"error": "say \\"two\\""}'),
        ({"list": ["hunter2"]}, "hunter2"),
        ("https://hooks.example/T000/B000/XYZ?sig=abcd", "exceeded with url: /T000/B000/XYZ?sig=abcd (Caused by …)"),
        ("https://hooks.example/T000/B000/XYZ?sig=abcd", "query sig=abcd"),
        ("https://hooks.example?sig=abcd", "query sig=abcd"),
    ):
        shown = Scrubber([secret])(text)
        for part in ("MIIE", "Bgkq", "two", "123456", "hunter2", "T000", "abcd"):
            assert part not in shown, (secret, text)


def test_what_is_too_short_to_be_a_secret_does_not_blot_the_text():
    assert (
        Scrubber(["", "a", "ab", None, True, "https://h/"])("a cab at https://x/ is true")
        == "a cab at https://x/ is true"
    )


def test_a_scrubber_without_secrets_still_masks_urls():
    assert Scrubber([])("amqp://u:pw@h") == f"amqp://u:{MASK}@h"
