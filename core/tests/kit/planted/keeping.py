"""Faults of what is kept in memory."""

import json

from pulp_events import PermanentFailure
from pulp_events.frozen import thaw

from .good import Good, GoodChannel, fault, with_channel
from .kinds import Digest, together

KEPT = []


def keep(self, delivery):
    KEPT.append(delivery)
    return GoodChannel.send(self, delivery)


@fault("no_delivery_is_kept")
class KeepsItsDeliveries(Good):
    channel_class = with_channel(send=keep)


ERRORS = []


def keep_the_error(self, delivery):
    try:
        return GoodChannel.send(self, delivery)
    except Exception as error:
        ERRORS.append(error)
        raise


@fault("no_delivery_is_kept")
class KeepsItsErrors(Good):
    """And with each its traceback."""

    channel_class = with_channel(send=keep_the_error)


def keep_the_rejection(self, status):
    try:
        GoodChannel.on_status(self, status)
    except PermanentFailure as error:
        ERRORS.append(error)
        raise


@fault("no_delivery_is_kept")
class KeepsRejections(Good):
    channel_class = with_channel(on_status=keep_the_rejection)


COPIES = []


def keeping(copy):
    """A channel that keeps this of each delivery, for as long as the process lives."""

    def send(self, delivery):
        COPIES.append(copy(delivery))
        return GoodChannel.send(self, delivery)

    return with_channel(send=send)


@fault("no_report_is_kept_after_close")
class KeepsReports(Good):
    channel_class = keeping(lambda delivery: delivery.report)


@fault("no_report_is_kept_after_close")
class KeepsCopiesOfEvents(Good):
    channel_class = keeping(lambda delivery: json.dumps(thaw(delivery.event.payload)))


@fault("no_report_is_kept_after_close")
class KeepsWhatItDigested(Digest):
    channel_class = with_channel(send_batch=lambda self, deliveries: digested(self, deliveries))


def digested(self, deliveries):
    COPIES.extend(delivery.report for delivery in deliveries)
    return together(self, deliveries)


@fault("no_report_is_kept_after_close")
class KeepsItsChannels(Good):
    """Each with all that it sent."""

    kept = []

    def open(self, config, settings):
        channel = remembering(config)
        self.kept.append(channel)
        return channel


def keep_the_reports_of_the_channel(self, delivery):
    vars(self).setdefault("sent", []).append(bytes(bytearray(delivery.report)))
    return GoodChannel.send(self, delivery)


remembering = with_channel(send=keep_the_reports_of_the_channel)
