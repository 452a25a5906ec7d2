"""Claims about every hook that is given something and must leave it as it is."""

from __future__ import annotations

import contextlib
import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pulp_events import EventBus
from pulp_events.plugins.registry import Plugins
from pulp_events.system.logs import message_of
from pulp_events.testing.bus import plugins_of
from pulp_events.testing.footprints import Footprints
from pulp_events.testing.hook_contract.subject import SECRET, Call, HookSubject, Kept, failing_as, image
from pulp_events.testing.notifier_contract.secrecy import causes, shows
from pulp_events.testing.notifier_contract.tidiness import resources

THREADS = 4
ROUNDS = 5


class CommonClaims(HookSubject):
    """Part of both contracts."""

    def test_it_can_be_registered(self, plugin: Any) -> None:
        plugins: Plugins = plugins_of(plugin)
        [found] = plugins.all
        assert found.hooks.keys() & set(self.hooks), (
            f"it implements none of {', '.join(self.hooks)}; mark a function of that name with @hookimpl"
        )

    def test_it_copes_with_whatever_it_is_given(self, bus: EventBus) -> None:
        for call in self.calls(bus):
            with failing_as(call):
                call.make()

    def test_what_it_is_given_stays_as_it_is(self, bus: EventBus) -> None:
        """Whatever it does to it, the next plugin, filters and receivers would get."""
        for call in self.calls(bus):
            before = image(call.given)
            with contextlib.suppress(Exception):
                call.make()
            changed = [name for name, was in before.items() if image(call.given[name]) != was]
            assert not changed, (
                f"{call} changes {', '.join(changed)}, which others are given too; make a copy "
                "(pulp_events.frozen.thaw), or return another event where the hook is asked for one"
            )

    def test_a_call_returns_within_its_limit(self, bus: EventBus) -> None:
        for call in self.calls(bus):
            took = min(_seconds(call) for _ in range(3))
            assert took <= self.limit, (
                f"{call} takes {took:.1f} s, and may take {self.limit:g} s; leave what takes long to a thread of your "
                "own with a queue that has a limit, or give each wait a shorter one"
            )

    def test_several_threads_may_call_it_at_once(self, bus: EventBus, kept: Kept | None) -> None:
        calls = self.calls(bus)

        def call_all(rounds: int) -> None:
            for call in calls * rounds:
                call.make()

        before = _count(kept)
        with contextlib.suppress(Exception):
            call_all(1)
        each = _count(kept) - before
        raised = in_threads(THREADS, lambda _: call_all(ROUNDS))
        assert not raised, (
            f"called from several threads at once it raises {type(raised[0]).__name__}: {raised[0]}; guard what "
            "threads share by a lock, and open for each thread what belongs to one"
        )
        noted, expected = _count(kept) - before, each * (1 + THREADS * ROUNDS)
        assert noted == expected, (
            f"{THREADS} threads made it note {noted} things instead of {expected}; guard what threads share by a lock"
        )

    def test_it_prints_nothing(self, bus: EventBus, capfd: pytest.CaptureFixture[str]) -> None:
        capfd.readouterr()
        for call in self.calls(bus):
            with contextlib.suppress(Exception):
                call.make()
            printed = "".join(capfd.readouterr())
            assert not printed, f"{call} prints {printed.strip()[:60]!r}; log with logging.getLogger(__name__) instead"

    def test_nothing_secret_is_seen(
        self,
        bus: EventBus,
        kept: Kept | None,
        fail: Callable[[], object] | None,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """Neither as it is nor as base64, URL-quoted, or in JSON or HTML, nor its first or last 8 characters."""
        caplog.set_level(logging.DEBUG)
        with Footprints() as footprints:
            seen = list(self._texts(bus))
        if kept is not None:
            seen += [("what it keeps", text) for text in kept()]
        if fail is not None:
            fail()
            with footprints:
                seen += self._texts(bus)
        seen += footprints.texts()
        seen += [(f"the logger {one.name}", message_of(one)) for one in caplog.records]
        seen += [("what it printed", text) for text in capfd.readouterr()]
        for secret in (SECRET, *self.secrets):
            places = sorted({place for place, text in seen if shows(text, secret)})
            assert not places, (
                f"a secret is in {', '.join(places)}; leave configurations and settings out of what you keep, log, "
                "return or raise: `pulp_events.secrets.redact` masks a listener's"
            )

    def _texts(self, bus: EventBus) -> Iterator[tuple[str, str]]:
        for call in self.calls(bus):
            try:
                yield f"what {call.hook} returns", repr(image(call.make()))
            except Exception as error:
                yield f"what {call.hook} raises", f"{error} {error!r}"
                yield from ((f"the cause of what {call.hook} raises", f"{each} {each!r}") for each in causes(error))

    def test_nothing_is_left_behind(self, bus: EventBus) -> None:
        calls = self.calls(bus)

        def call_all() -> None:
            for call in calls:
                with contextlib.suppress(Exception):
                    call.make()

        call_all()  # whatever is made once and for all is made now
        before = resources()
        for _ in range(3):
            call_all()
        gc.collect()
        deadline = time.monotonic() + 5
        while (left := resources() - before) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left, (
            f"each call leaves something behind: {sorted(left)}; close what it opens, and use threads and child "
            "processes that are started once"
        )

    def test_where_it_cannot_work_that_is_logged_with_its_name_and_harms_nothing(
        self, bus: EventBus, plugin: Any, fail: Callable[[], object] | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What it raises, the framework logs with its name; what it handles itself, its own logger names."""
        if fail is None:
            pytest.skip("the fixture fail does not say how to make it fail")
        [name] = (each.name for each in bus.plugins.all if each.hooks.keys() & set(self.hooks))
        listener = bus.listeners.create("contract", {"token": SECRET}, ["*"])
        caplog.clear()
        fail()
        states = [
            one.state for event_type, payload in self.emitted() for one in bus.wait(bus.emit(event_type, payload))
        ]
        bus.listeners.update(listener.id, notifier_config={"url": "http://contract.example/"})
        assert set(states) == {"delivered"}, f"deliveries are {states}, as it failed"
        bad = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert any(name in message_of(one) or one.name.split(".")[0] == self.module.split(".")[0] for one in bad), (
            f"it cannot work, and no record of level WARNING or above names {name}; let the exception leave the hook, "
            "or log it with logging.getLogger(__name__)"
        )

    def emitted(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is emitted while it cannot work: event type and payload."""
        yield "repo.sync.start", {"repo_id": "contract"}


def _seconds(call: Call) -> float:
    began = time.monotonic()
    with contextlib.suppress(Exception):
        call.make()
    return time.monotonic() - began


def _count(kept: Kept | None) -> int:
    return 0 if kept is None else len(kept())


def in_threads(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Run it in so many threads at once, each with its number; returns what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,), name=f"contract-{number}") for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
