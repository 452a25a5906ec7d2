"""What stays that should not."""

import os
import threading
import time

from .good import GoodEnricher, GoodObserver, fault


@fault("nothing_is_left_behind")
class LeavesItsFileOpen(GoodObserver):
    left = []  # noqa: RUF012

    def counted(self, event_types):
        self.left.append(open(os.devnull))  # noqa: SIM115, PTH123


@fault("nothing_is_left_behind")
class StartsAThreadEachTime(GoodObserver):
    def counted(self, event_types):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()


@fault("an_event_that_comes_again_is_enriched_again")
class RemembersIds(GoodEnricher):
    def __init__(self):
        self.seen = set()

    def enriched(self, event):
        if event.id in self.seen:
            return None
        self.seen.add(event.id)
        return self.adding(event, host="pulp1")


@fault("nothing_that_it_was_given_is_kept")
class CountsIds(GoodEnricher):
    def __init__(self):
        self.seen = set()

    def enriched(self, event):
        self.seen.add(event.id)
        return super().enriched(event)


@fault("nothing_that_it_was_given_is_kept")
class KeepsEvents(GoodEnricher):
    kept = []  # noqa: RUF012

    def enriched(self, event):
        self.kept.append(event)
        return super().enriched(event)


@fault("nothing_that_it_was_given_is_kept")
class KeepsDeliveries(GoodObserver):
    kept = []  # noqa: RUF012

    def attempted(self, delivery, attempt):
        self.kept.append(delivery)


@fault("nothing_that_it_was_given_is_kept")
class KeepsIdsOfDeliveries(GoodObserver):
    kept = set()  # noqa: RUF012

    def attempted(self, delivery, attempt):
        self.kept.add(delivery.id)
