"""Claims about the process that a notifier runs in: it goes on, and stays as it was."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pulp_events import Notifier
from pulp_events.redaction.logs import scrub_our_threads
from pulp_events.testing.notifier_contract.child import Ended, import_here, imported_by, in_child
from pulp_events.testing.notifier_contract.importing import imported
from pulp_events.testing.notifier_contract.limits import of_class
from pulp_events.testing.notifier_contract.subject import Subject, delivery_to, let_hang
from pulp_events.testing.process_state import changes, state

INTERRUPTED_AFTER = 0.2
"""Seconds after which an attempt is interrupted."""

Situation = tuple[str, Callable[[], object]]


class ProcessClaims(Subject):
    """Deliveries are made in children of the test's process here, and these claims come first."""

    def test_its_process_outlives_it(self, notifier: Notifier, endpoint: Any) -> None:
        self._rehearse(notifier, endpoint)
        for name, prepare in situations(endpoint, "refuse", "reset", "garbage"):
            prepare()
            ended = self._in_child(notifier, endpoint)
            if ended.deadly:
                of_class(type(self)).deadly = ended.how
            if ended.how:
                remedy = "raise TransientFailure or PermanentFailure instead, and return within the limit"
                pytest.fail(f"with {name}, {ended.how}; {remedy}", pytrace=False)

    def test_the_process_is_left_as_it_was(self, notifier: Notifier, endpoint: Any) -> None:
        self._rehearse(notifier, endpoint)
        for name, prepare in situations(endpoint):
            if name not in ("a working endpoint", "an error of the server"):
                continue
            prepare()
            ended = self._in_child(notifier, endpoint)
            if ended.how or ended.told:
                found = ended.how or f"it changes what belongs to the whole process: {'; '.join(ended.told)}"
                pytest.fail(f"with {name}, {found}", pytrace=False)

    def test_an_interrupt_is_not_taken_for_a_failure(self, notifier: Notifier, endpoint: Any) -> None:
        """Ctrl-C while the receiver takes its time."""
        self._rehearse(notifier, endpoint)
        let_hang(endpoint)
        ended = in_child(lambda: self._interrupted(notifier, endpoint), self.claim_limit / 2)
        if ended.how or ended.told != "KeyboardInterrupt":
            found = ended.how or f"a KeyboardInterrupt in the middle of an attempt becomes {ended.told}"
            pytest.fail(f"{found}; catch Exception at most, or raise again what is none", pytrace=False)

    def _interrupted(self, notifier: Notifier, endpoint: Any) -> str:
        """What an attempt ends with that is interrupted."""

        def press(*_: object) -> None:
            raise KeyboardInterrupt

        channel, delivery = self.opened(notifier, endpoint), delivery_to(notifier, endpoint, "interrupted")
        steps: list[Callable[[], object]] = [lambda: self.send(channel, delivery)]
        try:
            channel.open()  # libraries that are imported here are so before it is interrupted
        except Exception:  # it waits for the receiver here, not in send()
            channel.close()
            channel = self.opened(notifier, endpoint)
            steps.insert(0, channel.open)
        signal.signal(signal.SIGALRM, press)
        try:
            signal.setitimer(signal.ITIMER_REAL, INTERRUPTED_AFTER)
            for step in steps:
                step()
        except BaseException as error:
            return type(error).__name__
        return "a delivery"

    def test_importing_it_changes_nothing_of_the_process(self) -> None:
        found = imported(self.module).changes
        if found:
            pytest.fail(
                f"importing {self.module} changes what belongs to the whole process: {'; '.join(found)}", pytrace=False
            )

    def _rehearse(self, notifier: Notifier, endpoint: Any) -> None:
        """Deliver once, and import here what that imports; the endpoint works yet."""
        found = of_class(type(self))
        if not found.rehearsed:
            found.rehearsed = True
            names = imported_by(lambda: self._changes(notifier, endpoint), self.claim_limit / 4)
            import_here((*self.transports, *names))

    def _in_child(self, notifier: Notifier, endpoint: Any) -> Ended:
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
