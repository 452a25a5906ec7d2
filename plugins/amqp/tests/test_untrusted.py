"""Listeners of untrusted authors: they publish to the exchange of server.conf, if the administrator lets them."""

from __future__ import annotations

import pytest

from pulp_events import Author, EventBus, InvalidConfig, NotAllowed

ALICE = Author("alice")


def test_they_choose_no_exchange(tmp_path) -> None:
    conf = tmp_path / "server.conf"
    conf.write_text("")
    with EventBus.open(conf, data_dir=tmp_path / "data", deliver="external") as bus, pytest.raises(NotAllowed):
        bus.listeners.create("amqp", {}, ["*"], author=ALICE)
    conf.write_text("[untrusted]\nnotifier_types = amqp\n")
    with EventBus.open(conf, data_dir=tmp_path / "data", deliver="external") as bus:
        with pytest.raises(InvalidConfig, match="exchange: Only trusted authors"):
            bus.listeners.create("amqp", {"exchange": "internal"}, ["*"], author=ALICE)
        assert bus.listeners.create("amqp", {"ttl": "1h"}, ["*"], author=ALICE).untrusted
