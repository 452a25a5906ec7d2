"""How values are written on pages, and what each template knows."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, g
from markupsafe import Markup, escape

from pulp_events.fields import format_duration
from pulp_events.frozen import thaw
from pulp_events.listeners.kinds import Durations, Moment, Seconds
from pulp_events.listeners.listener import ATTRIBUTES
from pulp_events.visible import json_text, one_line, visible
from pulp_events_web.principal import Principal, Role


def moment(value: datetime | None, empty: str = "–") -> str:
    """A moment in UTC, which a script of ours changes to the reader's zone."""
    if value is None:
        return empty
    at = value.astimezone(UTC)
    shown, exact = at.strftime("%Y-%m-%d %H:%M:%S UTC"), at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(exact, shown)


def number(value: int | float) -> str:
    """With a thin space between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def seconds(value: float | None) -> str:
    """A span of time with at most two units."""
    if value is None:
        return "–"
    if 0 < value < 0.001:
        return "<1ms"
    rounded = round(value, 3) if value < 1 else round(value, 1) if value < 10 else round(value)
    return " ".join(format_duration(rounded).split()[:2])


def pretty(value: Any) -> str:
    """JSON, indented."""
    return json_text(thaw(value), indent=2, default=str)


def plain(value: Any) -> str:
    """A value on one line, for tables."""
    if isinstance(value, str):
        return value
    return json_text(thaw(value), default=str)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def timed(text: str) -> str:
    """A sentence of ours, its times as `moment` writes them."""
    made, end = Markup(), 0
    for found in _MOMENT.finditer(text):
        made += escape(visible(text[end : found.start()], "\n\t")) + moment(datetime.fromisoformat(found[0]))
        end = found.end()
    return made + escape(visible(text[end:], "\n\t"))


def changed(value: Any, key: str) -> str:
    """A value in the history of a listener, as the page of the listener writes it."""
    kind = ATTRIBUTES[key].kind if key in ATTRIBUTES else None
    if isinstance(kind, Moment) and isinstance(value, str) and _MOMENT.fullmatch(value):
        return timed(value)
    if isinstance(kind, Seconds) and isinstance(value, int | float):
        return seconds(value)
    if isinstance(kind, Durations) and isinstance(value, list | tuple):
        return ", ".join(seconds(each) if isinstance(each, int | float) else plain(each) for each in value)
    return plain(value)


LONGEST = 1000
"""Characters of a message: whoever typed a book into a field need not read it again beside it."""


def begun(text: str) -> str:
    """A message of a library or of ours, with the capital that a sentence begins with, and not too long.

    >>> begun("the token will be sent unencrypted")
    'The token will be sent unencrypted'
    """
    word = text.partition(" ")[0]
    said = text[:1].upper() + text[1:] if word.isalpha() and word.islower() else text
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def sentence(notifier: object) -> str:
    """What a notifier does: the first paragraph of its class's docstring; empty if it has none."""
    return one_line((type(notifier).__doc__ or "").strip().partition("\n\n")[0])


_HINT = re.compile(r"[;,] `pulp-admin [^`]*` shows (?:them|it)|; known event types: .*", re.DOTALL)


def without_commands(text: str) -> str:
    """A message without the hint for those who have a shell: on pages the menu leads there, or the form lists them.

    >>> without_commands("no listener has the id 'x'; `pulp-admin event listener list` shows them")
    "no listener has the id 'x'"
    """
    return _HINT.sub("", text)


def exactly(value: object) -> Markup:
    """What a form sends back as it is: nothing in it is spelt out, or it would be stored so."""
    return escape(value)


def spelt_out(value: Any) -> Any:
    """What a template prints, fit to be looked at: marks that turn the direction of writing are escapes, as at the
    command line. For Jinja's `finalize`, so that no page can forget it."""
    return visible(value, "\n\t") if isinstance(value, str) and not isinstance(value, Markup) else value


_CAPITALS = {each: each.upper() for each in ("amqp", "api", "ca", "http", "https", "id", "json", "ssl", "tls", "url")}


def label(key: str) -> str:
    """A key of a configuration as words: `ca_path` is CA path, as in the lists of the command line."""
    words = [_CAPITALS.get(each, each) for each in key.replace("_", " ").split()]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


def wrapped(text: str) -> str:
    """A long name that may break after its dots, dashes and underscores."""
    made = escape(visible(text))
    for mark in (".", "-", "_", "/", "@"):
        made = Markup(str(made).replace(mark, mark + "<wbr>"))
    return made


def register(app: Flask, blueprint: Blueprint) -> None:
    """For templates of the whole application, as a template of `access` may extend the console's base."""
    app.jinja_env.finalize = spelt_out
    for made in (moment, number, seconds, pretty, plain, wrapped, label, timed, changed, exactly, sentence, begun):
        blueprint.add_app_template_filter(made)
    blueprint.app_context_processor(_known)


def _known() -> dict[str, Any]:
    who: Principal | None = getattr(g, "principal", None)
    role = 0 if who is None else int(who.role)
    return {
        "who": who,
        "may_operate": role >= Role.OPERATOR,
        "may_write": role >= Role.ADMIN,
    }
