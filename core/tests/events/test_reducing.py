"""A report that is too large can be emitted without its largest parts, and says which those are."""

import json
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import Event, EventTooLarge
from pulp_events.events.report import serialise

VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=25,
)


def event_of(payload, call_report):
    return Event("repo.sync.finish", payload, call_report, "1", datetime(2026, 1, 1, tzinfo=UTC), "here")


def refused(payload, call_report, most):
    with pytest.raises(EventTooLarge) as error:
        serialise(event_of(payload, call_report), most)
    return error.value


def test_the_largest_values_go_and_are_named_and_sized():
    error = refused({"repo_id": "a", "log": "x" * 5000}, {"traceback": "y" * 9000, "task_id": "7"}, 2000)
    assert error.max_bytes == 2000 and error.size == len(
        json.dumps(
            {"call_report": {"traceback": "y" * 9000, "task_id": "7"}, "event_type": "repo.sync.finish",
             "payload": {"repo_id": "a", "log": "x" * 5000}}, separators=(",", ":"))
    )  # fmt: skip
    assert [path for path, _ in error.parts] == [
        "call_report.traceback", "payload.log", "payload.repo_id", "call_report.task_id",
    ]  # fmt: skip
    assert dict(error.parts)["payload.log"] == len('"log":"",') + 5000
    payload, call_report, left_out = error.reduced()
    assert (payload, call_report) == ({"repo_id": "a"}, {"task_id": "7"})
    assert left_out == ("call_report.traceback", "payload.log")
    assert error.reduced(6000).left_out == ("call_report.traceback",)
    with pytest.raises(ValueError, match="as few as 10 bytes"):
        error.reduced(10)


def test_of_a_mapping_only_what_is_too_much_is_left_out():
    error = refused({"repo": {"id": "a", "details": {"log": "x" * 5000, "name": "n" * 300}}}, {}, 2000)
    assert error.reduced().payload == {"repo": {"id": "a", "details": {"name": "n" * 300}}}
    assert error.reduced().left_out == ("payload.repo.details.log",)
    many = refused({"units": {f"u{n:03}": "x" * 20 for n in range(200)}}, {}, 2000).reduced()
    assert 0 < len(many.payload["units"]) < 200
    wide = refused({"units": {f"u{n:05}": "x" * 20 for n in range(20_000)}}, {}, 2000).reduced()
    assert 0 < len(wide.payload["units"]) < 100


@given(
    st.dictionaries(st.text(max_size=8), VALUES, max_size=5), st.dictionaries(st.text(max_size=8), VALUES, max_size=5)
)
def test_what_is_left_fits_and_is_as_it_was(payload, call_report):
    event = event_of(payload, call_report)
    most = max(80, len(serialise(event)) // 2)
    try:
        serialise(event, most)
    except EventTooLarge as error:
        left = error.reduced()
        assert len(serialise(event_of(left.payload, left.call_report))) <= most
        assert left.left_out
        for name, now, was in (("payload", left.payload, payload), ("call_report", left.call_report, call_report)):
            for key, value in now.items():
                assert value == was[key] or any(path.startswith(f"{name}.{key}.") for path in left.left_out)


def test_the_error_goes_to_other_processes_and_is_refused_without_an_event():
    error = refused({"log": "x" * 5000}, {}, 2000)
    assert pickle.loads(pickle.dumps(error)).reduced().left_out == ("payload.log",)
    bare = EventTooLarge("too large")
    assert bare.parts == ()
    with pytest.raises(ValueError, match="no event"):
        bare.reduced()
