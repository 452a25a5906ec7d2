"""Observers and enrichers without a fault, and many with one each. Used by test_planted_hooks.py, in a run of its own.

`file` is where an observer keeps what it notes; that it is a folder is what nothing here can work with.
"""

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from pulp_events import hookimpl

logger = logging.getLogger("planted_hooks")
HERE = threading.Lock()


class GoodObserver:
    """Notes a line for each thing in a file."""

    file: Path

    def note(self, text):
        with HERE, self.file.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    @hookimpl
    def pulp_event_emitted(self, event, listeners):
        return self.emitted(event, listeners)

    def emitted(self, event, listeners):
        self.note(f"emitted {event.id} for {len(listeners)}")

    @hookimpl
    def pulp_events_counted(self, event_types):
        self.counted(event_types)

    def counted(self, event_types):
        self.note(f"counted {sum(event_types.values())}")

    @hookimpl
    def pulp_delivery_attempted(self, delivery, attempt):
        self.attempted(delivery, attempt)

    def attempted(self, delivery, attempt):
        self.note(f"attempted {delivery.id}: {attempt.outcome}")

    @hookimpl
    def pulp_listener_changed(self, before, after, by, settings):
        self.changed(before, after, settings)

    def changed(self, before, after, settings):
        self.note(f"changed {(after or before).id}")


class HandlesItsFailures(GoodObserver):
    def note(self, text):
        try:
            super().note(text)
        except OSError as error:
            logger.warning("cannot note what happens: %s", error)


class GoodEnricher:
    """Adds the host."""

    @hookimpl
    def pulp_before_emit(self, event):
        return self.enriched(event)

    def enriched(self, event):
        return self.adding(event, host=self.host())

    def adding(self, event, **values):
        return replace(event, payload={**values, **event.payload})

    def host(self):
        if hasattr(self, "file") and self.file.is_dir():
            raise OSError("the name of the host cannot be read")
        return "pulp1"


class RemembersALittle(GoodEnricher):
    """The ids of the last 100 events."""

    def __init__(self):
        self.last = deque(maxlen=100)

    def enriched(self, event):
        self.last.append(event.id)
        return super().enriched(event)


GOOD = [GoodObserver, HandlesItsFailures, GoodEnricher, RemembersALittle]


def fault(*claims):
    """Marks a plugin with a fault: which claims must catch it."""

    def mark(plugin):
        plugin.claims = claims
        return plugin

    return mark


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


@fault("it_prints_nothing")
class PrintsProgress(GoodObserver):
    def counted(self, event_types):
        print("counted", event_types)


@fault("nothing_secret_is_seen")
class KeepsWholeListeners(GoodObserver):
    def changed(self, before, after, settings):
        self.note(dict((after or before).notifier_config))


@fault("nothing_secret_is_seen")
class LogsWholeListeners(GoodObserver):
    def emitted(self, event, listeners):
        for listener in listeners:
            logger.info("configured by %s", dict(listener.notifier_config))


@fault("nothing_secret_is_seen")
class SaysItsSecretWhereItFails(GoodObserver):
    def note(self, text):
        try:
            super().note(text)
        except OSError as error:
            raise OSError("cannot log in with the password pa55-of-the-plugin") from error


@fault("nothing_secret_is_seen")
class EnrichesBySecret(GoodEnricher):
    def enriched(self, event):
        return self.adding(event, host="amqp://pulp:pa55-of-the-plugin@pulp1")


@fault("nothing_is_left_behind")
class LeavesItsFileOpen(GoodObserver):
    left = []  # noqa: RUF012

    def counted(self, event_types):
        self.left.append(open(os.devnull))  # noqa: SIM115, PTH123


@fault("nothing_is_left_behind")
class StartsAThreadEachTime(GoodObserver):
    def counted(self, event_types):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()


@fault("where_it_cannot_work_that_is_logged_with_its_name_and_harms_nothing")
class SwallowsItsFailures(GoodObserver):
    def note(self, text):
        try:
            super().note(text)
        except OSError:
            pass


@fault("where_it_cannot_work_that_is_logged_with_its_name_and_harms_nothing")
class EnrichesByGuessing(GoodEnricher):
    def host(self):
        return "unknown"


@fault("its_process_outlives_it")
class EndsTheProcess(GoodObserver):
    def counted(self, event_types):
        os._exit(3)


@fault("its_process_outlives_it")
class KillsTheProcess(GoodEnricher):
    def host(self):
        os.kill(os.getpid(), signal.SIGKILL)


@fault("the_process_is_left_as_it_was")
class SetsTheDefaultTimeout(GoodObserver):
    def counted(self, event_types):
        socket.setdefaulttimeout(5)


@fault("the_process_is_left_as_it_was")
class ChangesTheEnvironment(GoodEnricher):
    def host(self):
        os.environ["LAST_EVENT"] = "1"
        return "pulp1"


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


@fault("it_copes_with_whatever_it_is_given")
class EnrichesByARepository(GoodEnricher):
    def enriched(self, event):
        return self.adding(event, host=f"host-of-{event.payload['repo_id']}")


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


@fault("the_process_is_left_as_it_was")
class NamesTheLastEventInTheEnvironment(GoodEnricher):
    def enriched(self, event):
        os.environ["LAST_EVENT_TYPE"] = event.event_type
        return super().enriched(event)


@fault("the_process_is_left_as_it_was")
class LogsByTheRootLogger(GoodObserver):
    def counted(self, event_types):
        logging.info("counted")


@fault("nothing_secret_is_seen")
class GivesASecretToAProgram(GoodObserver):
    def changed(self, before, after, settings):
        subprocess.run(["true", str((after or before).notifier_config.get("token"))], check=False)


FAULTY = [value for value in list(globals().values()) if isinstance(value, type) and "claims" in vars(value)]
