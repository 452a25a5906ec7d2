"""`/console/plugins`: what is installed, and what is wrong with which."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, render_template

from pulp_events_web.context import acting


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/plugins", "plugins", plugins)


def plugins() -> str:
    """All of them, those with something wrong first."""
    bus = acting().reading
    used = Counter(each.notifier_type_id for each in bus.listeners.list())
    return render_template(
        "console/plugins.html",
        plugins=sorted(bus.plugins.all, key=lambda each: (each.state == "loaded" and not each.deprecations, each.name)),
        missing={each: used[each] for each in sorted({*used} - {*bus.plugins.notifiers})},
        used=used,
        processes=bus.workers(),
    )
