"""The readable format's HTML. No input or output here.

Made for mail clients: one column, styles at each element, tables for what stands beside each other, and nothing that is
fetched from elsewhere. Each element says its colours, so that a client that changes some changes all; those that honour
`prefers-color-scheme` get dark ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from pulp_events_email.readable_text import TEST_NOTE
from pulp_events_email.summary import CANCELLED, FAILED, FINISHED, OTHER, STARTED, SUCCEEDED, Summary


@dataclass(frozen=True)
class Colours:
    """Of a state: a strong one with white text on it, and those of a box with the error or the counts."""

    strong: str
    pale: str


COLOURS = {
    STARTED: Colours("#1d4ed8", "#e8effd"),
    SUCCEEDED: Colours("#15703a", "#e5f4ea"),
    FAILED: Colours("#b3191c", "#fdeaea"),
    CANCELLED: Colours("#8a4b08", "#fcf1e0"),
    FINISHED: Colours("#4a5160", "#eceef1"),
    OTHER: Colours("#4a5160", "#eceef1"),
}
"""White on each strong colour, and black on each pale one, has a contrast of 5 to 1 or more (WCAG 2.2, 1.4.3)."""

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_MONO = "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
_WRAP = "white-space:pre-wrap;word-break:break-word;overflow-wrap:anywhere"

_DARK = """\
@media (prefers-color-scheme: dark) {
 .page { background:#16181d !important; }
 .card { background:#22252c !important; color:#eceef1 !important; border-color:#3b404b !important; }
 .label { color:#b4bac6 !important; background:#22252c !important; }
 .value { color:#eceef1 !important; background:#22252c !important; }
 .box { background:#2d313a !important; color:#eceef1 !important; }
}"""

LONGEST_REPORT = 20_000
"""Characters of the report that are shown; clients cut messages off that are long. The attachment has all."""


def html_body(summary: Summary, report: str) -> str:
    """The whole document."""
    colours = COLOURS[summary.state]
    title = escape(summary.title)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>
{_DARK}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f1f2f4;{_FONT}">
<div class="page" style="background:#f1f2f4;padding:16px 8px">
<div class="card" style="max-width:600px;margin:0 auto;background:#ffffff;color:#1b1e24;\
border:1px solid #d4d7dd;border-radius:8px;overflow:hidden">
{_test_note() if summary.is_test else ""}\
<div style="background:{colours.strong};color:#ffffff;padding:16px 20px">
<div style="background:{colours.strong};color:#ffffff;font-size:13px;font-weight:bold;letter-spacing:1px;\
text-transform:uppercase">{summary.symbol}&nbsp; {escape(summary.state)}</div>
<div style="background:{colours.strong};color:#ffffff;font-size:20px;line-height:1.3;font-weight:bold;\
overflow-wrap:anywhere">{title}</div>
</div>
<div style="padding:12px 20px 20px">
{_error(summary, colours)}\
{_counts(summary, colours)}\
{_facts(summary)}
{_report(report)}
</div>
</div>
</div>
</body>
</html>"""


def _test_note() -> str:
    return (
        '<div style="background:#f9e27d;color:#332b00;padding:8px 20px;font-size:14px;font-weight:bold">'
        f"{TEST_NOTE}</div>\n"
    )


def _error(summary: Summary, colours: Colours) -> str:
    found = ""
    if summary.error:
        found = _box("Error", f'<div style="font-weight:bold;{_WRAP}">{escape(summary.error)}</div>', colours)
    if summary.traceback:
        found += _box("Traceback", f'<div style="{_MONO};font-size:12px;{_WRAP}">{escape(summary.traceback)}</div>',
                      colours)  # fmt: skip
    return found


def _box(heading: str, content: str, colours: Colours) -> str:
    return (
        f'<div class="box" style="margin:8px 0;padding:10px 14px;background:{colours.pale};color:#1b1e24;'
        f'border-left:4px solid {colours.strong};font-size:14px;line-height:1.45">'
        f'<div style="font-size:12px">{heading}</div>{content}</div>\n'
    )


def _counts(summary: Summary, colours: Colours) -> str:
    if not summary.counts:
        return ""
    numbers = "".join(
        f'<span style="display:inline-block;margin:0 18px 4px 0"><strong style="font-size:20px">{escape(value)}'
        f"</strong> {escape(label)}</span> "
        for label, value in summary.counts
    )
    return _box("Counts", numbers, colours)


def _facts(summary: Summary) -> str:
    rows = "\n".join(
        f'<tr><td class="label" style="padding:5px 12px 5px 0;background:#ffffff;color:#59606e;font-size:14px;'
        f'vertical-align:top;white-space:nowrap">{escape(label)}</td>'
        f'<td class="value" style="padding:5px 0;background:#ffffff;color:#1b1e24;font-size:14px;'
        f'vertical-align:top;overflow-wrap:anywhere;word-break:break-word">{escape(value)}</td></tr>'
        for label, value in summary.facts
    )
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" style="border-collapse:collapse;width:100%">\n'
        f"{rows}\n</table>"
    )


def _report(report: str) -> str:
    shown = report if len(report) <= LONGEST_REPORT else report[:LONGEST_REPORT] + "\n… the rest is in event.json"
    return (
        '<div class="value" style="margin-top:14px;background:#ffffff;color:#1b1e24;font-size:12px">'
        "The event report, also attached as event.json</div>\n"
        f'<pre class="box" style="margin:4px 0 0;padding:10px 14px;background:#f3f4f6;color:#1b1e24;'
        f'font-size:12px;line-height:1.45;{_MONO};{_WRAP}">{escape(shown)}</pre>'
    )
