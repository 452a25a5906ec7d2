"""Pages of text: a delivery with its attempts and its report, and the help."""

from __future__ import annotations

import json

from pulp_events.outbox.states import Outcome
from pulp_events_cli.output.text import local_time
from pulp_events_cli.top import words
from pulp_events_cli.top.lines import Line, wrapped
from pulp_events_cli.top.listener_page import next_attempt, state_of
from pulp_events_cli.top.model import DeliveryPage
from pulp_events_cli.top.overview_page import Body
from pulp_events_cli.top.status import Status

LONGEST_REPORT = 65536
"""Bytes of a report that are shown."""

HELP = (
    ("Everywhere", ""),
    ("up down, k j", "move, or scroll"),
    ("PgUp PgDn", "by a page; Home and End, or g and G, go to the ends"),
    ("Enter", "open: a listener, then one of its deliveries"),
    ("Esc", "back; stops a retry; shows all listeners again"),
    ("Space", "ask the store now"),
    ("Ctrl-L", "draw the screen again"),
    ("?", "this page"),
    ("q, Ctrl-C", "quit"),
    ("", ""),
    ("The chosen listener", ""),
    ("m", "mute it: for how long, and why"),
    ("u", "unmute it"),
    ("r", "retry what is dead, pending, or both"),
    ("d", "disable it"),
    ("e", "enable it"),
    ("", ""),
    ("List of listeners", ""),
    ("/", "only those that have these words: name, type, label, event type, state, error"),
    ("s", "sort by the next of: state, name, pending, rate, failed, dead, slow; S turns the order round"),
    ("", ""),
    ("List of deliveries", ""),
    ("Tab", "all, pending, delivered, dead"),
    ("o", "look further back"),
    ("", ""),
    ("A delivery", ""),
    ("r", "retry it, whatever its state"),
    ("", ""),
    ("Columns", ""),
    ("STATE", "failing: since when; muted: how long still; stopped: disabled by a failure"),
    ("OLDEST", "age of the oldest event that still waits"),
    ("RATE FAIL", "deliveries made in a time; attempts that failed"),
    ("DEAD", "deliveries given up in the span"),
    ("P50 P95", "from the event to its delivery, for half and for 95% of the deliveries"),
    ("NOW", "being attempted now"),
)
"""Keys and columns, and what they are; without the second: a heading."""


def help_body(scroll: int, size: tuple[int, int]) -> Body:
    """The page of keys."""
    lines: list[Line] = []
    for key, text in HELP:
        if not text:
            lines.append([(f" {key}", "title")])
            continue
        for number, part in enumerate(wrapped(text, size[0] - 19)):
            lines.append([(f"   {key if not number else '':<15}", "key"), (part, "")])
    return scrolled(lines, scroll, size[1])


def delivery_body(page: DeliveryPage, scroll: int, status: Status, size: tuple[int, int]) -> Body:
    """The page of a delivery."""
    width = size[0]
    delivery = page.delivery
    state, tone = state_of(delivery)
    wait = "" if page.wait is None else page.wait.reason
    if page.wait is not None and page.wait.until is not None:
        wait = f"{next_attempt(page.wait, status)}: {wait}"
    facts = [
        ("State", state, tone),
        ("Waits", wait, "note"),
        ("Detail", delivery.detail, "bad" if delivery.state.failed else ""),
        ("Listener", page.listener, ""),
        ("Target", delivery.target, ""),
        ("Event type", delivery.event_type, ""),
        ("Event time", local_time(delivery.event_time), ""),
        ("Event", delivery.event_id, ""),
        ("Source", delivery.source, ""),
        ("Trace", delivery.trace_id or "", ""),
        ("Repeats", delivery.repeat_of or "", ""),
        ("Expires", "" if delivery.expires is None else local_time(delivery.expires), ""),
        ("Finished", "" if delivery.finished is None else local_time(delivery.finished), ""),
    ]
    lines: list[Line] = []
    for label, text, style in facts:
        for number, part in enumerate(wrapped(text, width - 13) if text else ()):
            lines.append([(f" {label if not number else '':<12}", "label"), (part, style)])
    lines += [[("", "")], [(f" Attempts: {len(page.attempts)}", "title")]]
    for attempt in reversed(page.attempts):
        good = attempt.outcome == Outcome.DELIVERED
        lines.append(
            [
                (f" {attempt.number:>3}  ", "title"),
                (f"{words.clock(attempt.started)}  {words.seconds(attempt.duration):>5}  ", ""),
                (f"{attempt.outcome:<9}", "good" if good else "bad"),
                (f"  {words.age((status.now - attempt.started).total_seconds())} ago", "dim"),
            ]
        )
        lines += [[(" " * 6 + part, "")] for part in wrapped(attempt.detail, width - 7) if attempt.detail]
    lines += [[("", "")], [(" Report", "title")]]
    lines += [[(" " + part, "")] for part in wrapped(_report(delivery.report), width - 2)]
    return scrolled(lines, scroll, size[1])


def scrolled(lines: list[Line], scroll: int, height: int) -> Body:
    """The part of a text that is on the screen."""
    first = max(0, min(scroll, len(lines) - height))
    shown = lines[first : first + height]
    return Body([*shown, *[[("", "")]] * (height - len(shown))], height, len(lines))


def _report(report: bytes) -> str:
    if len(report) > LONGEST_REPORT:
        return report[:LONGEST_REPORT].decode(errors="replace") + "\n…"
    try:
        return json.dumps(json.loads(report), indent=2, ensure_ascii=False)
    except ValueError:
        return report.decode(errors="replace")
