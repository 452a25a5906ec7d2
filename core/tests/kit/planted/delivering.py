"""Faults of deliveries that succeed."""

import threading

from pulp_events import TransientFailure

from .good import Good, GoodChannel, fault, with_channel
from .kinds import Late, Limited, Roomy


@fault("an_event_arrives_exactly_once")
class ReturnsTrue(Good):
    channel_class = with_channel(on_status=lambda self, status: True)


@fault("an_event_arrives_exactly_once")
class SendsTwice(Good):
    channel_class = with_channel(
        send=lambda self, delivery: (GoodChannel.send(self, delivery), GoodChannel.send(self, delivery))[1]
    )


@fault("an_event_arrives_exactly_once")
class SendsNothing(Good):
    channel_class = with_channel(send=lambda self, delivery: None)


@fault("unicode_and_200_kb_arrive_whole")
class Truncates(Good):
    channel_class = with_channel(body=lambda self, delivery: delivery.report[:100_000])


@fault("unicode_and_200_kb_arrive_whole")
class KnowsOnlyAscii(Good):
    channel_class = with_channel(body=lambda self, delivery: delivery.report.decode().encode("ascii", "replace"))


@fault("the_configuration_is_not_changed")
class ChangesWhatItIsGiven(Good):
    def open(self, config, settings):
        config["seen"] = True
        return GoodChannel(config)


def connect_again(self):
    self.close()
    return GoodChannel.connect(self)


@fault("a_kept_connection_is_used_again")
class ConnectsEachTime(Good):
    channel_class = with_channel(connect=connect_again)


@fault("a_retry_has_the_delivery_id_of_the_first_attempt")
class NamesEachAttempt(Good):
    channel_class = with_channel(delivery_id=lambda self, delivery: f"{delivery.id}-{delivery.attempts}")


SEEN = set()


def only_once(self, delivery):
    if delivery.id in SEEN:
        return None
    SEEN.add(delivery.id)
    return GoodChannel.send(self, delivery)


@fault("a_retry_has_the_delivery_id_of_the_first_attempt")
class SkipsTheSecondAttempt(Good):
    channel_class = with_channel(send=only_once)


@fault("what_is_too_large_is_never_cut_silently")
class CutsWhatIsTooLarge(Good):
    contract = {"largest": 10_000}
    channel_class = with_channel(body=lambda self, delivery: delivery.report[:10_000])


@fault("what_is_too_large_is_never_cut_silently")
class RetriesWhatIsTooLarge(Good):
    contract = {"largest": 10_000}

    class channel_class(GoodChannel):  # noqa: N801
        def send(self, delivery):
            if len(delivery.report) > 10_000:
                raise TransientFailure("too large")
            return super().send(delivery)


@fault("an_event_arrives_exactly_once")
class SendsTwiceToALateReceiver(Late):
    channel_class = SendsTwice.channel_class


def once_more_in_the_background(self, delivery):
    GoodChannel.send(self, delivery)
    timer = threading.Timer(0.05, lambda: GoodChannel(self.config).send(delivery))
    timer.daemon = True
    timer.start()


@fault("an_event_arrives_exactly_once")
class SendsAgainInTheBackground(Good):
    contract = {"settling": 1.5}
    channel_class = with_channel(send=once_more_in_the_background)


@fault("what_is_too_large_is_never_cut_silently")
class SaysNotWhatItShortened(Good):
    contract = {"largest": 10_000, "too_large": "shortened"}
    channel_class = CutsWhatIsTooLarge.channel_class


@fault("what_is_too_large_is_never_cut_silently")
class GivesUpWhatMayFitLater(Good):
    contract = {"largest": 10_000, "too_large": "tried again"}
    channel_class = Limited.channel_class


def change_when_sent(self, status):
    self.config["last_status"] = status
    GoodChannel.on_status(self, status)


@fault("the_configuration_is_not_changed")
class NotesTheStatusInItsConfiguration(Good):
    channel_class = with_channel(on_status=change_when_sent)


@fault("the_configuration_is_not_changed")
class SortsItsRoomsInPlace(Roomy):
    more_config = {"rooms": ["red", "blue"]}

    def targets(self, config):
        config["rooms"].sort()
        return config["rooms"]


def add_the_time(self, delivery):
    import json
    from datetime import datetime

    delivery.event.payload["sent"] = datetime.now().isoformat()
    return json.dumps(delivery.event.payload).encode()


@fault("an_event_arrives_exactly_once")
class ChangesThePayload(Good):
    channel_class = with_channel(body=add_the_time)


@fault("a_retry_has_the_delivery_id_of_the_first_attempt")
class NamesTheEventInstead(Good):
    channel_class = with_channel(delivery_id=lambda self, delivery: delivery.event_id)


def until_closed(self):
    for delivery in getattr(self, "waiting", []):
        GoodChannel.send(self, delivery)
    GoodChannel.close(self)


def wait_for_more(self, delivery):
    self.waiting = [*getattr(self, "waiting", []), delivery]


@fault("an_event_arrives_exactly_once")
class BuffersUntilItIsClosed(Good):
    channel_class = with_channel(send=wait_for_more, close=until_closed)
