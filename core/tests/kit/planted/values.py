"""Faults of what is set and returned."""

from pulp_events import TransientFailure

from .good import Good, GoodChannel, and_then, fault, with_channel


def number_as_detail(self):
    self.detail = 200


@fault("what_it_sets_and_returns_is_valid")
class SetsANumberAsDetail(Good):
    channel_class = with_channel(on_status=and_then(number_as_detail))


def failing_with(retry_after):
    def on_status(self, status):
        if status >= 500:
            raise TransientFailure(f"status {status}", retry_after=retry_after)
        GoodChannel.on_status(self, status)

    return on_status


@fault("what_it_sets_and_returns_is_valid")
class AsksForATextOfSeconds(Good):
    channel_class = with_channel(on_status=failing_with("120"))


@fault("what_it_sets_and_returns_is_valid")
class AsksForNegativeSeconds(Good):
    channel_class = with_channel(on_status=failing_with(-1))


@fault("what_it_sets_and_returns_is_valid")
class AsksForNoNumberOfSeconds(Good):
    channel_class = with_channel(on_status=failing_with(float("nan")))


@fault("what_it_sets_and_returns_is_valid")
class HasALimitOfText(Good):
    def limit(self, config, settings):
        return "30"


@fault("what_it_sets_and_returns_is_valid")
class HasNoLimitAtAll(Good):
    time_limit = float("inf")


@fault("what_it_sets_and_returns_is_valid")
class HasAWindowOfNothing(Good):
    def window(self, config):
        return 0


@fault("what_it_sets_and_returns_is_valid")
class HasAWindowOfText(Good):
    def window(self, config):
        return "1h"


@fault("what_it_sets_and_returns_is_valid")
class BatchesByHalves(Good):
    channel_class = with_channel(batch_size=2.5)
