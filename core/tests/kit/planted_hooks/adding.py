"""What comes back, and what an enricher makes of an event."""

from dataclasses import replace

from .good import GoodEnricher, GoodObserver, fault


@fault("what_it_returns_is_nothing")
class ReturnsTheEvent(GoodObserver):
    def emitted(self, event, listeners):
        return event


@fault("what_it_returns_is_emitted")
class ReturnsAPayload(GoodEnricher):
    def enriched(self, event):
        return {**event.payload, "host": "pulp1"}


@fault("what_it_returns_is_emitted")
class GivesANewId(GoodEnricher):
    def enriched(self, event):
        return replace(self.adding(event, host="pulp1"), id="0" * 24)


@fault("what_it_returns_is_emitted")
class InventsAnEventType(GoodEnricher):
    def enriched(self, event):
        return replace(event, event_type="no.such.type")


@fault("what_it_returns_is_emitted", "what_it_adds_is_json")
class AddsAnObject(GoodEnricher):
    def host(self):
        return object()


@fault("what_it_adds_is_json")
class AddsNumbersAsKeys(GoodEnricher):
    def host(self):
        return {1: "pulp1"}


@fault("it_adds_the_documented_keys_and_no_others")
class AddsWhatNobodyKnows(GoodEnricher):
    def enriched(self, event):
        return self.adding(event, host="pulp1", pid=1)


@fault("it_adds_the_documented_keys_and_no_others")
class AddsNothing(GoodEnricher):
    def enriched(self, event):
        return None


@fault("what_was_given_is_still_there")
class DropsWhatWasGiven(GoodEnricher):
    def enriched(self, event):
        return replace(event, payload={"host": "pulp1"})


@fault("what_was_given_is_still_there")
class OverwritesWhatWasGiven(GoodEnricher):
    def enriched(self, event):
        return replace(event, payload={**dict.fromkeys(event.payload, "?"), "host": "pulp1"})


@fault("what_else_an_event_has_is_left_alone")
class DropsTheCallReport(GoodEnricher):
    def enriched(self, event):
        return replace(self.adding(event, host="pulp1"), call_report={})


@fault("what_else_an_event_has_is_left_alone")
class SaysThatItEmittedIt(GoodEnricher):
    def enriched(self, event):
        return replace(self.adding(event, host="pulp1"), source="planted")


@fault("a_key_that_was_given_is_not_overwritten")
class KnowsBetter(GoodEnricher):
    def enriched(self, event):
        return replace(event, payload={**event.payload, "host": "pulp1"})
