"""Claims about what a notifier leaves behind: secrets in texts, threads, sockets, files."""

from __future__ import annotations

import atexit
import gc
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pulp_events import EventBus, Listener, Notifier
from pulp_events.secrets import MASK, secret_fields
from pulp_events.system.logs import message_of
from pulp_events.testing.footprints import Footprints
from pulp_events.testing.notifier_contract.process import situations
from pulp_events.testing.notifier_contract.secrecy import causes, shows
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, secrets_of

ATTEMPTS = 3
"""Deliveries by a channel of their own each, after which nothing is left."""


class TidinessClaims(Subject):
    """After it, everything is as before."""

    def test_nothing_secret_is_seen(
        self,
        notifier: Notifier,
        endpoint: Any,
        bus: EventBus,
        listener: Listener,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """Neither as it is nor as base64, URL-quoted, or in JSON or HTML, nor its first or last 8 characters."""
        secrets = secrets_of(notifier, endpoint)
        if not secrets:
            pytest.skip("the configuration has no secret")
        caplog.set_level(logging.DEBUG)
        seen: list[tuple[str, str]] = []
        for situation, prepare in situations(endpoint, "refuse", "reset", "garbage"):
            prepare()
            with Footprints() as footprints:
                texts = list(self._texts(notifier, endpoint))
            seen += [(f"{place} with {situation}", text) for place, text in (*texts, *footprints.texts())]
        seen += [(f"the logger {one.name}", message_of(one)) for one in caplog.records]
        seen += [("what it printed", text) for text in capfd.readouterr()]
        seen += [("the listener as it is shown", str(bus.listeners.redacted(listener)))]
        for secret in secrets:
            places = sorted({place for place, text in seen if shows(text, secret)})
            assert not places, (
                f"a secret of the configuration, or a part of it, is in {', '.join(places)}; leave it out, raise "
                "`from None` where the cause has it, keep a library's logger from it, and give it to a program by its "
                "standard input or environment"
            )
        for key in secret_fields(notifier.config_schema()) & set(listener.notifier_config):
            assert bus.listeners.redacted(listener)[key] == MASK

    def _texts(self, notifier: Notifier, endpoint: Any) -> Iterator[tuple[str, str]]:
        """What can be read of one delivery: where, and the text."""
        if endpoint.proxy is not None:
            endpoint.proxy.drop()
        channel = self.opened(notifier, endpoint)
        try:
            with channel:
                self.send(channel, delivery_to(notifier, endpoint, "secret"))
        except Exception as error:
            yield "the exception", f"{error} {error!r}"
            yield from (("the cause of the exception", f"{cause} {cause!r}") for cause in causes(error))
        yield "the channel's detail", str(channel.detail)
        yield "the channel's repr", repr(channel)
        yield "the notifier's repr", repr(notifier)

    def test_it_prints_nothing(self, notifier: Notifier, endpoint: Any, capfd: pytest.CaptureFixture[str]) -> None:
        capfd.readouterr()
        with self.channel(notifier, endpoint) as channel:
            self.send(channel, delivery_to(notifier, endpoint, "quiet"))
        printed = "".join(capfd.readouterr())
        assert not printed, f"it prints {printed.strip()[:60]!r}; log with logging.getLogger(__name__) instead"

    def test_nothing_is_left_after_close(
        self, notifier: Notifier, endpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary = tmp_path / "temporary-files"
        temporary.mkdir()
        monkeypatch.setenv("TMPDIR", str(temporary))
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        with self.channel(notifier, endpoint) as channel:  # whatever is made once and for all is made now
            self.send(channel, delivery_to(notifier, endpoint, "first"))
        self._assert_leaves_nothing(notifier, endpoint, temporary, "after close()", 1)
        for situation, prepare in situations(endpoint, "reset", "garbage"):
            prepare()
            self._attempt(notifier, endpoint)  # what may be kept for all, such as a connection, is made anew
            self._assert_leaves_nothing(notifier, endpoint, temporary, f"after close(), with {situation}", ATTEMPTS)

    def _assert_leaves_nothing(
        self, notifier: Notifier, endpoint: Any, temporary: Path, when: str, too_many: int
    ) -> None:
        """`too_many`: what may be instead of something that was there before is less."""
        before = resources() | files_in(temporary)
        for _ in range(ATTEMPTS):
            self._attempt(notifier, endpoint)
        deadline = time.monotonic() + 5
        while len(left := (resources() | files_in(temporary)) - before) >= too_many and time.monotonic() < deadline:
            gc.collect()
            if endpoint.proxy is not None:
                endpoint.proxy.drop()  # the server's ends are in this process too
            time.sleep(0.05)
        assert len(left) < too_many, (
            f"left {when}: {sorted(left)}; close what open() or send() opened, remove temporary files, and wait "
            "for threads and child processes that they started"
        )

    def _attempt(self, notifier: Notifier, endpoint: Any) -> None:
        """One delivery by a channel of its own, whatever comes of it."""
        with suppress(Exception), self.channel(notifier, endpoint) as channel:
            self.send(channel, delivery_to(notifier, endpoint, "left"))

    def test_closing_twice_or_after_a_failed_open_harms_nothing(self, notifier: Notifier, endpoint: Any) -> None:
        channel = self.opened(notifier, endpoint)
        with channel:
            pass
        channel.close()
        if endpoint.proxy is not None:
            endpoint.proxy.fault = "refuse"
        other = self.opened(notifier, endpoint)
        try:
            with other:
                self.send(other, delivery_to(notifier, endpoint, "refused"))
        except Exception:
            other.close()


LOOPS_OWN = "asyncio_"
"""How the threads of `asyncio.to_thread` are named: they are the event loop's, which serves other channels too."""


def resources() -> set[str]:
    """Threads, child processes, open files and sockets, but for those of the test's own servers; functions of `atexit`.

    As far as the system tells.
    """
    ours = ("contract-", "fault-proxy-", "http-sink-", "smtp-sink-", "amqp-broker-")
    threads = {
        f"thread {thread.name} {thread.ident}"
        for thread in threading.enumerate()
        if not thread.name.startswith((*ours, LOOPS_OWN))
        and "(_serve)" not in thread.name
        and "(_copy)" not in thread.name
    }
    files = set()
    folder = Path("/proc/self/fd")
    for link in folder.iterdir() if folder.exists() else ():
        try:
            files.add(f"file {link.name} {link.readlink()}")
        except OSError:
            continue
    at_exit = {f"function number {number} of atexit" for number in range(atexit._ncallbacks())}
    return threads | files | at_exit | set(children())


def files_in(folder: Path) -> set[str]:
    """Files and folders that are left in a folder for temporary ones."""
    return {f"temporary file {path.name}" for path in folder.iterdir()}


def children() -> Iterator[str]:
    """Child processes, where the system tells, those among them that ended and were not waited for."""
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            numbers = path.read_text().split()
        except OSError:
            continue
        for number in numbers:
            try:
                yield f"child process {number} ({Path('/proc', number, 'comm').read_text().strip()})"
            except OSError:
                continue
