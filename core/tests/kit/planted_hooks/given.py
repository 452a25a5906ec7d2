"""What is given: not coped with, or changed."""

import sys

from .good import GoodEnricher, GoodObserver, fault


@fault("it_can_be_registered")
class MarksNoHook:
    def pulp_event_emitted(self, event): ...


@fault("it_copes_with_whatever_it_is_given")
class NeedsARepository(GoodObserver):
    def emitted(self, event, listeners):
        self.note(event.payload["repo_id"])


@fault("it_copes_with_whatever_it_is_given")
class ForgetsThatListenersAreDeleted(GoodObserver):
    def changed(self, before, after, settings):
        self.note(after.id)


@fault("it_copes_with_whatever_it_is_given")
class EndsTheProgram(GoodObserver):
    def counted(self, event_types):
        sys.exit(3)


@fault("it_copes_with_whatever_it_is_given")
class EnrichesByARepository(GoodEnricher):
    def enriched(self, event):
        return self.adding(event, host=f"host-of-{event.payload['repo_id']}")


@fault("what_it_is_given_stays_as_it_is")
class EmptiesTheCounts(GoodObserver):
    def counted(self, event_types):
        event_types.clear()


@fault("what_it_is_given_stays_as_it_is")
class RewritesThePayload(GoodObserver):
    def emitted(self, event, listeners):
        dict.__setitem__(event.payload, "seen", True)


@fault("what_it_is_given_stays_as_it_is")
class DisablesTheListener(GoodObserver):
    def changed(self, before, after, settings):
        if after is not None:
            object.__setattr__(after, "enabled", not after.enabled)


@fault("what_it_is_given_stays_as_it_is")
class EnrichesInPlace(GoodEnricher):
    def enriched(self, event):
        dict.__setitem__(event.payload, "host", "pulp1")
