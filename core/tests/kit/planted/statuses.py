"""Faults of how the answers of an HTTP receiver are read."""

from urllib.parse import urlsplit

from pulp_events import PermanentFailure, TransientFailure

from .good import Good, GoodChannel, fault, with_channel


def fail_from_400_on(self, status):
    if status >= 400:
        GoodChannel.on_status(self, status)


@fault("only_an_answer_of_2xx_is_a_delivery")
class TakesARedirectForADelivery(Good):
    channel_class = with_channel(on_status=fail_from_400_on)


def follow(self, delivery):
    connection = self.connect()
    connection.request("POST", "/", delivery.report, {"Authorization": f"Bearer {self.config['token']}"})
    answer = connection.getresponse()
    answer.read()
    if answer.status in (301, 302, 303) and (location := answer.headers["Location"]):
        connection.request("GET", urlsplit(location).path)
        answer = connection.getresponse()
        answer.read()
    GoodChannel.on_status(self, answer.status)


@fault("only_an_answer_of_2xx_is_a_delivery")
class FollowsRedirects(Good):
    channel_class = with_channel(send=follow)


def take_a_conflict(self, status):
    if status != 409:
        GoodChannel.on_status(self, status)


@fault("only_an_answer_of_2xx_is_a_delivery")
class TakesAConflictForADelivery(Good):
    channel_class = with_channel(on_status=take_a_conflict)


def always_of_credentials(self, status):
    if status >= 500:
        raise TransientFailure(f"status {status}", credentials=True)
    if status >= 300:
        raise PermanentFailure(f"status {status}", credentials=True)


@fault("only_refused_credentials_are_called_so")
class CallsEachAnswerARefusedLogin(Good):
    channel_class = with_channel(on_status=always_of_credentials)


def broken_by_credentials(self, error):
    raise TransientFailure("connection broken", credentials=True) from error


@fault("only_refused_credentials_are_called_so")
class CallsABrokenConnectionARefusedLogin(Good):
    channel_class = with_channel(on_broken=broken_by_credentials)


def disabling(*statuses):
    def on_status(self, status):
        if status in statuses:
            raise PermanentFailure(f"status {status}", disable_listener=True)
        GoodChannel.on_status(self, status)

    return on_status


@fault("a_rejection_does_not_disable_the_listener")
class DisablesItsListenerOn404(Good):
    channel_class = with_channel(on_status=disabling(404, 410))


@fault("a_rejection_does_not_disable_the_listener")
class DisablesItsListenerOn401(Good):
    channel_class = with_channel(on_status=disabling(401))
