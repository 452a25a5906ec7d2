"""W3C Trace Context of events: what is valid, set by plugins, and never a reason not to emit."""

import asyncio
import pickle
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import EventBus, Plugins, hookimpl
from pulp_events.events.trace_context import NO_TRACE, checked, from_text, to_text, trace_id_of
from pulp_events.testing.factory import make_event

ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{ID}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("a=1", "a=1"), (" a=1 ,\tb@c=2,, ", "a=1,b@c=2"), ("a=x y", "a=x y"), ("0a-_*/=~!", "0a-_*/=~!"),
        ("", ""), ("a", ""), ("A=1", ""), ("a=", ""), ("a=1,b", ""), ("a=ä", ""), ("a=1\r\nX: y", ""), ("a=x=y", ""),
        ("a=" + "x" * 256, "a=" + "x" * 256), ("a=" + "x" * 257, ""), (",".join(f"a{n}=1" for n in range(33)), ""),
        ("a=" + "x" * 254 + ",b=" + "y" * 253, "a=" + "x" * 254 + ",b=" + "y" * 253),
        ("a=" + "x" * 254 + ",b=" + "y" * 254, ""), (None, ""), (7, ""), (b"a=1", ""),
    ],
)  # fmt: skip
def test_of_a_tracestate_only_a_valid_one_is_kept(state, kept):
    assert checked({"traceparent": PARENT, "tracestate": state}).get("tracestate", "") == kept


@pytest.mark.parametrize(
    "bad",
    [
        None, "", "x", 7, [], {}, {"tracestate": "a=1"}, {"traceparent": None}, {"traceparent": 7},
        {"traceparent": PARENT.upper()}, {"traceparent": PARENT + "-x"}, {"traceparent": PARENT + "\n"},
        {"traceparent": "ff" + PARENT[2:]}, {"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"},
        {"traceparent": f"00-{ID}-{'0' * 16}-01"}, {"traceparent": " " + PARENT}, {"traceparent": PARENT[:-1]},
    ],
)  # fmt: skip
def test_without_a_valid_traceparent_there_is_none(bad):
    assert checked(bad) is NO_TRACE and trace_id_of(NO_TRACE) is None and to_text(NO_TRACE) is None


@pytest.mark.parametrize("later", [f"cc{PARENT[2:]}", f"cc{PARENT[2:]}-what the future-brings"])
def test_of_a_later_version_what_is_known_is_passed_on_by_ours(later):
    assert checked({"traceparent": later, "tracestate": "a=1"}) == {"traceparent": PARENT, "tracestate": "a=1"}
    assert checked({"traceparent": f"{later}x" if len(later) == 55 else f"{later}\n"}) is NO_TRACE


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage"]), st.text() | st.none() | st.binary()))
def test_whatever_is_given_what_is_kept_is_short_ascii_and_comes_back_as_it_was(found):
    kept = checked({"traceparent": PARENT, **found})
    assert kept.keys() <= {"traceparent", "tracestate"} and from_text(to_text(kept)) == kept == checked(kept)
    assert all(each.isascii() and each.isprintable() for each in kept.values())
    assert sum(map(len, kept.values())) <= 55 + 512


class Tracing:
    """Sets what the test wants."""

    def __init__(self):
        self.wanted = {}

    @hookimpl
    def pulp_before_emit(self, event):
        return replace(event, trace_context=self.wanted)


class Spoiling:
    """Changes an event so that it cannot be emitted."""

    @hookimpl
    def pulp_before_emit(self, event):
        return replace(event, payload={"x": object()})


def opened(folder, *more):
    tracing, plugins = Tracing(), Plugins()
    for number, each in enumerate((tracing, *more)):
        plugins.add(f"p{number}", each)
    (folder / "server.conf").write_text("[events]\nkeep = all\n")
    bus = EventBus.open(folder / "server.conf", plugins=plugins, data_dir=folder / "data", deliver="external")
    return bus, tracing


