"""Claims about plugins that enrich events."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from pulp_events import Event, EventBus
from pulp_events.frozen import FrozenDict, thaw
from pulp_events.system.logs import message_of
from pulp_events.testing.factory import make_event
from pulp_events.testing.hook_contract.common import THREADS, in_threads
from pulp_events.testing.hook_contract.subject import Call, HookSubject

HOOK = "pulp_before_emit"
EMPTY: tuple[str, Mapping[str, Any]] = ("repo.sync.finish", {})


class EnrichingClaims(HookSubject):
    """Part of `EnricherContract`."""

    hooks: ClassVar[Sequence[str]] = (HOOK,)

    adds: ClassVar[Sequence[str]]
    """The keys that it may add to a payload, as its documents name them."""

    may_change: ClassVar[Sequence[str]] = ()
    """Keys of a payload that it may replace or remove if they are given."""

    events: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = (
        ("repo.sync.start", {"repo_id": "pulp2"}),
        ("repo.publish.start", {"repo_id": "ü", "more": {"deep": [1, None, "x" * 1000]}}),
    )
    """Event types with payloads that fit their schemas, if they have any; at least one of them must be enriched."""

    def test_what_it_returns_is_emitted(self, bus: EventBus, caplog: pytest.LogCaptureFixture) -> None:
        """The framework checks it: another id, an unknown event type, and what is no JSON are not emitted."""
        for event_type, payload in self.events:
            caplog.clear()
            bus.emit(event_type, dict(payload))
            refused = [one for one in caplog.records if one.levelno >= logging.WARNING]
            why = "; ".join(f"{message_of(one)} ({_cause(one)})" for one in refused)
            assert not refused, (
                f"of {event_type} with {thaw(payload)!r:.60}: {why}; return None, or "
                "dataclasses.replace(event, payload=…) with JSON values"
            )

    def test_it_adds_the_documented_keys_and_no_others(self, bus: EventBus) -> None:
        added: set[str] = set()
        for call in self.calls(bus):
            before, after = _payloads(call)
            added |= after.keys() - before.keys()
        undocumented, missing = sorted(added - {*self.adds}), sorted({*self.adds} - added)
        assert not undocumented, f"it adds {', '.join(undocumented)}, of which `adds` says nothing; document each key"
        assert not missing, f"of none of `events` it adds {', '.join(missing)}; correct `adds`, or the events to try"

    def test_what_it_adds_is_json(self, bus: EventBus) -> None:
        for call in self.calls(bus):
            before, after = _payloads(call)
            for key in after.keys() - before.keys():
                try:
                    same = json.loads(json.dumps(after[key], allow_nan=False)) == after[key]
                except (TypeError, ValueError) as error:
                    pytest.fail(
                        f"{call}: {key} is no JSON value: {error}; make it a text, number, list or dict of them"
                    )
                assert same, (
                    f"{call}: {key} is {after[key]!r:.60}, and JSON makes another value of it; use texts as keys"
                )

    def test_what_was_given_is_still_there(self, bus: EventBus) -> None:
        for call in self.calls(bus):
            before, after = _payloads(call)
            lost = sorted(
                key
                for key, value in before.items()
                if key not in self.may_change and (key not in after or after[key] != value)
            )
            assert not lost, (
                f"{call} loses or changes {', '.join(lost)}, which filters and templates may use; add to a copy of the "
                "payload, or name the keys in `may_change`"
            )

    def test_what_else_an_event_has_is_left_alone(self, bus: EventBus) -> None:
        """Who emitted it, when, and the application's call report: receivers and filters rely on these."""
        for call in self.calls(bus):
            event: Event = replace(call.given["event"], call_report=FrozenDict({"task_id": "7"}))
            found = replace(call, given={**call.given, "event": event}).make()
            if isinstance(found, Event):
                kept = ("event_type", "source", "time", "call_report", "trace_context")
                changed = [name for name in kept if getattr(found, name) != getattr(event, name)]
                assert not changed, (
                    f"{call} changes {', '.join(changed)} of the event; add to the payload alone: "
                    "dataclasses.replace(event, payload=…)"
                )

    def test_a_key_that_was_given_is_not_overwritten(self, bus: EventBus) -> None:
        """An application that knows better than the plugin says so in the payload."""
        for call in self.calls(bus):
            event: Event = call.given["event"]
            given = {key: "given" for key in self.adds if key not in self.may_change}
            event = replace(event, payload=FrozenDict({**event.payload, **given}))
            _, after = _payloads(replace(call, given={**call.given, "event": event}))
            lost = sorted(key for key, value in given.items() if after.get(key) != value)
            assert not lost, (
                f"{call} overwrites {', '.join(lost)}, which the application gave; add a key only where it is missing, "
                "or name it in `may_change`"
            )

    def test_an_event_that_comes_again_is_enriched_again(self, bus: EventBus) -> None:
        """One that is emitted once more with its id, or that a transaction took back."""
        for call in self.calls(bus):
            first, second = (after.keys() - before.keys() for before, after in (_payloads(call), _payloads(call)))
            assert first == second, (
                f"{call} adds {', '.join(sorted(first)) or 'nothing'}, and when the same event comes again, "
                f"{', '.join(sorted(second)) or 'nothing'}; remember no ids: look at the event alone"
            )

    def test_threads_do_not_get_each_others_events(self, bus: EventBus) -> None:
        """Several threads emit at once, and each waits for its own event."""
        calls = self.calls(bus)
        wrong: list[str] = []

        def work(_: int) -> None:
            for call in calls * 5:
                event: Event = call.given["event"]
                own = replace(event, id=make_event().id)
                found = replace(call, given={**call.given, "event": own}).make()
                if found is not None and found.id != own.id:
                    wrong.append(f"{call} returns the event {found.id} of another thread for {own.id}")

        raised = in_threads(THREADS, work)
        assert not raised, f"called from several threads at once it raises {raised[0]!r}"
        assert not wrong, f"{wrong[0]}; keep nothing of an event where another thread finds it"

    def calls(self, bus: EventBus) -> list[Call]:
        """One for each of `events`, and one with an empty payload: schemas are asked only afterwards."""
        given = {
            f"of {event_type} with {', '.join(payload) or 'an empty payload'}": {
                "event": make_event(event_type, payload)
            }
            for event_type, payload in (*self.events, EMPTY)
        }
        return list(self.named_calls(bus, HOOK, given))

    def emitted(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each of `events`."""
        yield from ((event_type, dict(payload)) for event_type, payload in self.events)


def _payloads(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """The payload as it was given, and as it is wanted."""
    event: Event = call.given["event"]
    before: dict[str, Any] = thaw(event.payload)
    found = call.make()
    assert found is None or isinstance(found, Event), (
        f"{call} returns {type(found).__name__}; return an Event, or None to leave it as it is"
    )
    return before, before if found is None else thaw(found.payload)


def _cause(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[1] is None:
        return "no exception"
    return f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
