"""How values are written on pages, and what each template knows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, g
from markupsafe import Markup, escape

from pulp_events.fields import format_duration
from pulp_events.frozen import thaw
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
    return json.dumps(thaw(value), indent=2, ensure_ascii=False, default=str)


def plain(value: Any) -> str:
    """A value on one line, for tables."""
    if isinstance(value, str):
        return value
    return json.dumps(thaw(value), ensure_ascii=False, default=str)


_CAPITALS = {each: each.upper() for each in ("amqp", "api", "ca", "http", "https", "id", "json", "ssl", "tls", "url")}


def label(key: str) -> str:
    """A key of a configuration as words: `ca_path` is CA path, as in the lists of the command line."""
    words = [_CAPITALS.get(each, each) for each in key.replace("_", " ").split()]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


def wrapped(text: str) -> str:
    """A long name that may break after its dots, dashes and underscores."""
    made = escape(text)
    for mark in (".", "-", "_", "/", "@"):
        made = Markup(str(made).replace(mark, mark + "<wbr>"))
    return made


def register(blueprint: Blueprint) -> None:
    """For templates of the whole application, as a template of `access` may extend the console's base."""
    for made in (moment, number, seconds, pretty, plain, wrapped, label):
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
