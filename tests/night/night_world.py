"""What an administrator finds at night: an application, its listeners, their endpoints, workers; and a terminal.

A script in this folder is one job. Its docstring is the symptom, in a line, and what to know; what it types, and what
is then on the screen, becomes its part of docs/night.md (see docs/night.py).
"""

from __future__ import annotations

import contextlib
import getpass
import re
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from night_rewriting import Rewriting
from night_terminal import PATIENCE, Terminal
from varying import Varying

from pulp_events import DeliveryQuery, EventBus
from pulp_events.outbox.states import State
from pulp_events.system.clock import SystemClock
from pulp_events.testing.http_sink import Answer, HttpSink

HOUR, DAY, WEEK = 3600.0, 86400.0, 604800.0

APART = 600.0
"""Seconds between two events, so that short ids are short, and always as long."""

DATA, CONFIG = "/var/lib/pulp/events", "/etc/pulp/server.conf"
"""The paths in the scripts; the real ones are as long, so that the screen looks the same."""

HOME = "/home/operators"
"""The administrator's folder, in which everything is."""

KINDS = {
    "short": r"\b01[0-9a-f]{6}(?:\.\d)?\b",
    "day": r"\b\d\d-\d\d \d\d:\d\d(?::\d\d)?\b",
    "cut_place": r"127\.0\.0\.1:?\d{0,5}…",
    "place": r"127\.0\.0\.1:\d{4,5}",
    "moment": r"\b\d\d(?::\d\d){1,2}(?: UTC)?\b",
    "duration": r"(?<![\w.-])\d+(?:\.\d+)? ?(?:ms|s|min|m|h|d)\b(?: \d+ ?(?:s|min|m|h)\b)?",
    "secret": r"whsec_[A-Za-z0-9+/=]+",
    "trend": r"[·▁▂▃▄▅▆▇█]{3,}",
    "fraction": r"\b\d*\.\d+(?=\b|/)",
    "many": r"(?<![\w.-])\d{2,}(?= (?:events|deliveries|of them)\b)",
    "process": r"(?<=worker )\d+|(?<=\[1\] )\d+|(?<=process )\d+",
    "stamp": r"\b\d{8}T\d{12}\b",
}
"""What is never the same twice on a screen, beside what documents have."""


def columns_apart(text):
    """A regular expression for text in which the columns may be wider apart: times and numbers have other lengths."""
    return re.sub(r"(?:\\ ){2,}", "[ ]{2,}", re.escape(text))


class Past(SystemClock):
    """A clock that is `late` by so many seconds."""

    def __init__(self, late):
        self.late = late

    def time(self):
        return super().time() - self.late


class Endpoint:
    """A receiver of HTTP at an address that stays the same while it is down: nothing listens there then."""

    def __init__(self):
        self.received = []
        self.sink = HttpSink()
        self.place = f"127.0.0.1:{self.sink.port}"
        self.url = f"http://{self.place}/hook"

    def down(self):
        self.received += self.sink.requests
        self.sink.close()

    def up(self, answer=Answer()):  # noqa: B008
        self.sink = HttpSink(answer, port=self.sink.port)

    def answers(self, answer):
        self.sink.answer = answer

    def close(self):
        self.sink.close()


