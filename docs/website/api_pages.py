"""The pages of the Python API: the names that docs/stability.md promises, each from its signature and docstrings."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

from sections import contents

GROUPS = {
    "Bus": "EventBus RefusedEvent on ServiceHealth Settings Plugins API_VERSION",
    "Events and listeners": "Event EventModel EventType Author Listener json_schema EventQuery StoredEvent",
    "Deliveries": "Delivery Attempt DeliveryQuery Stats Health Presence",
    "Notifiers and plugins": "Notifier Channel Config Action Settlement hookimpl Scrubber",
    "Errors": "",
}
"""Of `pulp_events`: heading of a page → the names on it; errors are those that are exceptions."""
MODULES = {
    "pulp_events.hookspecs": "hooks of plugins: when each is called, and what it returns",
    "pulp_events.stores": "for authors of stores",
    "pulp_events.testing": "servers, fakes and contracts for tests",
    "pulp_events.fields": "fields of configurations and settings",
    "pulp_events.templates": "text made from an event",
    "pulp_events.deadline": "time limits",
    "pulp_events.networks": "where listeners of untrusted authors may connect to",
    "pulp_events.deprecations": "what is deprecated, with a warning",
    "pulp_events.visible": "text that can be shown",
    "pulp_events.tls": "TLS for notifiers",
    "pulp_events.schemas.asyncapi": "event types as an AsyncAPI document",
    "pulp_events.schemas.json_schema": "reports of an event type as JSON Schema",
    "pulp_events.events.trace_context": "the trace that an event belongs to",
    "pulp_events_receiver": "for receivers: verify, read, drop repeats",
}
OTHERS = {
    "pulp_events_receiver.seen.sqlite": "ids of deliveries in SQLite",
    "pulp_events_receiver.seen.postgres": "ids of deliveries in PostgreSQL",
    "pulp_events_receiver.seen.sqlalchemy": "ids of deliveries through SQLAlchemy",
    "pulp_events_receiver.seen.django": "ids of deliveries in Django",
    "pulp_events_django": "the bus of a Django project",
    "pulp_events_fastapi": "the bus of a FastAPI application",
    "pulp_events_prometheus": "metrics for an application's own registry",
    "pulp_events_web": "REST API and web console as a WSGI application",
    "pulp_events_postgres": "tables made by an application's own migrations",
    "pulp_events_amqp.testing": "an AMQP broker for tests",
    "pulp_events_cli.main": "the command line, called from Python",
}
"""Modules of the other distributions. Their names, such as `emit`, are no links where others mention them: mostly
something else is meant."""

PROMISED = {
    **{f"pulp_events_receiver.seen.{each}": ["Seen"] for each in ("sqlite", "postgres", "sqlalchemy", "django")},
    "pulp_events_postgres": ["create_tables"],
    "pulp_events_amqp.testing": ["AmqpBroker"],
    "pulp_events_cli.main": ["main"],
    "pulp_events.schemas.asyncapi": ["document"],
    "pulp_events.schemas.json_schema": ["report_schema"],
    "pulp_events.events.trace_context": ["Traced", "from_text"],
}
"""Modules of which only these names are for others."""
NOT_OURS = "object, dict, str, int, tuple, Enum, StrEnum, Schema, Field, Protocol, Exception"
"""Classes of others whose members are not shown with those of a class of ours."""


def pages() -> dict[str, str]:
    """Name of each page → its text."""
    found = {
        f"api/{_slug(heading)}": _page(f"pulp_events: {heading.lower()}", "pulp_events", names)
        for heading, names in _groups().items()
    }
    found |= {
        f"api/{module}": _page(module, module, _public(module), about)
        for module, about in {**MODULES, **OTHERS}.items()
    }
    own = [f"- [{heading}]({_slug(heading)}.md): {_listed(names)}" for heading, names in _groups().items()]
    further = [f"- [{module}]({module}.md): {about}" for module, about in MODULES.items()]
    others = [f"- [{module}]({module}.md): {about}" for module, about in OTHERS.items()]
    index = ["# Python API", "", "What [stays within a major version](../stability.md), from the docstrings.", "",
             "## pulp_events", "", *own, "", "## Further modules", "", *further, "",
             "## Other distributions", "", *others, "",
             contents([f"/{name}" for name in found])]  # fmt: skip
    return {"api/index.md": "\n".join(index), **{f"{name}.md": text for name, text in found.items()}}


def _groups() -> dict[str, list[str]]:
    """Raises ValueError for a public name that is on no page, or on two."""
    module = importlib.import_module("pulp_events")
    errors = {name for name in module.__all__ if _is_error(getattr(module, name))}
    found = {heading: names.split() or sorted(errors) for heading, names in GROUPS.items()}
    listed = sorted(name for names in found.values() for name in names)
    if listed != sorted(module.__all__):
        odd = {name for name in {*listed, *module.__all__} if listed.count(name) != (name in module.__all__)}
        raise ValueError(f"GROUPS in {__file__} must have each public name once: {', '.join(sorted(odd))}")
    return found


def _is_error(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, Exception)


def _public(module: str) -> list[str]:
    """What a module has for others: what is promised of it, `__all__`, or what is defined in it."""
    found = importlib.import_module(module)
    if module in PROMISED:
        return PROMISED[module]
    own = [name for name, value in vars(found).items() if getattr(value, "__module__", None) == module]
    return sorted(name for name in getattr(found, "__all__", own) if not name.startswith("_"))


def _slug(heading: str) -> str:
    return f"pulp_events-{heading.lower().replace(' ', '-')}"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _page(title: str, module: str, names: list[str], about: str = "") -> str:
    lines = [f"# {title}", "", *([f"{about[:1].upper()}{about[1:]}.", ""] if about else [])]
    lines += [f"```{{py:currentmodule}} {module}", "```", ""]
    for name in names:
        lines += [*_directive(module, name), ""]
    return "\n".join(lines)


def _directive(module: str, name: str) -> Iterator[str]:
    found = getattr(importlib.import_module(module), name)
    if isinstance(found, type):
        kind = "autoclass"
        options = [":members:", ":show-inheritance:" if _is_error(found) else f":inherited-members: {NOT_OURS}"]
    else:
        options, kind = [], "autofunction" if inspect.isroutine(found) else "autodata"
    yield from ("```{eval-rst}", f".. {kind}:: {module}.{name}", *(f"   {option}" for option in options), "```")
