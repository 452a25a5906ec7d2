"""Listeners of untrusted authors: each connection is held to `[untrusted] networks`, also through a proxy."""

from __future__ import annotations

import contextlib
import socket

import pytest
from marshmallow import ValidationError

from pulp_events import Author, Delivery, EventBus, InvalidConfig, TransientFailure
from pulp_events.networks import Networks
from pulp_events.testing.http_sink import Answer, HttpSink
from pulp_events_http import pulp_notifiers

ALICE = Author("alice")


@pytest.fixture(autouse=True)
def no_proxy_around(monkeypatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def names(monkeypatch):
    """Gives names addresses, `names["ci.example"] = ["127.0.0.1"]`: one after the other, the last one for good."""
    look_up, connect, known = socket.getaddrinfo, socket.socket.connect, {}

    def answer(host, port, *rest):
        if host not in known:
            return look_up(host, port, *rest)
        address = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def only_loopback(self, address):
        assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1"), f"a connection to {address}"
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr(socket.socket, "connect", only_loopback)
    return known


@pytest.fixture
def open_within():
    @contextlib.contextmanager
    def opening(config, networks, settings=None):
        (notifier,) = pulp_notifiers()
        loaded = notifier.settings_schema().load(settings or {})
        held = Networks(networks, "[untrusted] networks", pinned=True)
        with notifier.open_within(notifier.config_schema().load(config), loaded, held) as channel:
            yield channel

    return opening


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost.", "[::1]", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_by_default_nobody_untrusted_reaches_this_machine(tmp_path, host: str) -> None:
    with HttpSink() as sink, EventBus.open(data_dir=tmp_path, deliver="inline") as bus:
        with pytest.raises(InvalidConfig, match=r"\[untrusted\] networks"):
            bus.listeners.create("http", {"url": f"http://{host}:{sink.port}/"}, ["*"], author=ALICE)
        assert sink.connections == 0


def test_a_name_is_held_when_it_is_connected_to(tmp_path, names) -> None:
    """What it stands for may be another address by then; `listener test` and the warnings say the same."""
    names["inside.example"] = ["127.0.0.1"]
    conf = tmp_path / "server.conf"
    conf.write_text("[untrusted]\nrate = 1000/s\n[http]\nnetworks = public, 127.0.0.0/8\n")
    with HttpSink() as sink, EventBus.open(conf, data_dir=tmp_path, deliver="inline") as bus:
        url = f"http://inside.example:{sink.port}/"
        admins = bus.listeners.create("http", {"url": url}, ["*"])
        mine = bus.listeners.create("http", {"url": url}, ["*"], author=ALICE)
        states = {each.listener_id: each for each in bus.wait(bus.emit("repo.sync.start", {"repo_id": "x"}), 0)}
        assert states[admins.id].state == "delivered"
        assert "its address is not allowed by [untrusted] networks" in states[mine.id].detail
        assert bus.listeners.by(ALICE).warnings(mine) == []
        [trial] = bus.test_listener(mine.id)
        assert "not allowed by [untrusted]" in trial.detail
        assert len(sink.requests) == 1


@pytest.mark.parametrize("answers", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"]])
def test_a_name_that_changes_its_address_reaches_nothing_else(open_within, names, delivery: Delivery, answers) -> None:
    names["rebind.example"] = list(answers)
    with HttpSink() as sink:
        for address in answers:
            with open_within({"url": f"http://rebind.example:{sink.port}/"}, ["127.0.0.0/8"]) as channel:
                if address == "127.0.0.1":
                    channel.send(delivery)
                else:
                    with pytest.raises(TransientFailure, match="address is not allowed by .untrusted. networks"):
                        channel.send(delivery)
            sink.drop_connections()
        assert len(sink.requests) == 1


def test_a_redirect_is_not_followed(open_within, delivery: Delivery) -> None:
    with HttpSink() as inside, HttpSink() as sink:
        sink.answer = Answer(307, headers={"Location": inside.url})
        with open_within({"url": sink.url}, ["127.0.0.0/8"]) as channel, pytest.raises(Exception, match="307"):
            channel.send(delivery)
        assert inside.connections == 0


def test_both_settings_hold(open_within, delivery: Delivery) -> None:
    with HttpSink() as sink:
        for networks, own in ((["127.0.0.0/8"], "public"), (["public"], "127.0.0.0/8")):
            with (
                open_within({"url": sink.url}, networks, {"networks": own}) as channel,
                pytest.raises(TransientFailure, match="not allowed"),
            ):
                channel.send(delivery)
        assert sink.connections == 0


def test_a_proxy_that_looks_names_up_is_asked_for_no_http_url(open_within, names, delivery: Delivery) -> None:
    names["ci.example"] = ["127.0.0.1"]
    with HttpSink() as proxy:
        with (
            open_within({"url": "http://ci.example/"}, ["127.0.0.0/8"], {"proxy": proxy.url}) as channel,
            pytest.raises(TransientFailure, match="HTTP proxy would look the name up itself"),
        ):
            channel.send(delivery)
        assert proxy.connections == 0


def test_a_tunnel_leads_to_the_address_that_was_checked(
    open_within, names, delivery: Delivery, server_context, bundle, raw_server
) -> None:
    asked = []

    def tunnel(client, number) -> None:
        head = client.recv(65536)
        asked.append(head.split(b" ")[1].decode())
        client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    names["ci.example"] = ["127.0.0.1", "127.0.0.1", "10.0.0.1"]
    with raw_server(tunnel) as proxy:
        settings = {"proxy": proxy, "ca_path": bundle}
        for _ in range(2):
            with (
                open_within({"url": "https://ci.example:8443/"}, ["127.0.0.0/8"], settings) as channel,
                pytest.raises(TransientFailure, match="refused the tunnel"),
            ):
                channel.send(delivery)
        with (
            open_within({"url": "https://ci.example:8443/"}, ["127.0.0.0/8"], settings) as channel,
            pytest.raises(TransientFailure, match="its address is not allowed by"),
        ):
            channel.send(delivery)
    assert asked == ["127.0.0.1:8443"] * 2


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "socks4a"])
def test_a_socks_proxy_is_asked_for_the_address_that_was_checked(
    open_within, names, delivery: Delivery, socks_server, scheme: str
) -> None:
    names["ci.example"] = ["127.0.0.1", "10.0.0.1"]
    with HttpSink() as sink, socks_server() as socks:
        settings = {"proxy": f"{scheme}://127.0.0.1:{socks.port}"}
        with open_within({"url": f"http://ci.example:{sink.port}/"}, ["127.0.0.0/8"], settings) as channel:
            channel.send(delivery)
        assert socks.asked == [("ipv4", "127.0.0.1", sink.port)]
        sink.drop_connections()
        with (
            open_within({"url": f"http://ci.example:{sink.port}/x"}, ["127.0.0.0/8"], settings) as channel,
            pytest.raises(TransientFailure, match="its address is not allowed by"),
        ):
            channel.send(delivery)
        assert len(socks.asked) == 1


@pytest.mark.parametrize("config", [{"ca_path": "/etc/ca.pem"}, {"cert": "/etc/c.pem"}, {"token": {"$env": "HOME"}},
                                    {"header": ["X: y", {"$file": "/etc/shadow"}]},
                                    {"format": "template", "body_template": "{{ report }}"}])  # fmt: skip
def test_what_reads_files_or_the_report_is_refused(tmp_path, config) -> None:
    with EventBus.open(data_dir=tmp_path, deliver="external") as bus:
        with pytest.raises(InvalidConfig, match="untrusted author"):
            bus.listeners.create("http", {"url": "https://ci.example/", **config}, ["*"], author=ALICE)
        made = bus.listeners.create(
            "http",
            {"url": "https://ci.example/", "token": "/a{{b", "header": ["X: /y", "Z: {{"], "secret": "generate"},
            ["*"],
            author=ALICE,
        )
        assert made.notifier_config["secret"].startswith("whsec_")


def test_nonsense_is_still_the_schemas_business(tmp_path) -> None:
    with EventBus.open(data_dir=tmp_path, deliver="external") as bus, pytest.raises((InvalidConfig, ValidationError)):
        bus.listeners.create("http", {"url": "http://[::1"}, ["*"], author=ALICE)
