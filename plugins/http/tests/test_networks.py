"""Where a listener may send to: checked on the address that is connected to."""

from __future__ import annotations

import socket
import threading
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pulp_events import Delivery, TransientFailure
from pulp_events.deadline import Deadline
from pulp_events.networks import ForbiddenAddress, Networks
from pulp_events.testing.http_sink import HttpSink
from pulp_events_http import pulp_notifiers
from pulp_events_http.settings import HttpSettings

METADATA = ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fd20:ce::254",
            "100.100.100.200", "168.63.129.16", "192.0.0.192", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe",
            "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254"]  # fmt: skip
PRIVATE = ["127.0.0.1", "127.8.8.8", "10.1.2.3", "192.168.0.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "::", "::1",
           "fc00::1", "fec0::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "192.0.2.1",
           "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "::7f00:1"]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", METADATA)
def test_link_local_and_metadata_addresses_are_out_of_reach(address: str) -> None:
    for entries in (["any"], ["public"], ["0.0.0.0/0", "::/0"], ["any", "10.0.0.0/8"]):
        assert not Networks(entries).allows(address)


def test_they_are_in_reach_of_a_network_that_names_them() -> None:
    assert Networks(["169.254.169.254/32"]).allows("169.254.169.254")
    assert Networks(["any", "fe80::/64"]).allows("fe80::1%eth0")
    assert not Networks(["169.254.169.254/32"]).allows("169.254.169.253")


@pytest.mark.parametrize("address", PRIVATE)
def test_public_does_not_reach_what_is_not(address: str) -> None:
    assert Networks(["any"]).allows(address)
    assert not Networks(["public"]).allows(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_reaches_what_is(address: str) -> None:
    assert Networks(["public"]).allows(address)
    assert not Networks(["10.0.0.0/8"]).allows(address)


def test_networks_add_up_and_hold_ipv4_in_ipv6_as_well() -> None:
    networks = Networks(["public", "10.1.0.0/16"])
    assert networks.allows("10.1.2.3")
    assert networks.allows("::ffff:10.1.2.3")
    assert networks.allows("8.8.8.8")
    assert not networks.allows("10.2.0.1")


# ---- IPv4 within IPv6 ------------------------------------------------------------------------------------------------

TRANSLATIONS = {
    "mapped, RFC 4291 §2.5.5.2": lambda v4: (0xFFFF << 32) | v4,
    "compatible, RFC 4291 §2.5.5.1": lambda v4: v4,
    "translated, RFC 2765 §2.1": lambda v4: (0xFFFF << 48) | v4,
    "NAT64, RFC 6052 §2.1": lambda v4: (0x64FF9B << 96) | v4,
    "local NAT64 of 96 bits, RFC 8215": lambda v4: (0x64FF9B0001 << 80) | v4,
    "local NAT64 of 96 bits, another prefix": lambda v4: (0x64FF9B0001 << 80) | (0xABCD << 64) | v4,
    "local NAT64 of 64 bits": lambda v4: (0x64FF9B0001 << 80) | (0xABCD << 64) | (v4 << 24),
    "local NAT64 of 56 bits": lambda v4: (
        (0x64FF9B0001 << 80) | (0xAB << 72) | (v4 >> 24 << 64) | ((v4 & 0xFFFFFF) << 32)
    ),
    "local NAT64 of 48 bits": lambda v4: (0x64FF9B0001 << 80) | (v4 >> 16 << 64) | ((v4 & 0xFFFF) << 40),
    "6to4, RFC 3056": lambda v4: (0x2002 << 112) | (v4 << 80) | 1,
    "Teredo client, RFC 4380": lambda v4: (0x20010000 << 96) | (0x08080808 << 64) | (v4 ^ 0xFFFFFFFF),
    "Teredo server": lambda v4: (0x20010000 << 96) | (v4 << 64) | (0x08080808 ^ 0xFFFFFFFF),
    "ISATAP, RFC 5214": lambda v4: (0x20010DBA << 96) | (0x5EFE << 32) | v4,
    "ISATAP, a global address": lambda v4: (0x26064700 << 96) | (0x02005EFE << 32) | v4,
}

# The ranges of the IANA IPv4 Special-Purpose Address Registry that are not globally reachable, and multicast: the
# addresses that the test suites of SSRF filters for Ruby, Node.js, Go and Python have in common.
SPECIAL = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
]  # fmt: skip