def test_what_a_plugin_sets_is_stored_and_what_is_not_valid_is_dropped(tmp_path, caplog):
    bus, tracing = opened(tmp_path)
    tracing.wanted = {"traceparent": PARENT, "tracestate": " a=1, b=2", "baggage": "user=7"}
    wanted = {"traceparent": PARENT, "tracestate": "a=1,b=2"}
    with bus:
        event = bus.emit("repo.sync.start", {"repo_id": "x"})
        assert event.trace_context == wanted and event.trace_id == ID
        found = bus.events.get(event.id)
        assert found.trace_context == wanted and found.event == event
        for bad in ({"traceparent": "no"}, {"traceparent": PARENT + "0"}, "x", None, 7, {7: 8}, [PARENT]):
            tracing.wanted = bad
            event = bus.emit("repo.sync.start", {"repo_id": "x"})
            assert event.trace_context == {} and bus.events.get(event.id).trace_context == {}
    assert [each for each in caplog.records if each.thread == threading.get_ident()] == []


def test_it_stays_where_another_plugin_makes_of_the_event_what_cannot_be_emitted(tmp_path):
    bus, tracing = opened(tmp_path, Spoiling())
    tracing.wanted = {"traceparent": PARENT}
    with bus:
        event = bus.emit("repo.sync.start", {"repo_id": "x"})
        assert event.payload == {"repo_id": "x"} and event.trace_id == ID


def test_it_is_no_part_of_what_an_id_stands_for(tmp_path):
    bus, tracing = opened(tmp_path)
    with bus:
        tracing.wanted = {"traceparent": PARENT}
        first = bus.emit("repo.sync.start", {"repo_id": "x"}, id="x")
        tracing.wanted = {"traceparent": PARENT.replace("0af", "1af")}
        assert bus.emit("repo.sync.start", {"repo_id": "x"}, id="x").trace_context == first.trace_context
        tracing.wanted = {}
        assert bus.emit("repo.sync.start", {"repo_id": "x"}, id="x").trace_id == ID


def test_it_cannot_be_changed_and_can_be_pickled():
    event = make_event(trace_context={"traceparent": PARENT})
    with pytest.raises(TypeError):
        event.trace_context["traceparent"] = "x"
    assert pickle.loads(pickle.dumps(event)) == event and hash(event) and event != replace(event, trace_context={})


def test_an_application_may_give_its_own(tmp_path):
    (tmp_path / "server.conf").write_text("[events]\nkeep = all\n")
    wanted = {"traceparent": PARENT, "tracestate": "a=1"}
    with EventBus.open(tmp_path / "server.conf", plugins=False, data_dir=tmp_path / "own", deliver="external") as bus:
        first = bus.emit("repo.sync.start", {"repo_id": "x"}, trace_context=wanted)
        events = [first, *bus.emit_many([("repo.sync.start", {"repo_id": "x"})] * 2, trace_context=wanted)]
        events.append(asyncio.run(bus.emit_async("repo.sync.start", {"repo_id": "x"}, trace_context=wanted)))
        assert [each.trace_context for each in events] == [wanted] * 4
        assert all(bus.events.get(each.id).trace_context == wanted for each in events)
        for bad in ({"traceparent": "x"}, "x", 7):
            assert bus.emit("repo.sync.start", {"repo_id": "x"}, trace_context=bad).trace_context == {}


def test_the_two_events_of_an_operation_are_of_one_trace(tmp_path):
    (tmp_path / "server.conf").write_text("")
    seen = []

    class Watching:
        @hookimpl
        def pulp_before_emit(self, event):
            seen.append(event.trace_id)
            return replace(event, trace_context={"traceparent": PARENT})

    plugins = Plugins()
    plugins.add("watching", Watching())
    with (
        EventBus.open(tmp_path / "server.conf", plugins=plugins, data_dir=tmp_path / "own", deliver="external") as bus,
        bus.operation("repo.sync", {"repo_id": "x"}),
    ):
        pass
    assert seen == [None, ID]
