"""Faults of what is called a failure, and which."""

from pulp_events import PermanentFailure, TransientFailure

from .good import Good, GoodChannel, fault, with_channel
from .kinds import Roomy


@fault("an_error_of_the_server_is_transient", "a_rejection_is_permanent", "bad_credentials_are_a_failure_that_says_so")
class SwallowsErrors(Good):
    channel_class = with_channel(on_status=lambda self, status: None)


def all_transient(self, status):
    if status >= 300:
        raise TransientFailure(f"status {status}")


@fault("a_rejection_is_permanent")
class TriesForEver(Good):
    channel_class = with_channel(on_status=all_transient)


def all_permanent(self, status):
    if status >= 300:
        raise PermanentFailure(f"status {status}")


@fault("an_error_of_the_server_is_transient")
class GivesUpAtOnce(Good):
    channel_class = with_channel(on_status=all_permanent)


def permanent_when_broken(self, error):
    raise PermanentFailure("connection broken") from error


@fault(
    "a_refused_connection_is_transient",
    "a_reset_connection_is_transient",
    "garbage_is_transient",
    "a_half_closed_connection_is_transient",
)
class GivesUpOnConnections(Good):
    channel_class = with_channel(on_broken=permanent_when_broken)


@fault("a_refused_connection_is_transient")
class SwallowsConnections(Good):
    channel_class = with_channel(on_broken=lambda self, error: None)


@fault("a_server_that_hangs_is_given_up_within_the_time_limit")
class Hangs(Good):
    time_limit = 1.0
    channel_class = with_channel(timeout=60)


def dead_for_good(self, delivery):
    if getattr(self, "dead", False):
        raise PermanentFailure("the connection is gone")
    try:
        return GoodChannel.send(self, delivery)
    except TransientFailure:
        self.dead = True
        raise


@fault(
    "a_connection_that_the_peer_closed_is_opened_again",
    "a_server_that_was_killed_and_started_again_is_delivered_to",
)
class NeverReconnects(Good):
    channel_class = with_channel(send=dead_for_good)


def put_off(channel, delivery):
    put_off_before = vars(channel).setdefault("put_off", [])
    try:
        GoodChannel.send(channel, delivery)
    except TransientFailure:
        put_off_before.append(delivery)
        return
    while put_off_before:
        GoodChannel.send(channel, put_off_before.pop())


@fault("an_ordered_listener_keeps_its_order_when_an_attempt_fails")
class SendsWhatFailedLater(Good):
    channel_class = with_channel(send=put_off)


def fail_silently(self, error):
    raise TransientFailure("") from error


@fault("a_refused_connection_is_transient")
class FailsWithoutAWord(Good):
    channel_class = with_channel(on_broken=fail_silently)


def retry_three_times(self, delivery):
    for left in (2, 1, 0):
        try:
            return GoodChannel.send(self, delivery)
        except TransientFailure:
            if not left:
                raise
    return None


@fault("it_leaves_retries_to_the_framework")
class RetriesByItself(Good):
    channel_class = with_channel(send=retry_three_times)


def right_for_red_alone(self, delivery):
    try:
        return GoodChannel.send(self, delivery)
    except PermanentFailure:
        if delivery.target != "red":
            raise TransientFailure("try again for ever") from None
        raise


@fault("a_rejection_is_permanent")
class JudgesTheFirstTargetAlone(Roomy):
    channel_class = with_channel(send=right_for_red_alone, headers=lambda self, delivery: {"Room": delivery.target})


@fault("it_leaves_retries_to_the_framework")
class RetriesByItselfWhileItMayConnectAgain(Good):
    contract = {"connects_again": True}
    channel_class = RetriesByItself.channel_class


def return_before_the_answer(self, delivery):
    try:
        connection = self.connect()
        connection.request("POST", "/", delivery.report, {"Authorization": f"Bearer {self.config['token']}"})
    except OSError as error:
        raise TransientFailure("connection broken") from error
    self.close()


@fault("a_server_that_hangs_is_given_up_within_the_time_limit", "an_error_of_the_server_is_transient")
class ReturnsBeforeTheAnswer(Good):
    channel_class = with_channel(send=return_before_the_answer)


def fail_from_now_on(self, delivery):
    if getattr(self, "failed", False):
        raise TransientFailure("it failed before")
    try:
        return GoodChannel.send(self, delivery)
    except TransientFailure:
        self.failed = True
        raise


@fault("a_retry_has_the_delivery_id_of_the_first_attempt")
class NeverRecovers(Good):
    channel_class = with_channel(send=fail_from_now_on)


def catch_all(self, delivery):
    try:
        return GoodChannel.send(self, delivery)
    except BaseException as error:  # noqa: BLE001
        raise TransientFailure(f"not sent: {type(error).__name__}") from None


@fault("an_interrupt_is_not_taken_for_a_failure")
class CatchesEverything(Good):
    channel_class = with_channel(send=catch_all)


def swallow_all(self, delivery):
    try:
        return GoodChannel.send(self, delivery)
    except:  # noqa: E722
        return None


@fault("an_interrupt_is_not_taken_for_a_failure", "a_refused_connection_is_transient")
class SwallowsEverything(Good):
    channel_class = with_channel(send=swallow_all)
