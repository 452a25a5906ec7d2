"""URLs of brokers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events_amqp.address import BrokerAddress, parse_url, parse_urls


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://localhost", BrokerAddress("localhost", 5672)),
        ("amqps://broker.example.com", BrokerAddress("broker.example.com", 5671, tls=True)),
        ("tcp://localhost:5672", BrokerAddress("localhost", 5672)),
        ("tcp://user:pass@host:5672", BrokerAddress("host", 5672, username="user", password="pass")),
        ("ssl://host:5671", BrokerAddress("host", 5671, tls=True)),
        ("qpid://localhost:5672/", BrokerAddress("localhost", 5672)),
        ("qpid+ssl://host", BrokerAddress("host", 5671, tls=True)),
        ("host:6000", BrokerAddress("host", 6000)),
        ("host", BrokerAddress("host", 5672)),
        ("user:pass@host:6000", BrokerAddress("host", 6000, username="user", password="pass")),
        ("amqp://[::1]:5673", BrokerAddress("::1", 5673)),
        ("AMQP://a%40b:p%2Fw@h/my%2Fvhost", BrokerAddress("h", 5672, False, "a@b", "p/w", "my/vhost")),
    ],
)
def test_urls_of_amqp_and_of_pulp_are_understood(url: str, expected: BrokerAddress) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://u:s3cret@host", "Unknown scheme"),
        ("amqp://u:s3cret@", "host is missing"),
        ("", "host is missing"),
        ("amqp://u:s3cret@host:port", "not valid"),
        ("amqp://u:s3cret@host:99999", "not valid"),
        ("amqp://u:s3cret@host:0", "Port 0"),
        ("amqp://u:s3cret@[::1", "not valid"),
        ("amqp://u:s3cret@ho st", "spaces"),
        ("amqp://u:s3cret@host\r\n", "spaces"),
        ("amqp://u:s3cret@host?x=1", "query"),
    ],
)
def test_a_bad_url_gets_a_reason_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_url(url)
    assert "s3cret" not in str(caught.value)


def test_an_address_never_shows_its_password() -> None:
    address = parse_url("amqp://user:s3cret@host")
    assert "s3cret" not in f"{address} {address!r}"
    assert str(address) == "amqp://host:5672"
    assert str(parse_url("ssl://[::1]")) == "amqps://[::1]:5671"


@pytest.mark.parametrize(
    ("host", "loopback"), [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("h", False)]
)
def test_loopback_is_told_from_other_machines(host: str, loopback: bool) -> None:
    assert parse_url(f"amqp://{host}").is_loopback is loopback


HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
SECRETS = st.text("abz019,;!$'()*+=_.~-", min_size=1, max_size=8)
WITH_USER = st.builds(
    lambda scheme, user, password, host, port: (
        f"{scheme}://{user}:{password}@{host}:{port}",
        user,
        password,
        host,
        port,
    ),
    st.sampled_from(["amqp", "amqps"]),
    SECRETS,
    SECRETS,
    HOSTS,
    st.integers(1, 65535),
)
WITHOUT = st.builds(lambda host, port: (f"{host}:{port}", None, None, host, port), HOSTS, st.integers(1, 65535))


@given(urls=st.lists(WITH_USER | WITHOUT, min_size=1, max_size=5), comma=st.sampled_from([",", ", ", " , "]))
def test_a_list_is_taken_apart_whatever_commas_are_in_its_passwords(urls, comma) -> None:
    found = parse_urls(comma.join(url for url, *_ in urls))
    assert [(one.username, one.password, one.host, one.port) for one in found] == [tuple(rest) for _, *rest in urls]


@pytest.mark.parametrize("text", ["amqp://one,", ",amqp://one", "amqp://one,,two"])
def test_an_empty_place_in_a_list_is_a_mistake(text) -> None:
    with pytest.raises(ValueError, match="host is missing"):
        parse_urls(text)
