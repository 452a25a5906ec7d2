"""What is asked of a recording, and what a failed test is told."""

import subprocess
import sys
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import ANY
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import EventBus, EventModel, InvalidEvent, PluginError, UnknownEventType
from pulp_events.events.jsonable import to_jsonable
from pulp_events.frozen import thaw
from pulp_events.testing.recording import record_events
from pulp_events.testing.recording.fitting import fits

KEY = UUID("79be77a8-1a20-11e2-aeb9-1803731e94c4")


@pytest.fixture
def events():
    with record_events() as events, EventBus.open(settings={}, plugins=False) as bus:
        bus.emit(
            "repo.sync.start",
            {"repo_id": "a", "by": {"user": "ada", "key": KEY}, "at": datetime(2026, 1, 2, tzinfo=UTC)},
        )
        bus.emit("repo.sync.finish", {"repo_id": "a", "added": True})
        bus.emit("repo.sync.start", {"repo_id": "b", "sizes": [1, 2]})
        yield events


@pytest.mark.parametrize(
    ("event_type", "payload", "count"),
    [
        ("repo.sync.start", {}, 2),
        ("repo.sync.*", {}, 3),
        ("#", {"repo_id": "a"}, 2),
        ("repo.sync.start", {"repo_id": "a", "by": {"user": "ada"}}, 1),
        ("repo.sync.start", {"by": {"key": KEY}}, 1),
        ("repo.sync.start", {"at": datetime(2026, 1, 2, tzinfo=UTC)}, 1),
        ("repo.sync.start", {"sizes": (1, 2)}, 1),
        ("repo.sync.start", {"sizes": ANY}, 1),
        ("repo.sync.start", {"sizes": [1]}, 0),
        ("repo.sync.start", {"missing": None}, 0),
        ("repo.sync.finish", {"added": 1}, 0),
        ("repo.publish.start", {}, 0),
    ],
)
def test_an_event_fits_if_its_payload_has_the_values(events, event_type, payload, count):
    found = events.emitted(event_type, **payload)
    assert len(found) == count and bool(found) == bool(count)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("xyz", max_size=2), JSON, max_size=3))
def test_whatever_is_emitted_fits_what_was_emitted(payload):
    assert fits(payload, thaw(to_jsonable(payload, "payload")), "payload") == []


def test_the_text_of_a_miss_names_the_nearest_in_a_line_and_everything_in_full(events):
    missed = events.emitted("repo.sync.start", repo_id="b", sizes=[1, 3])
    assert repr(missed) == (
        "<no repo.sync.start with repo_id='b', sizes=[1, 3]: the nearest has payload.sizes [1, 2], not [1, 3]>"
    )
    assert missed.text().splitlines() == [
        "no repo.sync.start with repo_id='b', sizes=[1, 3]: the nearest has payload.sizes [1, 2], not [1, 3]",
        'nearest: repo.sync.start {"repo_id": "b", "sizes": [1, 2]}',
        "  payload.sizes: expected [1, 3], got [1, 2]",
        "emitted, in this order (3):",
        '  repo.sync.start {"repo_id": "a", "by": {"user": "ada", "key": "79be77a8-1a20-11e2-aeb9-1803731e94c4"}, '
        '"at": "2026-01-02T00:00:00Z"}',
        '  repo.sync.finish {"repo_id": "a", "added": true}',
        '  repo.sync.start {"repo_id": "b", "sizes": [1, 2]}',
    ]
    assert "payload.by (no such key), not 'ada'" in repr(events.emitted("repo.sync.finish", by="ada"))
    assert "no repo.sync.strt.#; did you mean 'repo.sync.start'?" in repr(events.emitted("repo.sync.strt.#"))
    events.clear()
    assert repr(events.emitted("repo.sync.start")) == "<no repo.sync.start: nothing was emitted>"


def test_one_is_the_event_or_an_error_that_says_what_there_was(events):
    assert events.one("repo.sync.start", repo_id="b").payload["sizes"] == [1, 2]
    with pytest.raises(AssertionError, match="no repo.publish.start"):
        events.one("repo.publish.start")
    with pytest.raises(AssertionError, match="2 events fit repo.sync.start, expected one"):
        events.one("repo.sync.start")


@dataclass
class OrderCreated(EventModel, event_type="order.created"):
    order_id: int


def test_a_class_of_events_is_asked_for_as_its_type(events):
    assert not events.emitted(OrderCreated), "known as a class, before any bus knows it"
    with EventBus.open(settings={}, plugins=False) as bus:
        bus.emit(OrderCreated(7))
    assert events.emitted(OrderCreated, order_id=7) and not events.emitted(OrderCreated, order_id=8)
    assert events.one(OrderCreated).event_type == "order.created"
    with pytest.raises(PluginError, match="EventModel has no event type"):
        events.emitted(EventModel)


@pytest.mark.parametrize("wrong", [OrderCreated(1), None, 3, EventBus, "order created"], ids=str)
def test_what_is_no_event_type_cannot_be_asked_for(events, wrong):
    with pytest.raises(InvalidEvent, match="is no event type; ask for a name, a pattern, or a class of EventModel"):
        events.emitted(wrong)


def test_a_name_that_nobody_knows_lets_no_test_pass(events):
    for ask in (events.emitted, events.one):
        with pytest.raises(
            UnknownEventType, match=r"'order.craeted'; did you mean 'order.created'\?; correct the name"
        ):
            ask("order.craeted")
    assert not events.emitted("order.craeted.*"), "a pattern may match nothing"


def test_while_no_bus_is_recorded_no_name_is_known():
    with record_events() as events:
        assert not events.emitted("order.craeted")


APPLICATION = """
from pulp_events import EventBus, EventType
bus = EventBus.open(settings={"events": {"data_dir": "DATA"}})
bus.event_types.register(EventType("order.created", "An order was placed."))
bus.listeners.create("http", {"url": "http://127.0.0.1:1/"}, ["*"])

def order(number):
    bus.emit("order.created", {"order_id": number, "note": "x" * 500})
"""


@pytest.fixture
def project(tmp_path):
    """A project whose application opened its bus at import; `run(test)` runs a file of tests of it."""
    (tmp_path / "shop.py").write_text(APPLICATION.replace("DATA", str(tmp_path / "data")))

    def run(test, *options):
        (tmp_path / "test_shop.py").write_text(textwrap.dedent(test))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options, "test_shop.py"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)

    return run


@pytest.mark.slow
def test_under_pytest_a_failed_test_says_what_was_emitted(project):
    done = project(
        """
        from shop import order

        def test_order(emitted_events):
            order(7)
            assert emitted_events.emitted("order.created", order_id=8)
        """
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no order.created with order_id=8: the nearest has payload.order_id 7, not 8" in done.stdout
    assert "emitted events" in done.stdout and "  payload.order_id: expected 8, got 7" in done.stdout


@pytest.mark.slow
def test_under_xdist_each_test_has_its_own_recording(project):
    done = project(
        """
        import pytest
        from shop import order

        @pytest.mark.parametrize("number", range(20))
        def test_order(emitted_events, number):
            order(number)
            assert [each.payload["order_id"] for each in emitted_events] == [number]
            assert emitted_events[0].deliveries == ()
        """,
        "-n",
        "2",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 passed" in done.stdout
