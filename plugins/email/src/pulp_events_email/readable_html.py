"""The readable format's HTML. No input or output here.

Made for mail clients: tables, which all of them lay out alike, styles at each element, and nothing that is fetched from
elsewhere. Each element says its colours, so that a client that changes some changes all; those that honour
`prefers-color-scheme` get dark ones. Only ASCII characters, so that it needs no encoding.
"""

from __future__ import annotations

from html import escape

from pulp_events_email.colours import COLOURS, Colours
from pulp_events_email.page import BLACK, GREY, MONO, WHITE, WRAP, page
from pulp_events_email.readable_text import TEST_NOTE
from pulp_events_email.summary import Summary

LONGEST_REPORT = 20_000
"""Characters of the report that are shown; clients cut messages off that are long. The attachment has all."""

TILES_IN_A_ROW = 4


def html_body(summary: Summary, report: str | None, note: str = "") -> str:
    """The whole document. `report`: None where it is left out; `note` then says why."""
    colours = COLOURS[summary.state]
    last = _small(escape(note)) if report is None else _report(report)
    sections = [_error(summary, colours), tiles(summary.counts), _facts(summary), last]
    head = TEST_NOTE if summary.is_test else ""
    return page(summary.title, summary.state, summary.symbol, colours, "".join(sections), head)


def box(heading: str, content: str, colours: Colours) -> str:
    """A box in the state's colours. `content` is HTML."""
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:0 0 16px">'
        f'<tr><td class="tint" style="background:{colours.pale};color:{BLACK};border-left:4px solid {colours.strong};'
        'border-radius:4px;padding:12px 16px;font-size:15px;line-height:1.5">'
        f'<div class="heading" style="color:{colours.strong};font-size:11px;font-weight:bold;letter-spacing:.8px;'
        f'text-transform:uppercase">{heading}</div>\n{content}</td></tr></table>\n'
    )


def _error(summary: Summary, colours: Colours) -> str:
    found = ""
    if summary.error:
        found = box("Error", f'<div style="font-weight:bold;{WRAP}">{escape(summary.error)}</div>', colours)
    if summary.traceback:
        trace = f'<div style="{MONO};font-size:12px;{WRAP}">{escape(summary.traceback)}</div>'
        found += box("Traceback", trace, colours)
    return found


def tiles(counts: tuple[tuple[str, str], ...]) -> str:
    """Numbers, large, some beside each other. `counts`: label and value of each."""
    rows = []
    for first in range(0, len(counts), TILES_IN_A_ROW):
        cells = '<td width="8"></td>'.join(
            f'<td class="tile" style="background:#f5f6f8;color:{BLACK};border:1px solid #e6e9ee;border-radius:8px;'
            f'padding:10px 14px;vertical-align:top"><div style="font-size:24px;line-height:1.2;font-weight:bold">'
            f'{escape(value)}</div><div class="grey" style="color:{GREY};font-size:13px">{escape(label)}</div></td>\n'
            for label, value in counts[first : first + TILES_IN_A_ROW]
        )
        rows.append(
            '<table role="presentation" cellpadding="0" cellspacing="0" style="margin:0 0 16px">'
            f"<tr>{cells}</tr></table>\n"
        )
    return "".join(rows)


def _facts(summary: Summary) -> str:
    rows = "\n".join(
        f'<tr><td class="cell label grey" style="padding:9px 16px 9px 0;border-top:1px solid #e6e9ee;'
        f'background:{WHITE};color:{GREY};font-size:14px;vertical-align:top;white-space:nowrap">{escape(label)}</td>'
        f'<td class="cell value" width="99%" style="padding:9px 0;border-top:1px solid #e6e9ee;background:{WHITE};'
        f'color:{BLACK};font-size:14px;vertical-align:top;{WRAP}">{escape(value)}</td></tr>'
        for label, value in summary.facts
    )
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">\n'
        f"{rows}\n</table>\n"
    )


def _small(text: str) -> str:
    return (
        f'<div class="cell grey" style="border-top:1px solid #e6e9ee;background:{WHITE};color:{GREY};font-size:12px;'
        f'padding:16px 0 6px">{text}</div>\n'
    )


def _report(report: str) -> str:
    shown = report if len(report) <= LONGEST_REPORT else report[:LONGEST_REPORT] + "\n... the rest is in event.json"
    return _small("Event report, also attached as event.json") + (
        f'<pre class="box" style="margin:0;padding:12px 16px;background:#f5f6f8;color:{BLACK};border:1px solid #e6e9ee;'
        f'border-radius:8px;font-size:12px;line-height:1.5;{MONO};{WRAP}">{escape(shown)}</pre>'
    )
