"""Failures, and what belongs to the process."""

import logging
import os
import signal
import socket

from .good import GoodEnricher, GoodObserver, fault


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


@fault("the_process_is_left_as_it_was")
class NamesTheLastEventInTheEnvironment(GoodEnricher):
    def enriched(self, event):
        os.environ["LAST_EVENT_TYPE"] = event.event_type
        return super().enriched(event)


@fault("the_process_is_left_as_it_was")
class LogsByTheRootLogger(GoodObserver):
    def counted(self, event_types):
        logging.info("counted")
