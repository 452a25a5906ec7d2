"""Faults that are seen with several listeners, targets or threads."""

import threading

from .good import Good, GoodChannel, fault, with_channel
from .kinds import Roomy


@fault("two_channels_work_in_two_threads_at_once")
class SharesItsConnection(Good):
    busy = threading.Lock()

    def open(self, config, settings):
        busy = self.busy

        def send(channel, delivery):
            if not busy.acquire(blocking=False):
                raise RuntimeError("two at once on one connection")
            try:
                threading.Event().wait(0.01)
                return GoodChannel.send(channel, delivery)
            finally:
                busy.release()

        return with_channel(send=send)(config)


ONE_AT_A_TIME = threading.Lock()


def send_one_at_a_time(self, delivery):
    with ONE_AT_A_TIME:
        return GoodChannel.send(self, delivery)


@fault("one_channel_does_not_wait_for_the_answer_of_another")
class SendsOneAtATime(Good):
    channel_class = with_channel(send=send_one_at_a_time)


@fault("each_listener_has_its_own_configuration")
class KeepsTheFirstConfiguration(Good):
    first = None

    def open(self, config, settings):
        self.first = self.first or dict(config)
        return self.channel_class(self.first)


@fault("each_target_gets_its_own_delivery")
class SendsAllToTheFirstTarget(Roomy):
    channel_class = with_channel(headers=lambda self, delivery: {"Room": "red"})


def in_its_thread(self):
    self.thread = threading.get_ident()
    return GoodChannel.open(self)


def only_there(self, delivery):
    if threading.get_ident() != self.thread:
        raise RuntimeError("opened in another thread")
    return GoodChannel.send(self, delivery)


@fault("a_channel_goes_from_thread_to_thread")
class StaysInItsThread(Good):
    channel_class = with_channel(open=in_its_thread, send=only_there)


def close_there(self):
    if getattr(self, "thread", None) not in (None, threading.get_ident()):
        raise RuntimeError("opened in another thread")
    GoodChannel.close(self)


@fault("a_channel_goes_from_thread_to_thread")
class IsClosedInItsThreadOnly(Good):
    channel_class = with_channel(open=in_its_thread, close=close_there)


@fault("each_target_gets_its_own_delivery", "an_event_arrives_exactly_once")
class SendsEachToAllTargets(Roomy):
    class channel_class(GoodChannel):  # noqa: N801
        def headers(self, delivery):
            return {"Room": self.room}

        def send(self, delivery):
            for room in self.config["rooms"]:
                self.room = room
                super().send(delivery)


@fault("each_listener_has_its_own_configuration")
class SharesItsConfiguration(Good):
    """One dict for all channels: the last listener's."""

    shared = {}

    def open(self, config, settings):
        self.shared.update(config)
        return self.channel_class(self.shared)


CHANNELS = {}


@fault("each_listener_has_its_own_configuration")
class KeepsAChannelForEachServer(Good):
    """Two listeners with one server and two tokens."""

    def open(self, config, settings):
        return CHANNELS.setdefault((config["host"], config["port"]), self.channel_class(config))
