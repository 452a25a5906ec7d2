"""The first channel of a notifier type is opened by one thread alone: its imports are whole before others need them."""

import threading
import time

import pytest
from marshmallow import Schema, fields

from pulp_events import Channel, EventBus, Notifier
from pulp_events.dispatcher import first_use
from pulp_events.plugins.registry import Plugins


class Config(Schema):
    name = fields.String(required=True, metadata={"help": "name"})


class Counting(Notifier):
    """Counts the threads that open a channel at once, in the first open and afterwards."""

    type_id = "counting"
    config_schema = Config

    def __init__(self, opens_first_alone=True):
        self.lock, self.inside, self.first_done = threading.Lock(), 0, False
        self.most_at_first = self.most_later = 0
        self.opens_first_alone, self.sent = opens_first_alone, []
        self.together = threading.Event()
        """Two channels are being opened at once."""

    def open(self, config, settings):
        return CountingChannel(self, config["name"])


class CountingChannel(Channel):
    def __init__(self, notifier, name):
        self.notifier, self.name = notifier, name

    def open(self):
        counts = self.notifier
        with counts.lock:
            first = not counts.first_done
            counts.inside += 1
            if first:
                counts.most_at_first = max(counts.most_at_first, counts.inside)
            else:
                counts.most_later = max(counts.most_later, counts.inside)
            if counts.inside > 1:
                counts.together.set()
        if first and counts.opens_first_alone:
            time.sleep(0.1)  # in which others would come
        else:
            counts.together.wait(30)
        with counts.lock:
            counts.inside -= 1
            counts.first_done = True

    def send(self, delivery):
        self.notifier.sent.append(self.name)


def deliver_to(notifier, tmp_path, count):
    plugins = Plugins()
    plugins.add("counting", notifier)
    with EventBus.open(data_dir=tmp_path / "data", plugins=plugins) as bus:
        for number in range(count):
            bus.listeners.create("counting", {"name": str(number)}, ["repo.sync.start"])
        bus.emit("repo.sync.start", {})
        assert bus.dispatcher.drain(60)


def test_one_thread_alone_opens_the_first_channel_and_then_many_do(tmp_path, monkeypatch):
    monkeypatch.setattr(first_use, "PATIENCE", 60.0)
    notifier = Counting()

    deliver_to(notifier, tmp_path, 12)

    assert sorted(notifier.sent, key=int) == [str(number) for number in range(12)]
    assert notifier.most_at_first == 1
    assert notifier.most_later > 1


@pytest.mark.slow
def test_a_first_open_that_hangs_holds_the_others_up_for_a_moment_only(tmp_path, monkeypatch):
    monkeypatch.setattr(first_use, "PATIENCE", 0.05)
    notifier = Counting(opens_first_alone=False)

    deliver_to(notifier, tmp_path, 4)

    assert len(notifier.sent) == 4
    assert notifier.most_at_first > 1