@pytest.mark.parametrize("what", TRANSLATIONS)
def test_no_translation_leads_public_to_where_it_may_not_go(what: str) -> None:
    for text in SPECIAL:
        address = IPv6Address(TRANSLATIONS[what](int(IPv4Address(text))))
        assert not Networks(["public"]).allows(str(address)), f"{text} as {address}"


@pytest.mark.parametrize("what", TRANSLATIONS)
@pytest.mark.parametrize("withheld", ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192"])
def test_no_translation_leads_anybody_to_metadata(what: str, withheld: str) -> None:
    address = str(IPv6Address(TRANSLATIONS[what](int(IPv4Address(withheld)))))
    for entries in (["any"], ["any", "::/0"], ["public", "64:ff9b:1::/47"]):
        assert not Networks(entries).allows(address)


@pytest.mark.parametrize("what", TRANSLATIONS)
def test_a_network_holds_what_leads_there_and_only_there(what: str) -> None:
    address = str(IPv6Address(TRANSLATIONS[what](int(IPv4Address("10.1.2.3")))))
    assert not Networks(["10.2.0.0/16"]).allows(address)
    ambiguous = what.startswith(("local NAT64", "Teredo"))
    assert Networks(["10.1.0.0/16"]).allows(address) is not ambiguous


@given(st.ip_addresses(v=4), st.sampled_from(sorted(TRANSLATIONS)))
def test_a_translation_is_never_more_public_than_what_it_stands_for(address: IPv4Address, what: str) -> None:
    if not Networks(["public"]).allows(str(address)):
        assert not Networks(["public"]).allows(str(IPv6Address(TRANSLATIONS[what](int(address)))))


@given(st.ip_addresses(v=6))
def test_beyond_what_iana_has_given_out_nothing_is_public(address: IPv6Address) -> None:
    inside = address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96") or address.ipv4_mapped
    assert inside or not Networks(["public"]).allows(str(address))


@given(st.ip_addresses())
def test_every_address_is_judged_and_what_is_mapped_as_itself(address) -> None:
    allowed = Networks(["public"]).allows(str(address))
    assert not allowed or Networks(["any"]).allows(str(address))
    if address.version == 4:
        assert Networks(["public"]).allows(f"::ffff:{address}") == allowed


def test_the_setting_is_a_list_of_words_and_networks() -> None:
    assert HttpSettings().load({})["networks"] == ["any"]
    assert HttpSettings().load({"networks": "public, 10.1.0.0/16"})["networks"] == ["public", "10.1.0.0/16"]
    for text in ("", "nonsense", "10.0.0.0/99", "public private"):
        with pytest.raises(ValidationError):
            HttpSettings().load({"networks": text})


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "localhost", "[::ffff:127.0.0.1]"],
)
def test_however_an_address_is_spelt_it_is_the_address_that_counts(open_channel, delivery: Delivery, host) -> None:
    with HttpSink() as sink:
        with (
            open_channel({"url": f"http://{host}:{sink.port}/"}, {"networks": "public"}) as channel,
            pytest.raises(TransientFailure, match=r"not allowed by \[http\] networks = public"),
        ):
            channel.send(delivery)
        assert sink.connections == 0


def test_a_name_that_changes_its_address_after_the_first_look_is_stopped(
    open_channel, delivery: Delivery, monkeypatch
) -> None:
    """DNS rebinding: what is checked is what is connected to."""
    with HttpSink() as sink:
        asked = []

        def rebinding(host, port, *rest):
            asked.append(host)
            address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        config = {"url": f"http://rebind.example:{sink.port}/"}
        (notifier,) = pulp_notifiers()
        assert list(notifier.warnings(config, {"networks": ["public"]})) == []
        with open_channel(config, {"networks": "public"}) as channel, pytest.raises(TransientFailure, match="allowed"):
            channel.send(delivery)
        assert sink.connections == 0


def test_of_several_addresses_one_that_is_allowed_is_taken(open_channel, delivery: Delivery, monkeypatch) -> None:
    with HttpSink() as sink:
        addresses = ("169.254.169.254", "127.0.0.1")
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, sink.port)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        with open_channel({"url": f"http://two.example:{sink.port}/"}) as channel:
            channel.send(delivery)
        assert [one.headers["host"] for one in sink.wait_for(1)] == [f"two.example:{sink.port}"]


