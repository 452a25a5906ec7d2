"""Claims about the process that hooks run in: it goes on, and stays as it was."""

from __future__ import annotations

import contextlib

import pytest

from pulp_events import EventBus
from pulp_events.redaction.logs import scrub_our_threads
from pulp_events.testing.hook_contract.subject import HookSubject
from pulp_events.testing.notifier_contract.child import Ended, import_here, imported_by, in_child
from pulp_events.testing.notifier_contract.importing import imported
from pulp_events.testing.notifier_contract.limits import of_class
from pulp_events.testing.process_state import changes, state


class HookProcessClaims(HookSubject):
    """Hooks are called in a child of the test's process here, and these claims come first."""

    def test_its_process_outlives_it(self, bus: EventBus) -> None:
        ended = self._in_child(bus)
        if ended.deadly:
            of_class(type(self)).deadly = ended.how
        if ended.how:
            pytest.fail(f"{ended.how}; raise an exception instead, and return within the limit", pytrace=False)

    def test_the_process_is_left_as_it_was(self, bus: EventBus) -> None:
        ended = self._in_child(bus)
        if ended.how or ended.told:
            found = ended.how or f"it changes what belongs to the whole process: {'; '.join(ended.told)}"
            pytest.fail(found, pytrace=False)

    def test_importing_it_changes_nothing_of_the_process(self) -> None:
        found = imported(self.module).changes
        if found:
            pytest.fail(
                f"importing {self.module} changes what belongs to the whole process: {'; '.join(found)}", pytrace=False
            )

    def test_importing_it_imports_no_transport(self) -> None:
        found = sorted(set(self.transports) & set(imported(self.module).modules))
        assert not found, f"importing {self.module} imports {', '.join(found)}; import them where they are used"

    def _in_child(self, bus: EventBus) -> Ended:
        found = of_class(type(self))
        if not found.rehearsed:
            found.rehearsed = True
            import_here((*self.transports, *imported_by(lambda: self._changes(bus), self.claim_limit / 4)))
        return in_child(lambda: self._changes(bus), self.claim_limit / 2)

    def _changes(self, bus: EventBus) -> list[str]:
        """What is different after each hook, whatever comes of it."""
        found: list[str] = []
        scrub_our_threads()  # the framework's own
        before = state()
        for call in self.calls(bus):
            with contextlib.suppress(BaseException):  # other claims look at what is raised
                call.make()
            after = state()
            found.extend(f"in {call.hook}, {change}" for change in changes(before, after))
            before = after
        return found
