"""Faults of what leaves together."""

import dataclasses
import threading

from .good import Good, each, fault, one_result, with_channel
from .kinds import Digest, together


def reversed_batch(self, deliveries):
    for delivery in reversed(deliveries):
        yield delivery, one_result(self, delivery)


@fault("a_batch_arrives_in_order")
class ReversesItsBatches(Good):
    channel_class = each(reversed_batch)


def one_fails_all(self, deliveries):
    results = [one_result(self, delivery) for delivery in deliveries]
    failure = next((result for result in results if result is not None), None)
    for delivery in deliveries:
        yield delivery, failure


@fault("one_failure_in_a_batch_concerns_one_delivery")
class FailsTheWholeBatch(Good):
    channel_class = each(one_fails_all)


def first_for_all(self, deliveries):
    results = [one_result(self, delivery) for delivery in deliveries]
    for delivery in deliveries:
        yield delivery, results[0]


def last_for_all(self, deliveries):
    results = [one_result(self, delivery) for delivery in deliveries]
    for delivery in deliveries:
        yield delivery, results[-1]


@fault("one_failure_in_a_batch_concerns_one_delivery")
class TakesTheFirstResultForAll(Good):
    channel_class = each(first_for_all)


@fault("one_failure_in_a_batch_concerns_one_delivery")
class TakesTheLastResultForAll(Good):
    channel_class = each(last_for_all)


def foreign(self, deliveries):
    import dataclasses

    for delivery in deliveries:
        yield delivery, one_result(self, delivery)
    yield dataclasses.replace(deliveries[0], id="of-another.0"), None


@fault("a_batch_has_one_result_for_each_delivery")
class SettlesAForeignDelivery(Good):
    channel_class = each(foreign)


def forgetful(self, deliveries):
    for delivery in deliveries:
        self.send(delivery)
    yield deliveries[0], None


@fault("a_batch_has_one_result_for_each_delivery")
class ForgetsResults(Good):
    channel_class = each(forgetful)


def endless(self, deliveries):
    for delivery in deliveries:
        yield delivery, one_result(self, delivery)
    while True:
        yield deliveries[0], None


@fault("a_batch_has_one_result_for_each_delivery")
class NeverEndsItsBatch(Good):
    channel_class = each(endless)


def endless_loop(self, deliveries):
    for delivery in deliveries:
        yield delivery, one_result(self, delivery)
    while True:
        threading.Event().wait(0.01)


@fault("a_batch_has_one_result_for_each_delivery", "an_event_arrives_exactly_once")
class HangsAfterItsBatch(Good):
    channel_class = each(endless_loop)


def send_each(self, deliveries):
    for delivery in deliveries:
        yield delivery, one_result(self, delivery)


@fault("events_of_one_window_leave_together")
class SendsADigestInPieces(Digest):
    channel_class = with_channel(send_batch=send_each)


def with_the_time(self, deliveries):
    from datetime import datetime

    first = dataclasses.replace(deliveries[0], report=f"as of {datetime.now():%H:%M:%S}".encode())
    for delivery, failure in together(self, [first, *deliveries]):
        if delivery is not first:
            yield delivery, failure


@fault("a_window_that_is_sent_again_says_the_same")
class SaysWhenItMadeTheDigest(Digest):
    channel_class = with_channel(send_batch=with_the_time)


def first_fails_alone(self, deliveries):
    for number, (delivery, failure) in enumerate(together(self, deliveries)):
        yield delivery, None if number else failure


@fault("one_failure_in_a_batch_concerns_one_delivery")
class FailsTheFirstOfADigestAlone(Digest):
    channel_class = with_channel(send_batch=first_fails_alone)
