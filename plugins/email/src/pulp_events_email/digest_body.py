"""A digest as text and as HTML. No input or output here."""

from __future__ import annotations

from html import escape

from pulp_events.visible import one_line
from pulp_events_email.colours import COLOURS
from pulp_events_email.digest import Digest, Line
from pulp_events_email.page import BLACK, GREY, WHITE, WRAP, page
from pulp_events_email.readable_html import tiles
from pulp_events_email.readable_text import TEST_NOTE
from pulp_events_email.summary import SYMBOLS

SHOWN = 200
"""Events that are told in a line of the HTML; clients cut messages off that are long."""
SHOWN_IN_TEXT = 1000
SHOWN_IN_BRIEF = 50
"""Of either, where the server takes no large message."""
LONGEST_ERROR = 300


def digest_text(digest: Digest) -> str:
    """The text for those who read no HTML."""
    heading = f"{SYMBOLS[digest.state]} {digest.title}"
    lines = [TEST_NOTE, ""] if digest.is_test else []
    lines += [heading, "=" * len(heading), "", digest.period, ""]
    width = max(map(len, digest.states))
    lines += [f"{f'{state}:':<{width + 1}}  {count}" for state, count in digest.states.items()]
    lines.append("")
    shown = SHOWN_IN_TEXT if digest.attached else SHOWN_IN_BRIEF
    for line in digest.lines[:shown]:
        lines.append(f"{line.time:%Y-%m-%d %H:%M:%S}  {line.summary.symbol} {line.summary.title}")
        if error := _error(line):
            lines.append(f"{'':21}  {error}")
    return "\n".join([*lines, "", _rest(digest, shown)])


def digest_html(digest: Digest) -> str:
    """The whole document."""
    counts = tuple((state, str(count)) for state, count in digest.states.items())
    shown = SHOWN if digest.attached else SHOWN_IN_BRIEF
    rows = "".join(map(_row, digest.lines[:shown]))
    content = (
        f"{tiles(counts)}"
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">\n'
        f"{rows}</table>\n"
        f'<div class="cell grey" style="border-top:1px solid #e6e9ee;background:{WHITE};color:{GREY};font-size:12px;'
        f'padding:16px 0 0">{escape(_rest(digest, shown))}</div>'
    )
    note = TEST_NOTE if digest.is_test else ""
    return page(digest.title, digest.period, SYMBOLS[digest.state], COLOURS[digest.state], content, note)


def _row(line: Line) -> str:
    colours, summary = COLOURS[line.summary.state], line.summary
    error = _error(line)
    below = f'<div class="grey" style="color:{GREY};font-size:13px;{WRAP}">{escape(error)}</div>' if error else ""
    return (
        f'<tr><td class="cell" width="24" style="padding:9px 0;border-top:1px solid #e6e9ee;background:{WHITE};'
        f'vertical-align:top"><div style="width:20px;height:20px;border-radius:10px;'
        f"background:{colours.strong};color:{WHITE};font-size:11px;line-height:20px;text-align:center"
        f'">{summary.symbol}</div></td>'
        f'<td class="cell" style="padding:9px 12px;border-top:1px solid #e6e9ee;background:{WHITE};color:{BLACK};'
        f'font-size:14px;line-height:20px;vertical-align:top;{WRAP}">{escape(summary.title)}{below}</td>'
        f'<td class="cell grey" align="right" style="padding:9px 0;border-top:1px solid #e6e9ee;background:{WHITE};'
        f'color:{GREY};font-size:13px;line-height:20px;vertical-align:top;white-space:nowrap">'
        f"{line.time:%H:%M:%S}</td></tr>\n"
    )


def _error(line: Line) -> str:
    text = one_line(line.summary.error)
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"


def _rest(digest: Digest, shown: int) -> str:
    if not digest.attached:
        hidden = f"{digest.count - shown} more are not shown. " if digest.count > shown else ""
        return f"{hidden}The event reports are larger than the mail server accepts. {digest.see}"
    if digest.count <= shown:
        return "The event reports are attached as events.json."
    return f"{digest.count - shown} more are in events.json, which contains all the event reports."
