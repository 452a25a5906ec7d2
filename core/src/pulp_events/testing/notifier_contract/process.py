"""Claims about the process that a notifier runs in: it goes on, and stays as it was."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pulp_events import Notifier
from pulp_events.redaction.logs import scrub_our_threads
from pulp_events.testing.notifier_contract.child import Ended, in_child
from pulp_events.testing.notifier_contract.importing import imported
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to
from pulp_events.testing.process_state import changes, state

Situation = tuple[str, Callable[[], object]]


class ProcessClaims(Subject):
    """Deliveries are made in children of the test's process here, and these claims come first."""

    def test_its_process_outlives_it(self, notifier: Notifier, endpoint: Any) -> None:
        for name, prepare in situations(endpoint, "refuse", "reset", "garbage"):
            prepare()
            ended = self._in_child(notifier, endpoint)
            assert not ended.how, (
                f"with {name}: {ended.how}; a notifier raises TransientFailure or PermanentFailure, and returns within "
                "its limit"
            )

    def test_the_process_is_left_as_it_was(self, notifier: Notifier, endpoint: Any) -> None:
        for name, prepare in situations(endpoint):
            if name in ("a working endpoint", "an error of the server"):
                prepare()
                ended = self._in_child(notifier, endpoint)
                if ended.how:
                    pytest.fail(f"with {name}: {ended.how}")
                assert not ended.told, f"with {name}, it changes what belongs to the whole process: {ended.told}"

    def test_importing_it_changes_nothing_of_the_process(self) -> None:
        found = imported(self.module).changes
        assert not found, f"importing {self.module} changes what belongs to the whole process: {found}"

    def _in_child(self, notifier: Notifier, endpoint: Any) -> Ended:
        for name in self.transports:  # once for all children
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        return in_child(lambda: self._changes(notifier, endpoint), self.claim_limit / 2)

    def _changes(self, notifier: Notifier, endpoint: Any) -> list[str]:
        """What is different after each step of one delivery, whatever comes of it."""
        found: list[str] = []
        scrub_our_threads()  # the framework's own
        before = state()

        def look(step: str) -> None:
            nonlocal before
            after = state()
            found.extend(f"at {step}, {change}" for change in changes(before, after))
            before = after

        channel = None
        try:
            channel = self.opened(notifier, endpoint)
            look("Notifier.open()")
            channel.open()
            look("Channel.open()")
            self.send(channel, delivery_to(notifier, endpoint, "process"))
        except BaseException:  # noqa: BLE001, S110  # other claims look at what is raised
            pass
        look("send()")
        try:
            if channel is not None:
                channel.close()
        except BaseException:  # noqa: BLE001, S110
            pass
        look("close()")
        return found


def situations(endpoint: Any, *faults: str) -> Iterator[Situation]:
    """What a delivery may meet at this endpoint: its name, and what brings it about. One follows after the other.

    `faults`: of the proxy, beside the errors that the endpoint can answer with.
    """
    yield "a working endpoint", lambda: None
    proxy = endpoint.proxy
    for fault in faults if proxy is not None else ():
        yield f"the fault {fault}", lambda fault=fault: setattr(proxy, "fault", fault)  # type: ignore[misc]
    if proxy is not None:
        proxy.fault = "none"
    for name, kind in (
        ("fail", "an error of the server"),
        ("reject", "a rejection"),
        ("refuse_credentials", "bad credentials"),
    ):
        if (bring_about := getattr(endpoint, name, None)) is not None:
            yield kind, bring_about
            getattr(endpoint, "recover", lambda: None)()