class Night:
    """One job: its world, and the terminal that it is done at."""

    def __init__(self, folder, environment, rewriting=None, columns=80, lines=24):
        self.folder, self.environment = folder, environment
        self.config, self.data = folder / ".conf", folder / "data"
        self._paths = {CONFIG: str(self.config), DATA: str(self.data), HOME: str(folder)}
        assert all(len(shown) == len(real) for shown, real in self._paths.items()), "lines would be broken elsewhere"
        self.varying = Varying(KINDS, ("short", "place", "secret"), columns_apart)
        self._rewriting = rewriting
        self._stack = contextlib.ExitStack()
        self._size = (columns, lines)
        self._terminal = None

    # The world

    def configure(self, text=""):
        """server.conf, beyond the data folder."""
        self.config.write_text(f"[events]\ndata_dir = {self.data}\nsource = pulp.example\n{text}")
        self.config.chmod(0o600)

    def endpoint(self, place):
        """A receiver of HTTP; scripts write its address as `place`."""
        made = Endpoint()
        self._stack.callback(made.close)
        self.varying.names[place] = made.place
        return made

    def serves(self, server, place):
        """Another server, closed at the end; scripts write its address as `place`."""
        entered = self._stack.enter_context(server)
        self.varying.names[place] = f"127.0.0.1:{entered.port}"
        return entered

    def application(self, late=0.0, by="ada via pulp"):
        """The application's bus, for a `with`: others deliver. `late`: seconds by which its clock is late."""
        return EventBus.open(self.config, deliver="external", clock=Past(late), by=by)

    def listener(self, name, endpoint, event_types=("*",), type_id="http", config=None, **attributes):
        """Create a listener, as somebody did the week before."""
        with self.application(WEEK) as bus:
            return bus.listeners.create(
                type_id, config or {"url": endpoint.url}, list(event_types), name=name, **attributes
            ).id

    def emit(self, count=1, event_type="repo.sync.finish", late=0.0, **payload):
        """Emit so many events, of the repositories 1, 2, …, the last of them `late` seconds ago, each `APART`."""
        clock = Past(0.0)
        with EventBus.open(self.config, deliver="external", clock=clock) as bus:
            for number in range(1, count + 1):
                clock.late = late + APART * (count - number)
                bus.emit(event_type, {"repo_id": f"repo-{number}", **payload})

    def deliver(self):
        """Attempt what is due, as a worker would, and the application itself can."""
        with self.application() as bus:
            bus.deliver_due()

    def damage(self):
        """Overwrite a part of the outbox, as a failing disk would."""
        path = self.data / "outbox.sqlite"
        content = bytearray(path.read_bytes())
        page = content.index(b'"repo-100"') // 4096 * 4096
        content[page : page + 4096] = b"\xa5" * 4096
        path.write_bytes(content)

    def worker(self, *options):
        """A worker, as the system runs it in the background; stopped at the end."""
        log = (self.folder / "worker.log").open("a")
        process = subprocess.Popen(
            [self._program, "event", "worker", *options], stdout=log, stderr=log, env=self.environment, cwd=self.folder
        )
        log.close()
        self._stack.callback(self.stop, process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        """Stop a worker."""
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def until(self, claim, what):
        """Wait for what other processes do."""
        end = time.monotonic() + PATIENCE
        while not claim():
            assert time.monotonic() < end, what
            time.sleep(0.05)

    def until_attempted(self, count):
        """Wait until so many deliveries were attempted, and what that came to is recorded."""
        with self.application() as bus:
            self.until(
                lambda: sum(each.attempts > 0 and not each.lease for each in bus.deliveries.list(limit=1000)) >= count,
                f"{count} deliveries are attempted",
            )

    def until_delivered(self, count):
        """Wait until so many deliveries are delivered."""
        with self.application() as bus:
            query = DeliveryQuery(state=State.DELIVERED)
            self.until(lambda: bus.deliveries.count(query) >= count, f"{count} deliveries are delivered")

    def until_all_delivered(self):
        """Wait until nothing is pending any more."""
        with self.application() as bus:
            query = DeliveryQuery(state=State.PENDING)
            self.until(lambda: bus.deliveries.count(query) == 0, "everything is delivered")

    def let_pass(self, moment):
        """Where it is about to be `moment`, HH:MM in UTC, wait until that is past: it is to be some time off."""
        before = f"{datetime.strptime(moment, '%H:%M') - timedelta(minutes=1):%H:%M}"
        while f"{datetime.now(UTC):%H:%M}" == before:
            time.sleep(1)

    # The terminal

    @property
    def terminal(self):
        """The administrator's; opened when something is first typed."""
        if self._terminal is None:
            self._terminal = self._stack.enter_context(Terminal(self.folder, self.environment, *self._size))
        return self._terminal

    def types(self, command, shows, answers=(), code=0, scrolls=False):
        """Type a command, and answers to what it asks; the screen must then show this, and fit.

        `scrolls`: it may be longer than the screen.

        What the screen shows is compared like in the documents, see `varying`; the space between columns may differ.
        """
        ended = self.terminal.type(self._as_here(command), answers)
        self._compare(shows, f"$ {command}", scrolls)
        assert self._rewriting or code == ended, f"$ {command}\nexit code {ended}"

    def watches(self, command, until, shows, leave=None):
        """Type a command that goes on; once `until` is shown, the screen must show this.

        `leave`: the key that ends it; by default Ctrl-C. `until`: text, or a function that does something first.
        """
        self.terminal.start(self._as_here(command))
        until = until() if callable(until) else until
        self.terminal.wait_for(self.varying.as_here(until))
        self._compare(shows, f"$ {command}")
        if leave is not None:
            self.terminal.press(leave)
        code = self.terminal.interrupt() if leave is None else self.terminal.finish()
        assert code in (0, 130), f"$ {command}\nexit code {code}"

    def meanwhile(self, text):
        """Something happens that the page must tell, as a paragraph of Markdown. Here it only reads as one."""

    def close(self):
        self._stack.close()

    def _compare(self, shows, place, scrolls=False):
        screen = "\n".join(self.terminal.read())
        for shown, real in self._paths.items():
            screen = screen.replace(real, shown)
        screen = screen.replace(f" by {getpass.getuser()}", " by root")
        wide = self.terminal.too_wide()
        try:
            self.varying.compare(textwrap.dedent(shows), screen, place)
        except AssertionError:
            if self._rewriting is None:
                raise
            self._rewriting.note(sys._getframe(2), self.varying, textwrap.dedent(shows), screen)
        if self._rewriting is not None:
            return
        assert not wide, f"{place}\nwider than the terminal, which broke it:\n" + "\n".join(wide)
        room = self._size[1] - (not self.terminal.is_full_screen)  # for the next prompt
        assert scrolls or screen.count("\n") < room, f"{place}\ndoes not fit the screen:\n{screen}"

    def _as_here(self, command):
        command = self.varying.as_here(command)
        for shown, real in self._paths.items():
            command = command.replace(shown, real)
        return command

    @property
    def _program(self):
        return str(Path(sys.executable).with_name("pulp-admin"))


__all__ = ["Answer", "Night", "Rewriting"]
