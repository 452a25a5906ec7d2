"""What a listener may be configured with."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events_http import pulp_notifiers
from pulp_events_http.config import HttpConfig
from pulp_events_http.settings import HttpSettings
from pulp_events_http.url import check_url, without_secrets


def errors_of(config: dict[str, object], **options: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        HttpConfig().load(config, **options)
    return caught.value.messages


@pytest.mark.parametrize(
    "url",
    [
        "http://myserver.redhat.com",
        "https://ci.example/hook?token=a&b=c#d",
        "http://localhost:8080/",
        "HTTP://LOCALHOST",
        "http://my_server/x",
        "http://127.0.0.1:1/",
        "http://[::1]:8080/a",
        "http://bücher.example/",
        "http://xn--bcher-kva.example/",
        "http://host.example.:80",
    ],
)
def test_an_absolute_http_url_is_taken_as_it_is(url: str) -> None:
    assert HttpConfig().load({"url": url}) == {"url": url, "format": "report"}
    assert requests.Request("POST", url).prepare().url


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://x/", "http:// or https://"),
        ("myserver.redhat.com", "http:// or https://"),
        ("/hook", "http:// or https://"),
        ("", "http:// or https://"),
        ("http://", "no host"),
        ("http:///path", "no host"),
        ("http://user:hunter2@host/", "--username and --password"),
        ("http://host:99999/", "not a URL"),
        ("http://host:0/", "port 0"),
        ("http://ho st/", "white space"),
        ("http://host/\r\nX: y", "white space"),
        ("http://[::zz]/", "IPv6"),
        ("http://-x.example/", "host name"),
        ("http://a..b/", "host name"),
        ("http://*.example/", "host name"),
        ("http://\u2024/", "host name"),
    ],
)
def test_any_other_url_is_refused_with_what_is_wrong(url: str, text: str) -> None:
    (message,) = errors_of({"url": url})["url"]
    assert text.lower() in message.lower()
    assert "hunter2" not in message


@given(st.from_regex(r"https?://[^\s]{1,40}", fullmatch=True) | st.text(max_size=30).map("http://".__add__))
def test_every_url_that_is_taken_can_be_requested(url: str) -> None:
    try:
        check_url(url)
    except ValueError as error:
        assert str(error)
    else:
        assert requests.Request("POST", url).prepare().url


def test_user_information_query_and_fragment_are_not_shown() -> None:
    assert without_secrets("https://u:p@host:1/a?token=x#y") == "https://host:1/a"


def test_user_name_and_password_go_together() -> None:
    assert errors_of({"url": "http://h/", "username": "u"}) == {
        "password": ["Required when there is a username; give both or neither."]
    }
    assert "username" in errors_of({"url": "http://h/", "password": "p"})
    HttpConfig().load({"url": "http://h/", "username": "u", "password": "p"})


def test_a_password_that_is_a_reference_counts_as_present() -> None:
    HttpConfig().load({"url": "http://h/", "username": "u"}, partial=("password",))
    assert "username" in errors_of({"url": "http://h/"}, partial=("password",))


def test_a_user_name_with_a_colon_is_refused_as_basic_authentication_cannot_carry_it() -> None:
    assert "username" in errors_of({"url": "http://h/", "username": "a:b", "password": "p"})


def test_ca_path_must_be_absolute() -> None:
    assert "ca_path" in errors_of({"url": "https://h/", "ca_path": "ca.pem"})


def test_options_have_help_and_stand_in_the_guides_order() -> None:
    fields = HttpConfig().fields
    assert list(fields)[:4] == ["url", "username", "password", "ca_path"]
    assert all(field.metadata["help"] for field in [*fields.values(), *HttpSettings().fields.values()])
    assert [name for name, field in fields.items() if field.metadata.get("secret")] == [
        "password",
        "token",
        "header",
        "secret",
        "previous_secret",
    ]


def test_no_time_limit_is_not_to_be_had() -> None:
    for key, default in (("timeout", 15.0), ("connect_timeout", 10.0), ("read_timeout", 15.0)):
        assert HttpSettings().load({})[key] == default
        assert HttpSettings().load({key: "1m"})[key] == 60.0
        with pytest.raises(ValidationError):
            HttpSettings().load({key: "0"})


def test_the_limit_leaves_the_channel_time_to_end_by_itself() -> None:
    (notifier,) = pulp_notifiers()
    assert notifier.limit({}, {"timeout": 15.0}) > 15.0


def test_credentials_in_the_clear_and_a_useless_ca_path_are_warned_of() -> None:
    (notifier,) = pulp_notifiers()
    assert notifier.warnings({"url": "http://h"}, {}) == []
    text = " ".join(notifier.warnings({"url": "http://h", "username": "u", "password": "hunter2", "ca_path": "/x"}, {}))
    assert "unencrypted" in text
    assert "no effect" in text
    assert "hunter2" not in text
    assert "/nowhere" in notifier.warnings({"url": "https://h", "ca_path": "/nowhere"}, {})[0]


def test_importing_the_plugin_and_validating_imports_no_transport_library() -> None:
    names = ["requests", "urllib3", "ssl", "_ssl", "idna", "jinja2", "cloudevents", "standardwebhooks", "cryptography"]
    code = (
        "import sys, pulp_events_http as p; (n,) = p.pulp_notifiers(); n.config_schema().load({'url': 'http://h/'});"
        "print(sorted({*sys.argv[1:]} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