def test_the_warning_at_create_names_address_and_setting() -> None:
    (notifier,) = pulp_notifiers()
    (text,) = notifier.warnings({"url": "http://2852039166/latest"}, {"networks": ["any"]})
    assert "169.254.169.254 is not allowed by [http] networks = any" in text
    assert notifier.warnings({"url": "http://127.0.0.1/"}, {"networks": ["any"]}) == []
    assert notifier.warnings({"url": "http://no-such-name.invalid/"}, {"networks": ["public"]}) == []


def test_a_look_up_that_hangs_does_not_hold_up_create(monkeypatch) -> None:
    from pulp_events_http import advice

    over, ended = threading.Event(), threading.Event()

    def hangs(*_: object) -> list[object]:
        over.wait(60)
        ended.set()
        return []

    monkeypatch.setattr(advice, "LOOK_UP", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    (notifier,) = pulp_notifiers()
    try:
        assert notifier.warnings({"url": "http://slow.example/"}, {"networks": ["any"]}) == []
        assert not ended.is_set()
    finally:
        over.set()
    assert ended.wait(30)


# ---- proxies --------------------------------------------------------------------------------------------------------


def test_a_proxy_of_the_settings_is_used_and_may_be_anywhere(open_channel, delivery: Delivery, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with HttpSink() as proxy:
        settings = {"proxy": proxy.url.replace("://", "://me:hunter2@"), "networks": "public"}
        with open_channel({"url": "http://ci.example/hook"}, settings) as channel:
            channel.send(delivery)
        (request,) = proxy.wait_for(1)
    assert request.path == "http://ci.example/hook"
    assert request.headers["proxy-authorization"].startswith("Basic ")


def test_a_target_behind_a_proxy_is_held_against_the_networks_too(open_channel, delivery: Delivery) -> None:
    with HttpSink() as proxy:
        for host in ("169.254.169.254", "0xa9fea9fe", "2852039166", "[::ffff:169.254.169.254]", "169.254.169.254.",
                     "0xa9fea9fe.", "2852039166.", "169.254.43518"):  # fmt: skip
            with (
                open_channel({"url": f"http://{host}/"}, {"proxy": proxy.url}) as channel,
                pytest.raises(TransientFailure, match="not allowed"),
            ):
                channel.send(delivery)
        assert proxy.connections == 0


@pytest.mark.parametrize("host", ["localhost", "localhost.", "LOCALHOST.", "127.0.0.1.", "0x7f000001.", "[::1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_public_reaches_nothing_local_through_a_proxy_however_it_is_spelt(
    open_channel, delivery: Delivery, scheme: str, host: str
) -> None:
    with HttpSink() as proxy:
        with (
            open_channel({"url": f"{scheme}://{host}/"}, {"proxy": proxy.url, "networks": "public"}) as channel,
            pytest.raises(TransientFailure, match="not allowed"),
        ):
            channel.send(delivery)
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"proxy": "none"},
        {"proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.0/8"},
        {"proxy": "http://127.0.0.1:1", "no_proxy": "x.example, 127.0.0.1"},
        {"proxy": "http://127.0.0.1:1", "no_proxy": "*"},
    ],
)
def test_the_environments_proxy_can_be_overruled(open_channel, delivery: Delivery, monkeypatch, settings) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with HttpSink() as sink, open_channel({"url": sink.url}, settings) as channel:
        channel.send(delivery)
        assert [one.path for one in sink.wait_for(1)] == ["/"]  # a proxy is asked for the whole address


def test_a_proxy_is_a_url_or_one_of_two_words() -> None:
    for text in ("http://p.example:3128", "http://u:p@p.example", "socks5h://p:1080", "none", "environment"):
        HttpSettings().load({"proxy": text})
    for text in ("p.example:3128", "ftp://p", "http://", "http://p p/"):
        with pytest.raises(ValidationError):
            HttpSettings().load({"proxy": text})


LOCAL_NAMES = [
    "localhost", "a.localhost", "LocalHost.", "localhost.localdomain", "db.localdomain", "localhost6", "ip6-localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", LOCAL_NAMES)
def test_a_name_that_is_local_by_definition_is_so_also_where_it_has_no_address_here(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    deadline = Deadline()
    deadline.start(10)
    with pytest.raises(ForbiddenAddress):
        Networks(["public"]).check_name(host, deadline)
    for allowed in ("any", "127.0.0.0/8", "::1/128"):
        Networks([allowed]).check_name(host, deadline)
    for other in (f"{host.rstrip('.')}.example.com", "notlocalhost", "receiver.example"):
        Networks(["public"]).check_name(other, deadline)
