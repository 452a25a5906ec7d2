"""Faults that harm the process."""

import logging

from pulp_events import TimedOut

from .good import Good, GoodChannel, and_then, fault, with_channel


def exit_at_once(self, status):
    import os

    os._exit(7)


@fault("its_process_outlives_it", "an_event_arrives_exactly_once")
class EndsTheProcess(Good):
    channel_class = with_channel(on_status=exit_at_once)


def exit_when_late(self, delivery):
    import os

    try:
        return GoodChannel.send(self, delivery)
    except TimedOut:
        os._exit(7)


@fault("a_server_that_hangs_is_given_up_within_the_time_limit")
class EndsTheProcessWhenItIsLate(Good):
    channel_class = with_channel(send=exit_when_late)


def kill(self, error):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


@fault("its_process_outlives_it", "a_reset_connection_is_transient")
class KillsTheProcessWhenBroken(Good):
    channel_class = with_channel(on_broken=kill)


def set_default_timeout(*_):
    import socket

    socket.setdefaulttimeout(7.5)


def configure_logging(*_):
    logging.basicConfig(level=logging.DEBUG, force=True)


def disable_logging(*_):
    logging.disable(logging.CRITICAL)


def set_signal(*_):
    import signal

    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def change_folder(*_):
    import os

    os.chdir("/")


def change_umask(*_):
    import os

    os.umask(0o007)


def change_environment(*_):
    import os

    os.environ["PLANTED"] = "1"


def trust_anybody(*_):
    import ssl

    ssl._create_default_https_context = ssl._create_unverified_context


def find_modules_here(*_):
    import sys

    sys.path.insert(0, ".")


def collect_no_garbage(*_):
    import gc

    gc.disable()


def log_by_the_root_logger(*_):
    logging.info("sent")


def show_no_warnings(*_):
    import urllib3

    urllib3.disable_warnings()


def show_warnings_in_the_log(*_):
    logging.captureWarnings(True)


def seed(*_):
    import random

    random.seed(7)


def open_fewer_files(*_):
    import resource

    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most - 1, hard))


def move_to_another_time_zone(*_):
    import os
    import time

    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()


def yield_to_others(*_):
    import os

    os.nice(1)


def set_locale(*_):
    import locale

    locale.setlocale(locale.LC_ALL, "C" if locale.setlocale(locale.LC_ALL) != "C" else "C.UTF-8")


CHANGES = {
    "SetsTheDefaultTimeout": set_default_timeout,
    "ConfiguresLogging": configure_logging,
    "DisablesLogging": disable_logging,
    "SetsASignalHandler": set_signal,
    "ChangesTheFolder": change_folder,
    "ChangesTheUmask": change_umask,
    "ChangesTheEnvironment": change_environment,
    "TrustsAnyCertificate": trust_anybody,
    "FindsModulesHere": find_modules_here,
    "CollectsNoGarbage": collect_no_garbage,
    "LogsByTheRootLogger": log_by_the_root_logger,
    "ShowsNoWarnings": show_no_warnings,
    "ShowsWarningsInTheLog": show_warnings_in_the_log,
    "SeedsTheRandomNumbers": seed,
    "OpensFewerFiles": open_fewer_files,
    "MovesToAnotherTimeZone": move_to_another_time_zone,
    "YieldsToOthers": yield_to_others,
    "SetsTheLocale": set_locale,
}
"""What belongs to the whole process, and is changed: what the notifier does, and how."""


def changes_at(moment):
    """A notifier for each of these changes, made at this moment."""
    for name, change in CHANGES.items():
        hook = {"open": change} if moment == "Open" else {"on_status": and_then(change)}
        attributes = {"__module__": __name__, "channel_class": with_channel(**hook)}
        yield fault("the_process_is_left_as_it_was")(type(f"{name}At{moment}", (Good,), attributes))


globals().update((each.__name__, each) for moment in ("Open", "Send") for each in changes_at(moment))


@fault("the_process_is_left_as_it_was")
class SetsASignalHandlerWhenItIsMade(Good):
    def open(self, config, settings):
        set_signal()
        return super().open(config, settings)


IMPORT_FAULTS = {
    "sets_the_default_timeout": "import socket; socket.setdefaulttimeout(5)",
    "configures_logging": "import logging; logging.basicConfig(level=logging.DEBUG)",
    "sets_a_signal_handler": "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "changes_the_folder": "import os; os.chdir('/')",
    "changes_the_umask": "import os; os.umask(0o007)",
    "changes_the_environment": "import os; os.environ['PLANTED'] = '1'",
    "trusts_any_certificate": "import ssl; ssl._create_default_https_context = ssl._create_unverified_context",
    "logs_by_the_root_logger": "import logging; logging.info('planted')",
    "shows_no_warnings": "import urllib3; urllib3.disable_warnings()",
    "seeds_the_random_numbers": "import random; random.seed(7)",
    "opens_fewer_files": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))",
    "starts_a_thread": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "prints": "print('planted 1.0')",
    "prints_an_error": "import sys; sys.stderr.write('planted 1.0')",
    "uses_the_network": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))",
    "looks_up_a_name": "import socket; socket.getaddrinfo('localhost', 80)",
    "runs_a_program": "import subprocess, sys; subprocess.run([sys.executable, '-V'], stdout=subprocess.DEVNULL)",
}
"""What a module does when it is imported → its source. Caught by `importing_it_changes_nothing_of_the_process`."""
