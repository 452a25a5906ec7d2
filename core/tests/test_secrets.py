"""Secrets: read when they are needed, masked wherever they could be seen."""

import base64
import html
import json
from typing import ClassVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events import EventBus, InvalidConfig, Notifier, SettingsError, TransientFailure, hookimpl
from pulp_events.listeners.notifier_config import complete, secrets_of
from pulp_events.plugins.registry import Plugins
from pulp_events.redaction.scrubber import scrub_by
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
    secret_values,
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


def test_a_reference_may_stand_for_a_whole_list_or_mapping(lists_bus, monkeypatch):
    """It leads to text: an item in each line, or JSON."""
    config = {"urls": {"$env": "URLS"}, "pairs": {"$env": "PAIRS"}}
    assert lists_bus.listeners.create("lists", config, ["*"]).notifier_config == config
    monkeypatch.setenv("URLS", "http://a/?1,2\nhttp://b/")
    monkeypatch.setenv("PAIRS", '{"x": 123456}')
    [delivery] = lists_bus.wait(lists_bus.emit("repo.sync.start"), 0)
    assert Lists.opened[-1] == {"urls": ["http://a/?1,2", "http://b/"], "pairs": {"x": 123456}}
    assert delivery.detail.split() == [MASK] * 3
    monkeypatch.setenv("PAIRS", "{")
    with pytest.raises(InvalidConfig, match="lists pairs: what its reference leads to is not JSON"):
        complete(Lists(), config)


def test_items_beside_a_reference_are_checked_at_once_and_the_reference_when_it_is_read(lists_bus, monkeypatch):
    with pytest.raises(InvalidConfig, match="urls: Not a valid URL") as refused:
        lists_bus.listeners.create("lists", {"urls": [{"$env": "URL_A"}, "secret-b"]}, ["*"])
    assert "secret-b" not in str(refused.value)
    with pytest.raises(InvalidConfig, match="pairs.y: Not a valid integer"):
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


def test_of_the_secrets_of_two_listeners_the_longer_one_is_taken_out_whole():
    one, other = Scrubber(["hunter2"]), Scrubber(["hunter2-and-more"])
    for order in ([one, other], [other, one]):
        assert scrub_by(order, "it is hunter2-and-more, or hunter2") == f"it is {MASK}, or {MASK}"


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


class Login(Schema):
    user = fields.String()
    password = fields.String(metadata={"secret": True})
    backup = fields.Nested(lambda: Login())


class Deep(Schema):
    login = fields.Nested(Login)
    logins = fields.List(fields.Nested(Login))
    by_room = fields.Dict(keys=fields.String(), values=fields.Nested(Login))
    tokens = fields.List(fields.String(metadata={"secret": True}))
    headers = fields.Dict(keys=fields.String(), values=fields.String(metadata={"secret": True}))
    pair = fields.Tuple((fields.String(), fields.String(metadata={"secret": True})))
    plucked = fields.Pluck(Login, "user")
    plain = fields.List(fields.String())


DEEP = {
    "login": {"user": "ann", "password": "hunter-1", "backup": {"user": "bob", "password": "hunter-2"}},
    "logins": [{"user": "cid", "password": "hunter-3"}, {"user": "dot"}],
    "by_room": {"ops": {"user": "eve", "password": "hunter-4"}},
    "tokens": ["hunter-5"],
    "headers": {"X-Key": "hunter-6"},
    "pair": ["name", "hunter-7"],
    "plucked": "fay",
    "plain": ["http://u:hunter-8@h/", "visible"],
}


def test_secrets_are_masked_wherever_they_stand_and_nothing_else_is():
    shown = redact(Deep(), DEEP)
    assert "hunter" not in str(shown)
    assert shown == {
        "login": {"user": "ann", "password": MASK, "backup": {"user": "bob", "password": MASK}},
        "logins": [{"user": "cid", "password": MASK}, {"user": "dot"}],
        "by_room": {"ops": {"user": "eve", "password": MASK}},
        "tokens": MASK, "headers": MASK, "pair": MASK,
        "plucked": "fay",
        "plain": [f"http://u:{MASK}@h/", "visible"],
    }  # fmt: skip


