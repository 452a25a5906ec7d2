"""The readable format: what it says, and that it fits into any mail client."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulp_events.events.report import serialise
from pulp_events_email.colours import COLOURS
from pulp_events_email.readable_html import html_body
from pulp_events_email.report import Report, read
from pulp_events_email.sample import FAILED, STARTED, SUCCEEDED, sample_event
from pulp_events_email.summary import summarise

VOID = {"meta", "br"}


class Checker(HTMLParser):
    """Fails on tags that do not nest; collects text and addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attributes):
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def checked(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    return checker


@pytest.fixture(scope="module")
def delivery_of(delivery):
    def making(event_type, payload, call_report=None):
        if call_report is None:
            report = serialise(sample_event(event_type, payload), 10**6)
        else:
            report = json.dumps({"call_report": call_report, "event_type": event_type, "payload": payload}).encode()
        return dataclasses.replace(delivery, event_type=event_type, report=report, source="pulp.example.com")

    return making


@pytest.fixture(scope="module")
def parts_of(delivery_of, composed, parsed):
    def making(*event):
        message = parsed(composed(delivery_of(*event), format="readable"))
        return [part for part in message.walk() if not part.is_multipart()]

    return making


def test_it_is_text_and_html_with_the_report_attached_byte_for_byte(delivery, composed, parsed, delivery_of) -> None:
    delivery = delivery_of("repo.sync.finish", FAILED)
    message = parsed(composed(delivery, format="readable"))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/json",
    ]  # fmt: skip
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("event.json", delivery.report)


def test_the_text_says_what_happened_where_when_how_long_who_and_has_the_report_below(delivery_of, parts_of) -> None:
    text = parts_of("repo.sync.finish", FAILED)[0].get_content()
    head, _, report = text.partition("The event report:")
    assert json.loads(report) == json.loads(delivery_of("repo.sync.finish", FAILED).report)
    assert head.splitlines()[0] == "✘ Sync of pulp2 failed"
    for fact in (
        r"Repository: +pulp2", r"Result: +failed", r"Started: +2012-10-19 19:09:16 UTC",
        r"Finished: +2012-10-19 19:09:46 UTC", r"Took: +30s", r"Started by: +admin", r"Server: +pulp.example.com",
        r"Task: +79be77a8-1a20-11e2-aeb9-1803731e94c4", r"  the feed's host name cannot be resolved",
        r"  socket.gaierror",
    ):  # fmt: skip
        assert re.search(fact, head), fact


def test_counts_are_shown(parts_of) -> None:
    text, html, _ = parts_of("repo.sync.finish", SUCCEEDED)
    for label, count in (("Added", 12), ("Removed", 0), ("Updated", 3)):
        assert re.search(rf"{label}: +{count}$", text.get_content(), re.MULTILINE)
        assert label.lower() in html.get_content()


@pytest.mark.parametrize(
    ("event_type", "payload", "call_report", "title", "state"),
    [
        ("repo.sync.start", STARTED, {}, "Sync of pulp2 started", "started"),
        ("repo.sync.finish", SUCCEEDED, {}, "Sync of pulp2 succeeded", "succeeded"),
        ("repo.publish.finish", {"repo_id": "x", "result": "error"}, {}, "Publish of x failed", "failed"),
        ("repo.sync.finish", {"repo_id": "x"}, {"state": "canceled"}, "Sync of x cancelled", "cancelled"),
        ("repo.sync.finish", {"repo_id": "x", "error_message": "no"}, {}, "Sync of x failed", "failed"),
        ("repo.sync.finish", {"repo_id": "x"}, {}, "Sync of x finished", "finished"),
        ("disk.full", {"name": "sda"}, {}, "disk.full: sda", "event"),
        ("disk.full", {}, {}, "disk.full", "event"),
    ],
)
def test_the_state_is_found_whichever_application_made_the_report(
    delivery, event_type, payload, call_report, title, state
):
    report = Report("", payload, call_report)
    summary = summarise(event_type, delivery.event_time, "", report)
    assert (summary.title, summary.state) == (title, state)


@pytest.mark.parametrize(
    ("event_type", "payload", "call_report", "who"),
    [
        ("repo.sync.start", {"user": "jdoe"}, {}, "jdoe"),
        ("repo.publish.finish", {"user": "jdoe"}, {"principal_login": "admin"}, "jdoe"),
        ("repo.sync.finish", {}, {"principal_login": "admin"}, "admin"),
        ("repo.sync.finish", {"user": None}, {"principal_login": "admin"}, "admin"),
        ("repo.sync.finish", {"user": {"login": "jdoe"}}, {"principal_login": "admin"}, "admin"),
        ("repo.sync.finish", {"user": " "}, {}, None),
        ("user.deleted", {"user": "jdoe"}, {"principal_login": "admin"}, "admin"),
        ("user.deleted", {"user": "jdoe"}, {}, None),
    ],
)
def test_who_started_an_operation_is_its_own_user_before_that_of_the_call_report(
    delivery, event_type, payload, call_report, who
):
    summary = summarise(event_type, delivery.event_time, "", Report("", payload, call_report))
    assert dict(summary.facts).get("Started by") == who


