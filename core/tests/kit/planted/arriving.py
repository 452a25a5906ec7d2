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


def with_payload(rewrite):
    """A channel that does this to the pairs of the payload."""
    return rewritten(lambda report: {**report, "payload": dict(filter(None, map(rewrite, report["payload"].items())))})


def with_values(rewrite):
    """A channel that does this to each value of the payload, at the top of it."""
    return with_payload(lambda pair: (pair[0], rewrite(pair[1])))


def without(condition):
    """A channel that drops such values of the payload."""
    return with_payload(lambda pair: None if condition(pair[1]) else pair)


@fault("a_report_arrives_code_point_for_code_point")
class DropsWhatIsNone(Good):
    channel_class = without(lambda value: value is None)


@fault("a_report_arrives_code_point_for_code_point")
class DropsWhatIsEmpty(Good):
    channel_class = without(lambda value: value in ("", [], {}))


@fault("a_report_arrives_code_point_for_code_point")
class DropsWhatIsFalse(Good):
    channel_class = without(lambda value: value is False)


@fault("a_report_arrives_code_point_for_code_point")
class DropsZeros(Good):
    channel_class = without(lambda value: type(value) in (int, float) and not value)


@fault("a_report_arrives_code_point_for_code_point")
class MakesTextOfNumbers(Good):
    channel_class = with_values(lambda value: str(value) if type(value) in (int, float) else value)


@fault("a_report_arrives_code_point_for_code_point")
class MakesWholeNumbersOfParts(Good):
    channel_class = with_values(lambda value: int(value) if isinstance(value, float) and value == 3 else value)


@fault("a_report_arrives_code_point_for_code_point")
class RoundsNumbers(Good):
    channel_class = with_values(lambda value: round(value, 2) if isinstance(value, float) else value)


@fault("a_report_arrives_code_point_for_code_point")
class CutsLists(Good):
    channel_class = with_values(lambda value: value[:20] if isinstance(value, list) else value)


@fault("a_report_arrives_code_point_for_code_point")
class CapsNumbers(Good):
    channel_class = with_values(lambda value: min(value, 2**31) if type(value) is int else value)


@fault("a_report_arrives_code_point_for_code_point")
class LowersKeys(Good):
    channel_class = with_payload(lambda pair: (pair[0].lower(), pair[1]))


@fault("a_report_arrives_code_point_for_code_point")
class StripsTexts(Good):
    channel_class = with_values(lambda value: value.strip() if isinstance(value, str) else value)


@fault("a_report_arrives_code_point_for_code_point")
class DropsWhatIsEmptyInTheReport(Good):
    channel_class = rewritten(lambda report: {key: value for key, value in report.items() if value})


def without_none(value):
    if isinstance(value, list):
        return [without_none(each) for each in value]
    if isinstance(value, dict):
        return {key: without_none(each) for key, each in value.items() if each is not None}
    return value


@fault("a_report_arrives_code_point_for_code_point")
class DropsWhatIsNoneBelow(Good):
    channel_class = with_values(without_none)


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
