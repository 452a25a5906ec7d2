"""Calls that take too long, or get in the way of others."""

import sqlite3
import time

from .good import GoodEnricher, GoodObserver, fault


@fault("a_call_returns_within_its_limit")
class TakesItsTime(GoodObserver):
    def counted(self, event_types):
        time.sleep(0.6)


@fault("a_call_returns_within_its_limit")
class NeverReturns(GoodObserver):
    def counted(self, event_types):
        while True:
            time.sleep(0.05)


@fault("a_call_returns_within_its_limit")
class EnrichesSlowly(GoodEnricher):
    def host(self):
        time.sleep(0.6)
        return "pulp1"


@fault("several_threads_may_call_it_at_once")
class StaysInItsThread(GoodObserver):
    database = None

    def counted(self, event_types):
        self.database = self.database or sqlite3.connect(":memory:")
        self.database.execute("SELECT 1")


@fault("several_threads_may_call_it_at_once")
class LosesWhatOthersNote(GoodObserver):
    def note(self, text):
        noted = self.file.read_text("utf-8") if self.file.exists() else ""
        time.sleep(0.001)
        self.file.write_text(f"{noted}{text}\n", "utf-8")


@fault("threads_do_not_get_each_others_events")
class KeepsTheLastEvent(GoodEnricher):
    def enriched(self, event):
        self.last = event
        time.sleep(0.001)
        return self.adding(self.last, host=self.host())