def test_a_scrubber_knows_the_secrets_wherever_they_stand():
    scrub = Scrubber(secret_values(Deep(), DEEP))
    text = scrub(" ".join(f"hunter-{number}" for number in range(1, 9)) + " ann bob visible")
    assert text == " ".join([MASK] * 8) + " ann bob visible"


def test_a_key_that_a_newer_plugin_does_not_know_is_masked_if_it_sounds_secret():
    assert redact(Config(), {"api_token": "hunter-1", "rome": "x"}) == {"api_token": MASK, "rome": "x"}


class NestedSecrets(Notifier):
    type_id = "nested"
    config_schema = Deep

    def deliver(self, event, config):
        raise TransientFailure("refused: " + str(config))


@pytest.fixture
def nested_bus(tmp_path):
    plugins = Plugins()
    plugins.add("nested", NestedSecrets)
    with EventBus.open(deliver="inline", plugins=plugins, data_dir=tmp_path / "data") as bus:
        yield bus


def test_an_error_in_a_nested_field_shows_none_of_its_secrets(nested_bus):
    for wrong in (
        {"login": {"user": 5, "password": "hunter-1"}},
        {"login": {"password": "hunter-1", "nonsense": 1}},
        {"logins": [{"user": 5, "password": "hunter-1"}]},
        {"by_room": {"x": {"user": [], "password": "hunter-1"}}},
        {"headers": {"a": 5, "b": "hunter-1"}},
        {"tokens": [5, "hunter-1"]},
        {"login": {"backup": {"password": "hunter-1", "user": {}}}},
        {"api_token": "hunter-1"},
        {"login": "hunter-1"},
        {"login": ["hunter-1"]},
        {"login": {"backup": "hunter-1"}},
        {"logins": "hunter-1"},
        {"logins": ["hunter-1", {"user": "ann"}]},
        {"logins": {"password": "hunter-1"}},
        {"by_room": "hunter-1"},
        {"by_room": ["hunter-1"]},
        {"by_room": {"x": "hunter-1"}},
    ):
        with pytest.raises(InvalidConfig) as refused:
            nested_bus.listeners.create("nested", wrong, ["*"])
        assert "hunter" not in str(refused.value) + str(refused.value.errors), wrong


def test_no_attempt_shows_a_nested_secret(nested_bus):
    nested_bus.listeners.create("nested", DEEP, ["*"])
    [delivery] = nested_bus.wait(nested_bus.emit("repo.sync.start"), 0)
    assert "refused: " in delivery.detail and "ann" in delivery.detail and "hunter" not in delivery.detail


BASIC = "ann:s3cr3t/pa+ss ü"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic " + base64.b64encode(BASIC.encode()).decode(),
        "Proxy-Authorization: Basic " + base64.urlsafe_b64encode(b"x" + BASIC.encode()).decode(),
        "AUTH PLAIN " + base64.b64encode(b"\0ann\0s3cr3t/pa+ss \xc3\xbc").decode(),
        "token " + base64.b64encode("s3cr3t/pa+ss ü".encode()).decode().rstrip("="),
        "Location: https://h/?p=s3cr3t%2Fpa%2Bss%20%C3%BC&x=1",
        "Location: https://h/?p=s3cr3t%2fpa%2bss%20%c3%bc",
        "form p=s3cr3t%2Fpa%2Bss+%C3%BC",
        "path /s3cr3t/pa%2Bss%20%C3%BC/x",
        r'{"p": "s3cr3t/pa+ss \u00fc"}',
        "hex " + "s3cr3t/pa+ss ü".encode().hex(),
        "HEX " + ("ann:s3cr3t/pa+ss ü!".encode().hex().upper()),
        "twice s3cr3t%252Fpa%252Bss%2520%25C3%25BC",
        "twice s3cr3t%252fpa%252bss%2520%25c3%25bc",
        "every byte " + "".join(f"%{byte:02x}" for byte in "s3cr3t/pa+ss ü".encode()),
        "EVERY BYTE " + "".join(f"%{byte:02X}" for byte in "s3cr3t/pa+ss ü".encode()),
        f"bytes {'s3cr3t/pa+ss ü'.encode()!r}",
    ],
)
def test_a_secret_is_found_in_other_words(text):
    scrubbed = Scrubber(["s3cr3t/pa+ss ü"])(text)
    assert MASK in scrubbed and scrubbed.split(MASK)[0] == text[: len(scrubbed.split(MASK)[0])]
    for known in ("s3cr3t", "c3Jj", "M2Ny", "zcjN0", "MzY3Iz", "pa%2", "pa+ss", "733363", "%73%33", "c3%bc", "xbc"):
        assert known not in scrubbed, scrubbed


