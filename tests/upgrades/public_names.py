"""The public names of each distribution: what docs/stability.md promises, and `test_api.py` compares."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]

PUBLIC = {
    "core": (
        "pulp_events:*",
        "pulp_events.stores:*",
        "pulp_events.testing:*",
        "pulp_events.deadline",
        "pulp_events.deprecations",
        "pulp_events.fields",
        "pulp_events.hookspecs",
        "pulp_events.networks",
        "pulp_events.templates",
        "pulp_events.tls",
        "pulp_events.visible",
        "pulp_events.events.trace_context:Traced from_text",
        "pulp_events.schemas.asyncapi:document",
        "pulp_events.schemas.json_schema:report_schema",
    ),
    "cli": ("pulp_events_cli.main:main",),
    "receiver": (
        "pulp_events_receiver:*",
        "pulp_events_receiver.seen.sqlite:Seen",
        "pulp_events_receiver.seen.postgres:Seen",
        "pulp_events_receiver.seen.sqlalchemy:Seen",
        "pulp_events_receiver.seen.django:Seen",
    ),
    "plugins/amqp": ("pulp_events_amqp:pulp_notifiers", "pulp_events_amqp.testing:AmqpBroker"),
    "plugins/apprise": ("pulp_events_apprise:pulp_notifiers",),
    "plugins/django": ("pulp_events_django:*",),
    "plugins/email": ("pulp_events_email:pulp_notifiers",),
    "plugins/fastapi": ("pulp_events_fastapi:*",),
    "plugins/http": ("pulp_events_http:pulp_notifiers",),
    "plugins/opentelemetry": ("pulp_events_opentelemetry:pulp_settings_sections",),
    "plugins/postgres": ("pulp_events_postgres:create_tables",),
    "plugins/prometheus": ("pulp_events_prometheus:*",),
    "plugins/pulp-cli": ("pulp_cli_events:mount",),
    "plugins/pulpcore": ("pulp_events_pulpcore:default_app_config",),
    "plugins/web": ("pulp_events_web:*",),
}
"""Folder → modules: alone, with all names that have no underscore; with the names that count; or `*` for `__all__`,
of which a stub, where there is one, is the list."""


def names_of(sources, entry):
    """The dotted names that an entry stands for, in this folder of sources."""
    module, _, names = entry.partition(":")
    path = sources / module.replace(".", "/")
    found = [each for each in (path / "__init__.pyi", path / "__init__.py", path.with_suffix(".py")) if each.exists()]
    if not found:
        return []
    chosen = names.split() if names != "*" and names else sorted(_listed(found[0], all=names == "*"))
    return [f"{module}.{name}" for name in chosen]


def _listed(path, all):
    tree = ast.parse(path.read_text("utf-8"))
    if path.suffix == ".pyi":
        return {name.asname for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names}
    defined = {}
    for node in tree.body:
        for target in _targets(node):
            defined[target] = node
    if all:
        return set(ast.literal_eval(defined["__all__"].value))
    return {name for name in defined if not name.startswith("_")}


def _targets(node):
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []
