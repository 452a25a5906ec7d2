"""Claims about what a notifier leaves behind: secrets in texts, threads, sockets, files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pulp_events import EventBus, Listener, Notifier
from pulp_events.secrets import MASK, secret_fields
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, secrets_of, send
from pulp_events.testing.notifier_contract.waiting import open_channel


class TidinessClaims(Subject):
    """After it, everything is as before."""

    def test_nothing_secret_is_seen(
        self, notifier: Notifier, endpoint: Any, bus: EventBus, listener: Listener, caplog: pytest.LogCaptureFixture
    ) -> None:
        secrets = secrets_of(notifier, endpoint)
        if not secrets:
            pytest.skip("the configuration has no secret")
        caplog.set_level(logging.DEBUG)
        raw: list[str] = []
        with self.channel(notifier, endpoint) as channel:
            send(channel, delivery_to(notifier, endpoint, "secret"))
            raw += [repr(channel), repr(notifier), channel.detail]
        for fault in ("refuse", "reset", "garbage"):
            endpoint.proxy.fault = fault
            endpoint.proxy.drop()
            try:
                with self.channel(notifier, endpoint) as channel:
                    send(channel, delivery_to(notifier, endpoint, "secret"))
            except Exception as error:
                raw += [str(error), repr(error), *(str(cause) for cause in causes(error))]
        own = self.module.split(".")[0]
        raw += [record.getMessage() for record in caplog.records if record.name.split(".")[0] == own]
        raw += [str(bus.listeners.redacted(listener))]
        for secret in secrets:
            assert not any(secret in text for text in raw), "a secret is in a text, repr or log record of the notifier"
        for key in secret_fields(notifier.config_schema()) & set(listener.notifier_config):
            assert bus.listeners.redacted(listener)[key] == MASK

    def test_nothing_is_left_after_close(self, notifier: Notifier, endpoint: Any) -> None:
        with self.channel(notifier, endpoint) as channel:  # whatever is made once and for all is made now
            send(channel, delivery_to(notifier, endpoint, "first"))
        before = resources()
        for number in range(3):
            with self.channel(notifier, endpoint) as channel:
                send(channel, delivery_to(notifier, endpoint, f"left-{number}"))
        deadline = time.monotonic() + 5
        while (left := resources() - before) and time.monotonic() < deadline:
            endpoint.proxy.drop()  # the server's ends are in this process too
            time.sleep(0.05)
        assert len(left) <= 0, f"left open after close: {sorted(left)}"

    def test_closing_twice_or_after_a_failed_open_harms_nothing(self, notifier: Notifier, endpoint: Any) -> None:
        channel = open_channel(notifier, *self.opening(notifier, endpoint))
        with channel:
            pass
        channel.close()
        endpoint.proxy.fault = "refuse"
        other = open_channel(notifier, *self.opening(notifier, endpoint))
        try:
            with other:
                send(other, delivery_to(notifier, endpoint, "refused"))
        except Exception:
            other.close()


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """What a traceback of the error would show, too."""
    while error is not None:
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            yield error


def resources() -> set[str]:
    """Threads and, where the system tells, open files and sockets of this process, but for the test's own servers'."""
    ours = ("fault-proxy-", "http-sink-", "smtp-sink-", "amqp-broker-")
    threads = {
        f"thread {thread.name} {thread.ident}"
        for thread in threading.enumerate()
        if not thread.name.startswith(ours) and "(_serve)" not in thread.name and "(_copy)" not in thread.name
    }
    files = set()
    folder = Path("/proc/self/fd")
    for link in folder.iterdir() if folder.exists() else ():
        try:
            files.add(f"file {link.name} {link.readlink()}")
        except OSError:
            continue
    return threads | files
