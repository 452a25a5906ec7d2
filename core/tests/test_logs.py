"""Formatters: a JSON object per line whatever is in a record, and what the record is about."""

import io
import json
import logging
import re
from datetime import datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events.logs import JSONFormatter, TextFormatter
from pulp_events.redaction.scrubber import MASK, Scrubber
from pulp_events.system import log_fields
from pulp_events.worker.log import handler

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def delivery(**more):
    return SimpleNamespace(id="e1.0", event_id="e1", event_type="repo.sync.start", listener_id="l1", **more)


def record(text, *arguments, name="app", **extra):
    made = logging.makeLogRecord({"name": name, "levelno": 20, "levelname": "INFO", "msg": text, "args": arguments})
    vars(made).update(extra)
    return made


@pytest.fixture
def busy():
    yield log_fields.begin
    log_fields.begin(None)


@pytest.mark.parametrize("ascii_only", [False, True])
@given(text=st.text(st.characters(codec=None, exclude_categories=())), moment=st.floats(0, 4e9))
def test_whatever_a_message_holds_it_is_one_line_of_json(ascii_only, text, moment):
    line = JSONFormatter(ascii_only=ascii_only).format(record(text, created=moment))
    assert len(line.splitlines()) == 1 and (not ascii_only or line.isascii()) and "\0" not in line
    line.encode()  # no lone surrogate
    found = json.loads(line)
    assert found["message"] == text and RFC_3339.fullmatch(found["time"])
    assert abs(datetime.fromisoformat(found["time"]).timestamp() - moment) < 1e-5


def test_a_stream_that_takes_only_ascii_gets_json_all_the_same():
    raw = io.BytesIO()
    found = handler(True, io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    found.handle(record("Größe 表\udc80\0\n"))
    assert json.loads(raw.getvalue())["message"] == "Größe 表\udc80\0\n"


@pytest.mark.parametrize("formatter", [JSONFormatter(), TextFormatter("%(levelname)s %(message)s")])
def test_a_record_whose_arguments_do_not_fit_loses_no_line(formatter):
    line = formatter.format(record("%d of %d", "x"))
    assert "%d of %d" in line and "its arguments do not fit: TypeError" in line


def test_an_argument_that_does_not_fit_ends_no_notifier_that_logs(capsys):
    """A filter that raised would raise in whoever logs."""
    known, stream = Scrubber(["hunter2-and-more"]), io.StringIO()
    handler(True, stream).handle(record("%d hunter2-and-more", "x"))
    assert known and MASK in json.loads(stream.getvalue())["message"] and capsys.readouterr().err == ""


def test_what_a_record_says_of_itself_is_there_as_fields():
    fields = log_fields.fields(delivery(trace_id=TRACE), attempt=2, outcome="transient", repeats=None)
    found = json.loads(JSONFormatter().format(record("failed", **fields)))
    assert {name: found[name] for name in list(found)[4:]} == {
        "delivery_id": "e1.0", "event_id": "e1", "event_type": "repo.sync.start", "listener_id": "l1",
        "trace_id": TRACE, "attempt": 2, "outcome": "transient",
    }  # fmt: skip


def test_what_a_library_logs_is_about_the_delivery_that_its_thread_is_busy_with(busy):
    busy(delivery(trace_id=TRACE))
    found = json.loads(JSONFormatter().format(record("Retrying", name="urllib3")))
    assert (found["delivery_id"], found["listener_id"], found["trace_id"]) == ("e1.0", "l1", TRACE)
    text = TextFormatter("%(message)s").format(record("Retrying\nlater", name="urllib3"))
    assert text == f"Retrying [delivery e1.0, listener l1, trace {TRACE}]\nlater"
    busy(None)
    assert "delivery_id" not in JSONFormatter().format(record("Retrying", name="urllib3"))


def test_a_librarys_own_attributes_never_replace_what_is_delivered(busy):
    busy(delivery(trace_id=TRACE))
    theirs = {"trace_id": "7" * 32, "delivery_id": "parcel 9", "event_type": "repo.sync.start", "attempt": 3}
    found = json.loads(JSONFormatter().format(record("sent", name="somelib", **theirs)))
    assert (found["trace_id"], found["delivery_id"], found["listener_id"]) == (TRACE, "e1.0", "l1")
    assert (found["their_trace_id"], found["their_delivery_id"], found["attempt"]) == ("7" * 32, "parcel 9", 3)
    assert "their_event_type" not in found
    busy(None)
    found = json.loads(JSONFormatter().format(record("sent", name="somelib", **theirs)))
    assert found["trace_id"] == "7" * 32 and "their_trace_id" not in found


@pytest.mark.parametrize("name", ["pulp_events.dispatcher", "pulp_events_http"])
def test_a_record_about_something_else_says_nothing_of_what_the_thread_is_busy_with(busy, name):
    busy(delivery())
    found = json.loads(JSONFormatter().format(record("disabled", name=name, listener_id="l2")))
    assert found["listener_id"] == "l2" and "delivery_id" not in found


def test_an_event_of_no_trace_adds_no_field():
    assert "trace_id" not in log_fields.fields(delivery(trace_id=None))


def test_fields_that_somebody_else_fills_have_no_secret():
    known, stream = Scrubber(["hunter2-and-more"]), io.StringIO()
    handler(True, stream).handle(
        record("x", name="somelib", delivery_id="hunter2-and-more", repeats=["hunter2-and-more"])
    )
    assert known and json.loads(stream.getvalue())["delivery_id"] == MASK and "hunter2" not in stream.getvalue()
