"""What stands in a record is held again at each delivery: somebody may have written it, or the settings changed."""

import socket

import pytest

from pulp_events import Author
from pulp_events.dispatcher.traits import Traits
from pulp_events.listeners.untrusted import Limits
from pulp_events.testing.clock import FakeClock

ALICE = Author("alice")


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def emit(bus):
    """Emit an event; its deliveries."""
    return bus.wait(bus.emit("repo.sync.start"), 0)


BY_HAND = [
    {"url": "http://127.0.0.1:1/", "token": {"$file": "SECRET"}},
    {"url": "http://127.0.0.1:1/", "note": {"$env": "HOME"}},
    {"ca_path": "SECRET"},
    {"hook": "true"},
    {"pages": "SECRET"},
    {"note": "/etc/shadow"},
    {"body": "{{ payload }}"},
    {"url": "http://10.0.0.1/"},
]


@pytest.mark.parametrize("config", BY_HAND)
def test_what_was_written_into_the_record_by_hand_is_not_delivered_with(bus, net, edit, tmp_path, monkeypatch, config):
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")
    config = eval(repr(config).replace("SECRET", str(secret)))
    mine = bus.listeners.create("net", {"url": "http://127.0.0.1:1/"}, ["*"], author=ALICE)
    net.asked.clear()
    edit(restricted_config=config)
    read = []
    monkeypatch.setattr("pulp_events.listeners.notifier_config.resolve", lambda value, _: read.append(value) or value)
    [delivery] = emit(bus)
    assert delivery.state == "pending" and delivery.detail.startswith("alice (untrusted): "), delivery.detail
    [trial] = bus.test_listener(mine.id)
    assert trial.outcome == "transient" and "alice (untrusted): " in trial.detail
    listener = bus.listeners.get(mine.id)
    [warning] = bus.listeners.warnings(listener)
    assert "untrusted author" in warning
    bus.listeners.scrubber(listener)
    assert net.sent == net.asked == read == [], "nothing of it is read, and the plugin gets none of it"


def test_the_networks_are_held_when_it_connects(open_bus, net, port):
    bus = open_bus()
    bus.listeners.create("net", {"url": f"http://127.0.0.1:{port}/"}, ["*"], author=ALICE)
    bus.listeners.create("net", {"url": f"http://127.0.0.1:{port}/"}, ["*"])
    assert [each.state for each in emit(bus)] == ["delivered"] * 2
    (_, held, _), (_, free, _) = sorted(net.sent, key=lambda sent: sent[1] is None)
    assert free is None and held.allows("127.0.0.1") and not held.allows("192.0.2.1") and held.pinned


@pytest.mark.parametrize("first", ["127.0.0.1", "10.0.0.1"])
def test_a_name_that_has_another_address_by_then_is_checked_by_that(open_bus, monkeypatch, port, first):
    """DNS rebinding: each look-up gives another answer; what was looked up is what is checked and connected to."""
    bus = open_bus(networks="127.0.0.0/8")
    bus.listeners.create("net", {"url": f"http://rebind.example:{port}/"}, ["*"], author=ALICE)
    answers = [first, "10.0.0.1" if first == "127.0.0.1" else "127.0.0.1"]

    def look_up(host, port, *_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    def never(self, address):
        assert address[0].startswith("127."), f"connected to {address}"
        return connect(self, address)

    connect = socket.socket.connect
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", never)
    states = [emit(bus)[0] for _ in range(2)]
    allowed = [each.state == "delivered" for each in states]
    assert allowed == [first == "127.0.0.1", first != "127.0.0.1"]
    detail = states[allowed.index(False)].detail
    assert detail == "its address is not allowed by [untrusted] networks", "no word of what a name stands for in here"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "::1", "fd00::1",
                                     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "100.64.0.1", "0.0.0.0"])  # fmt: skip
def test_by_default_no_private_address_is_allowed(open_bus, address):
    networks = Limits(open_bus(networks="public").settings).networks
    assert not networks.allows(address) and networks.allows("8.8.8.8")


def test_a_listener_that_is_trusted_no_more_gets_another_channel(bus, net, port):
    mine = bus.listeners.create("net", {"url": f"http://127.0.0.1:{port}/"}, ["*"])
    emit(bus)
    bus.listeners.entrust(mine.id, ALICE)
    emit(bus)
    bus.listeners.entrust(mine.id, Author("alice", trusted=True))
    emit(bus)
    assert [networks is None for _, networks, _ in net.sent] == [True, False, True]


def test_what_an_administrator_takes_away_later_ends_deliveries(open_bus, net, port):
    bus = open_bus()
    mine = bus.listeners.create("net", {"url": f"http://127.0.0.1:{port}/"}, ["*"], author=ALICE)
    bus.close()
    bus = open_bus(notifier_types="free")
    [delivery] = emit(bus)
    assert delivery.state == "pending" and "[untrusted] notifier_types" in delivery.detail
    bus.close()
    bus = open_bus(networks="public")
    [delivery] = emit(bus)
    assert delivery.state == "pending" and "not allowed by [untrusted] networks" in delivery.detail
    [trial] = bus.test_listener(mine.id)
    assert trial.outcome == "transient"
    assert net.sent == []


def test_previews_of_what_is_not_allowed_are_not_made(open_bus, net, edit):
    from pulp_events.bus.preview import Previews

    bus = open_bus()
    mine = bus.listeners.create("net", {"url": "http://127.0.0.1:1/"}, ["*"], author=ALICE)
    edit(restricted_config={"pages": "/etc"})
    net.asked.clear()
    text, failed = Previews(bus.listeners.get(mine.id), bus.plugins, bus.settings, None).of([], "")
    assert failed and "untrusted" in text and net.asked == []


@pytest.mark.parametrize(("own", "most", "held"), [(None, "3/m", "3/m"), ("10/s", "3/m", "3/m"), ("1/h", "3/m", "1/h")])
def test_the_rate_is_the_lower_one(open_bus, net, own, most, held):
    bus = open_bus(rate=most)
    mine = bus.listeners.create("net", {}, ["*"], author=ALICE, rate=own)
    limits = Traits(net, bus.settings).limits
    assert limits.rate(mine) == bus.listeners.rate(mine) == held
    assert limits.rate(bus.listeners.entrust(mine.id, None)) == own


def test_the_rate_is_held_though_the_listener_says_none(open_bus, net):
    clock = FakeClock()
    bus = open_bus(clock, rate="1/m")
    bus.listeners.create("net", {}, ["*"], author=ALICE)
    for _ in range(3):
        emit(bus)
    assert len(net.sent) == 1
    for expected in (2, 3, 3):
        clock.advance(61)
        bus.deliver_due()
        assert len(net.sent) == expected


def test_references_of_an_untrusted_record_are_not_read_to_be_scrubbed(bus, net, edit, tmp_path):
    """What a scrubber would read may be endless, such as /dev/zero, or wait, such as a pipe."""
    import os

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    mine = bus.listeners.create("net", {}, ["*"], author=ALICE)
    edit(restricted_config={"token": {"$file": str(pipe)}})
    bus.listeners.scrubber(bus.listeners.get(mine.id))
    [delivery] = emit(bus)
    assert delivery.state == "pending"