@given(secret=st.binary(min_size=6, max_size=20), before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_no_secret_comes_through_in_base64_whatever_is_encoded_with_it(secret, before, after):
    secret = base64.b64encode(secret).decode()[:-2]  # any printable text
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + secret.encode() + after).decode()
        assert Scrubber([secret])(f"Basic {encoded}, and more") == f"Basic {MASK}, and more"


@pytest.mark.parametrize(("secret", "before"), [("p1n", 0), ("p1n", 3), *[("p1n4", before) for before in range(6)]])
def test_a_short_secret_too_is_found_in_base64(secret, before):
    encoded = base64.b64encode(b"x" * before + secret.encode() + b"yy").decode()
    assert Scrubber([secret])(encoded) == MASK


def test_in_a_repr_with_both_kinds_of_quotes_nothing_of_a_secret_is_left():
    secret = "it's-hünter"
    said = f'{secret} "x"'
    assert Scrubber([secret])(repr(said)) == f"""'{MASK} "x"'"""
    assert Scrubber([secret])(repr(said.encode())) == f"""b'{MASK} "x"'"""


@pytest.mark.parametrize("secret", ["back\\slash", 'one "x"', "t\tb", "ü\\9"])
def test_in_a_repr_or_json_nothing_of_a_secret_is_left(secret):
    for said in (repr(secret), json.dumps(secret), repr(secret.encode())):
        assert Scrubber([secret])(said).strip("b'\"") == MASK, said


def test_html_shows_no_secret_either():
    secret = "a<b&'c\""
    for text in (html.escape(secret), html.escape(secret, quote=False), html.escape(secret).replace("&#x27;", "&#39;")):
        assert Scrubber([secret])(f"<p>{text}</p>") == f"<p>{MASK}</p>"


def test_of_a_secret_url_the_parameters_and_the_password_are_secret_by_themselves():
    scrub = Scrubber(["https://u:p%40ssw0rd@h/T0/B0?sig=abc%2Fdef&v=1"])
    assert scrub("p@ssw0rd p%40ssw0rd abc/def abc%2Fdef v=1") == f"{MASK} {MASK} {MASK} {MASK} v=1"


@pytest.mark.parametrize("text", ["500 Internal Server Error", "no route to host example.com:443", "AAAA BBBB cccc"])
def test_ordinary_text_stays_as_it_is(text):
    assert Scrubber(["hunter2", "s3cr3t", "a b c d", "xyz"])(text) == text


def test_what_is_known_of_a_listener_is_all_that_can_be_read(monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter-0")
    monkeypatch.delenv("AWAY", raising=False)
    config = {**DEEP, "tokens": ["hunter-5", {"$env": "TOKEN"}], "headers": {"a": {"$env": "AWAY"}, "b": "hunter-6"}}
    found = {str(each) for each in secrets_of(Deep(), config)}
    assert {f"hunter-{number}" for number in range(9)} <= found


def test_a_secret_that_is_plucked_of_a_nested_schema_is_never_shown():
    class Login(Schema):
        password = fields.String(metadata={"secret": True})

    class Plucked(Schema):
        one = fields.Pluck(Login, "password")
        many = fields.Pluck(Login, "password", many=True)
        each = fields.List(fields.Pluck(Login, "password"))

    config = {"one": "hunter22", "many": ["hunter22"], "each": ["hunter22"]}
    assert redact(Plucked(), config) == {"one": MASK, "many": MASK, "each": MASK}
    assert list(secrets_of(Plucked(), config)) == ["hunter22"] * 3