def test_states_differ_in_colour_symbol_and_words(parts_of) -> None:
    bodies = {}
    for name, event_type, payload in (
        ("start", "repo.sync.start", STARTED),
        ("success", "repo.sync.finish", SUCCEEDED),
        ("failure", "repo.sync.finish", FAILED),
    ):
        html = parts_of(event_type, payload)[1].get_content()
        (strong,) = {colours.strong for colours in COLOURS.values() if f"background:{colours.strong}" in html}
        bodies[name] = (strong, re.search(r"line-height:44px\">(&#\d+;)", html)[1])
    assert len({colour for colour, _ in bodies.values()}) == len({symbol for _, symbol in bodies.values()}) == 3


def test_a_test_is_marked_above_everything_else(composed, parsed, delivery_of, parts_of) -> None:
    marked = {"test": True, "message": "x"}
    text, html, _ = parts_of("repo.sync.start", marked, {"test": True})
    assert text.get_content().startswith("This is a test of the listener; nothing has happened.")
    assert "This is a test of the listener" in html.get_content()
    message = parsed(composed(delivery_of("repo.sync.start", marked, {"test": True}), format="readable"))
    assert message["Subject"] == "[test] pulp notification"


def test_html_fetches_nothing_and_is_ascii(delivery) -> None:
    html = html_body(summarise("a.finish", delivery.event_time, "höst", Report("{}", {"repo_id": "ü"}, {})), "{}")
    assert html.isascii()
    assert not {"src", "href", "background", "srcset"} & {name for name, _ in checked(html).attributes}
    assert not re.search(r"https?:|url\(|@import|<script|<link|<img", html)


def test_a_long_report_is_cut_in_the_html_and_whole_in_the_attachment(parts_of) -> None:
    text, html, attached = parts_of("repo.sync.finish", {"text": "y" * 100_000})
    assert len(html.get_content()) < 40_000
    assert "the rest is in event.json" in html.get_content()
    assert json.loads(attached.get_content())["payload"] == {"text": "y" * 100_000}
    assert "y" * 900 in text.get_content().replace("\n", "")


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("state", COLOURS)
def test_colours_are_legible(state) -> None:
    colours = COLOURS[state]
    assert _contrast("#ffffff", colours.strong) >= 4.5
    assert _contrast("#ffffff", colours.badge) >= 3.0, "a symbol is large text"
    assert _contrast(colours.strong, colours.pale) >= 4.5
    assert _contrast("#1b1e24", colours.pale) >= 4.5
    assert _contrast("#eceef1", colours.dark) >= 4.5
    assert _contrast(colours.light, colours.dark) >= 4.5


words = st.text(max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=990, max_size=1100)
    | st.just("\ud800")
    | st.just("é" * 2000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
payloads = st.dictionaries(
    st.sampled_from(
        ["repo_id", "result", "start_time", "end_time", "error_message", "traceback", "added_count", "task_id", "test"]
    )
    | words,
    values,
    max_size=8,
)


@given(
    st.sampled_from(["repo.sync.start", "repo.sync.finish", "disk.full", "x"]),
    payloads,
    payloads,
    st.sampled_from(["report", "readable"]),
    st.sampled_from(["s", "{{ payload.repo_id }}: {{ event.event_type }}", "{{ payload }}", "é" * 200]),
)
@settings(deadline=None)
def test_any_event_makes_a_valid_message_with_the_report_in_it(
    delivery, composed, parsed, assert_valid, delivery_of, event_type, payload, call_report, format, subject
):
    delivery = delivery_of(event_type, payload, call_report)
    raw = composed(delivery, subject, format=format)
    assert_valid(raw)
    message = parsed(raw)
    if format == "report":
        assert json.loads(message.get_content()) == json.loads(delivery.report)
        return
    text, html, attached = [part for part in message.walk() if not part.is_multipart()]
    assert attached.get_content() == delivery.report
    whole = text.get_content().replace("\r\n", "\n")  # as base64 has them
    assert whole.endswith(f"The event report:\n\n{read(delivery.report).text}\n")
    shown = checked(html.get_content()).text
    title = summarise(event_type, delivery.event_time, "", read(delivery.report)).title
    assert " ".join(title.split()) in " ".join(shown.split())
