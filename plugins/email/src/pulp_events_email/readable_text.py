"""The readable format's text: the facts, and the report below them. No input or output here."""

from __future__ import annotations

from pulp_events_email.summary import Summary

TEST_NOTE = "This is a test of the listener; nothing has happened."


def text_body(summary: Summary, report: str | None, note: str = "") -> str:
    """The text for those who read no HTML, and for what searches and quotes mail.

    `report`: None where it is left out; `note` then says why.
    """
    heading = f"{summary.symbol} {summary.title}"
    lines = [TEST_NOTE, ""] if summary.is_test else []
    lines += [heading, "=" * min(len(heading), 78), ""]
    pairs = [*summary.facts, *((f"{label.capitalize()}", value) for label, value in summary.counts)]
    width = max((len(label) for label, _ in pairs), default=0) + 1
    lines += [f"{label + ':':<{width}}  {value}" for label, value in pairs]
    if summary.error:
        lines += ["", "Error:", "", *_indented(summary.error)]
    if summary.traceback:
        lines += ["", "Traceback:", "", *_indented(summary.traceback)]
    return "\n".join([*lines, "", note] if report is None else [*lines, "", "The event report:", "", report])


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
