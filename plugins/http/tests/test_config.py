"""What a listener may be configured with."""

from __future__ import annotations

import re
import subprocess
import sys
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events_http import pulp_notifiers
from pulp_events_http.config import HttpConfig
from pulp_events_http.settings import HttpSettings
from pulp_events_http.url import check_url, place_of, without_secrets


def errors_of(config: dict[str, object], **options: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        HttpConfig().load(config, **options)
    return caught.value.messages


@pytest.mark.parametrize(
    "url",
    [
        "http://myserver.redhat.com",
        "https://ci.example/hook?token=a&b=c%23d",
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
    assert place_of(url)


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
        ("https://h/?token=a#b", "write it as %23"),
        ("https://h/#", "write it as %23"),
        ("http://h/100%/a%20b", "write it as %25"),
        ("http://h/?x=%2", "write it as %25"),
        ("http://[fe80::1%25eth0]/", "IPv6 zone"),
        ("http://[fe80::1%eth0]/", "IPv6 zone"),
        ("http://user:hunter2", "port is not a number"),
        ("http://169。254。169。254/", "host name"),
        ("http://１27.0.0.1/", "host name"),
        ("http://127%2e0.0.1/", "host name"),
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
        place = place_of(url)
        assert re.fullmatch(r"/[!-~]*", place.target)
        assert place.host.isascii() and place.authority.isascii()


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("http://h", "/", "h"),
        ("http://h?x=1", "/?x=1", "h"),
        ("HTTPS://H.Example:443/A", "/A", "h.example"),
        ("http://h.:8080/", "/", "h:8080"),
        ("http://h/a%20b/%2f%41?q=%ff+~[]", "/a%20b/%2F%41?q=%FF+~[]", "h"),
        ("http://bücher.example/ü?€", "/%C3%BC?%E2%82%AC", "xn--bcher-kva.example"),
        ("http://[::1]:8080/", "/", "[::1]:8080"),
    ],
)
def test_a_url_is_used_as_it_is_meant(url: str, target: str, authority: str) -> None:
    place = place_of(url)
    assert (place.target.replace("[", "[").replace("%5B%5D", "[]"), place.authority) == (target, authority)


def test_statuses_that_are_final_are_refusals() -> None:
    assert HttpConfig().load({"url": "http://h/", "permanent": "404, 422"})["permanent"] == [404, 422]
    assert HttpConfig().load({"url": "http://h/", "permanent": [404]})["permanent"] == [404]
    for text in ("200", "42", "4xx", "999"):
        assert "permanent" in errors_of({"url": "http://h/", "permanent": text})


def test_what_is_named_as_a_file_is_marked_as_one() -> None:
    for schema, names in ((HttpConfig, {"ca_path", "cert", "key"}), (HttpSettings, {"ca_path", "proxy_ca_path"})):
        assert {name for name, field in schema().fields.items() if field.metadata.get("names_file")} == names


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
    for key, default in (("timeout", 15.0), ("connect_timeout", 10.0), ("read_timeout", None)):
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
    names = [
        "h11",
        "urllib3",
        "certifi",
        "ssl",
        "_ssl",
        "idna",
        "jinja2",
        "cloudevents",
        "standardwebhooks",
        "cryptography",
    ]
    code = (
        "import sys, pulp_events_http as p; (n,) = p.pulp_notifiers(); n.config_schema().load({'url': 'http://h/'});"
        "print(sorted({*sys.argv[1:]} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@given(
    st.from_regex(
        r"\Ahttps?://[a-z0-9-]{1,5}(\.[a-z0-9-]{1,4}){0,3}\.?(:[0-9]{1,6})?(/[A-Za-z0-9._~%-]{0,4}){0,3}(\?[a-z=]*)?\Z"
    )
)
def test_a_plain_url_is_understood_as_any_other(url: str) -> None:
    def understood() -> object:
        try:
            return place_of(url)
        except ValueError as error:
            return str(error)

    plain = understood()
    with mock.patch("pulp_events_http.url._PLAIN", "(?!)"):
        assert understood() == plain
