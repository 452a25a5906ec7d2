"""The frame of the HTML that messages have: a card with a head in the state's colours. No input or output here."""

from __future__ import annotations

from html import escape

from pulp_events_email.colours import Colours

BLACK = "#1b1e24"
GREY = "#5b6472"
WHITE = "#ffffff"
FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
MONO = "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
WRAP = "white-space:pre-wrap;word-break:break-word;overflow-wrap:anywhere"

_STYLE = """\
@media (max-width: 480px) {{
 .page {{ padding:0 !important; }}
 .card {{ border-radius:0 !important; border-width:0 !important; }}
 .pad {{ padding-left:16px !important; padding-right:16px !important; }}
 .label {{ display:block !important; padding:10px 0 0 !important; }}
 .value {{ display:block !important; border-top:0 !important; padding:0 0 10px !important; width:auto !important; }}
}}
@media (prefers-color-scheme: dark) {{
 .page {{ background:#14161a !important; }}
 .card, .cell {{ background:#1f2228 !important; color:#eceef1 !important; border-color:#383d47 !important; }}
 .box, .tile {{ background:#282c34 !important; color:#eceef1 !important; border-color:#383d47 !important; }}
 .tint {{ background:{dark} !important; color:#eceef1 !important; }}
 .heading {{ color:{light} !important; }}
 .grey {{ color:#aeb6c2 !important; }}
}}"""


def page(title: str, state: str, symbol: str, colours: Colours, content: str, note: str = "") -> str:
    """A whole document. `content` is HTML, all else text; only ASCII characters come back."""
    heading = escape(title)
    first = (
        '<tr><td class="pad" style="background:#f9e27d;color:#332b00;padding:10px 24px;font-size:14px;'
        f'font-weight:bold">{escape(note)}</td></tr>\n'
        if note
        else ""
    )
    document = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{heading}</title>
<style>
{_STYLE.format(dark=colours.dark, light=colours.light)}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#eef0f3">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
<tr><td class="page" align="center" style="background:#eef0f3;padding:24px 12px">
<table class="card" role="presentation" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;\
border-collapse:separate;background:{WHITE};color:{BLACK};border:1px solid #d9dde3;border-radius:12px;overflow:hidden;\
text-align:left;{FONT}">
{first}\
<tr><td class="pad" style="background:{colours.strong};color:{WHITE};padding:20px 24px">
<table role="presentation" cellpadding="0" cellspacing="0"><tr>
<td width="44" style="vertical-align:top">{_badge(symbol, colours)}</td>
<td style="padding-left:16px;color:{WHITE}">\
<div style="color:{WHITE};font-size:11px;font-weight:bold;letter-spacing:1.2px;text-transform:uppercase">\
{escape(state)}</div>
<div style="color:{WHITE};font-size:21px;line-height:1.3;font-weight:bold;overflow-wrap:anywhere">{heading}</div></td>
</tr></table>
</td></tr>
<tr><td class="card pad" style="background:{WHITE};color:{BLACK};padding:20px 24px 24px">
{content}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>"""
    return document.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _badge(symbol: str, colours: Colours) -> str:
    """A disc with the symbol: a table of its own, as a cell of the head would be stretched by a title of many lines."""
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0"><tr>'
        '<td width="44" height="44" align="center" style="width:44px;height:44px;min-width:44px;padding:0;'
        f"background:{colours.badge};color:{WHITE};border-radius:22px;font-size:20px;"
        f'line-height:44px">{symbol}</td></tr></table>'
    )
