"""Faults of what is left out, changed, or sent elsewhere, though it is called delivered."""

import json
import unicodedata

from pulp_events import TransientFailure

from .good import Good, GoodChannel, fault, with_channel
from .kinds import Roomy


def unless(condition):
    """A channel that sends all deliveries but these."""
    return with_channel(send=lambda self, delivery: None if condition(delivery) else GoodChannel.send(self, delivery))


@fault("whatever_is_emitted_arrives")
class SkipsAnEmptyPayload(Good):
    channel_class = unless(lambda delivery: not delivery.event.payload)


@fault("whatever_is_emitted_arrives")
class KnowsOneEventType(Good):
    channel_class = unless(lambda delivery: delivery.event_type != "repo.sync.start")


@fault("whatever_is_emitted_arrives")
class KnowsEventTypesOfPulpAlone(Good):
    channel_class = unless(lambda delivery: not delivery.event_type.startswith("repo."))


@fault("whatever_is_emitted_arrives")
class SkipsLaterAttempts(Good):
    channel_class = unless(lambda delivery: delivery.attempts > 1)


@fault("whatever_is_emitted_arrives")
class SkipsWhatWasTriedOften(Good):
    channel_class = unless(lambda delivery: delivery.attempts > 5)


@fault("whatever_is_emitted_arrives")
class SkipsLargeReports(Good):
    channel_class = unless(lambda delivery: len(delivery.report) > 100_000)


@fault("whatever_is_emitted_arrives")
class SkipsMiddlingReports(Good):
    channel_class = unless(lambda delivery: 10_000 < len(delivery.report) < 100_000)


def need_a_repository(self, delivery):
    if "repo_id" not in delivery.event.payload:
        raise TransientFailure("the event has no repo_id")
    return GoodChannel.send(self, delivery)


@fault("whatever_is_emitted_arrives")
class NeedsARepository(Good):
    channel_class = with_channel(send=need_a_repository)


def rewritten(rewrite):
    """A channel that sends the report after this was done to it, as a dict."""

    def body(self, delivery):
        return json.dumps(rewrite(json.loads(delivery.report)), ensure_ascii=False).encode()

    return with_channel(body=body)


@fault("a_report_arrives_code_point_for_code_point")
class EmptiesTheCallReport(Good):
    channel_class = rewritten(lambda report: {**report, "call_report": {}})


@fault("a_report_arrives_code_point_for_code_point")
class EmptiesThePayload(Good):
    channel_class = rewritten(lambda report: {**report, "payload": {}})


def normalise(self, delivery):
    return unicodedata.normalize("NFC", delivery.report.decode()).encode()


@fault("a_report_arrives_code_point_for_code_point")
class NormalisesTexts(Good):
    channel_class = with_channel(body=normalise)


def normalised_payload(self, delivery):
    text = json.dumps(dict(delivery.event.payload), ensure_ascii=False)
    return unicodedata.normalize("NFKC", text).encode()


@fault("a_report_arrives_code_point_for_code_point")
class NormalisesWhatItMakesOfTheEvent(Good):
    channel_class = with_channel(body=normalised_payload)


def without_what_is_not_seen(value):
    if isinstance(value, str):
        return "".join(each for each in value if each.isprintable())
    if isinstance(value, dict):
        return {key: without_what_is_not_seen(each) for key, each in value.items()}
    return value


@fault("a_report_arrives_code_point_for_code_point")
class DropsWhatIsNotSeen(Good):
    channel_class = rewritten(without_what_is_not_seen)


@fault("a_retry_goes_to_its_own_target")
class SendsLaterAttemptsToTheFirstTarget(Roomy):
    channel_class = with_channel(
        headers=lambda self, delivery: {"Room": "red" if delivery.attempts > 1 else delivery.target}
    )


@fault("a_retry_goes_to_its_own_target")
class SendsToTheOtherTargetAfterAFailure(Roomy):
    class channel_class(GoodChannel):  # noqa: N801
        failed = False

        def headers(self, delivery):
            other = "blue" if delivery.target == "red" else "red"
            return {"Room": other if self.failed else delivery.target}

        def send(self, delivery):
            try:
                super().send(delivery)
            except TransientFailure:
                self.failed = True
                raise
