"""`pulp-admin event plugin`: which plugins are installed, what they bring, and why one does not work.

No command here opens the bus: they work also where server.conf or the stores are broken.
"""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from pulp_events.system.suggestion import did_you_mean
from pulp_events_cli import paths
from pulp_events_cli.errors import DONE, CommandFailed
from pulp_events_cli.output.findings import FINDINGS
from pulp_events_cli.output.listing import show_list
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_records
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.table_options import add_table
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.plugins.plugin import Plugin


PLUGINS = Table(
    "plugins",
    Column("name", lambda plugin: plugin.name, rank=0),
    Column("version", lambda plugin: plugin.version, rank=4),
    Column("distribution", lambda plugin: plugin.distribution, rank=6, least=12),
    Column("notifier_types", lambda plugin: plugin.type_ids, "TYPES", rank=3, least=8),
    Column("hooks", lambda plugin: sorted(plugin.hooks), rank=7, least=16),
    Column("needs_api", lambda plugin: plugin.needs_api, rank=5),
    Column("state", lambda plugin: plugin.state, rank=1),
    Column("reason", lambda plugin: plugin.reason, rank=2, least=16, wraps=True),
)


def fill(parser: Parser, session: Session) -> None:
    """Add the commands."""
    parser.offer("check", "check whether a plugin follows the rules", _fill_check)
    parser.offer("list", "list installed plugins and their states", _fill_list)
    parser.offer("new", "create a package for a plugin of your own", _fill_new)
    parser.offer("show", "show a plugin in full", _fill_show)


def _fill_list(parser: Parser) -> None:
    add_table(parser, PLUGINS)
    parser.set_defaults(run=_list, deliver=None, only_reads=True)


def _fill_check(parser: Parser) -> None:
    _add_name(parser)
    add_table(parser, FINDINGS)
    parser.epilog = (
        "Checks what can be checked without delivering anything; the package's own tests, based on NotifierContract, "
        "check the rest. The exit code is 1 if there is a problem."
    )
    parser.set_defaults(run=_check, deliver=None, only_reads=True)


def _check(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events_cli.output.findings import show
    from pulp_events_cli.plugin_check import check as plugin_check

    return show(plugin_check.check(arguments.name, lambda: _named(arguments)), arguments)


def _fill_show(parser: Parser) -> None:
    _add_name(parser)
    parser.set_defaults(run=_show, deliver=None, only_reads=True)


def _fill_new(parser: Parser) -> None:
    from pulp_events_cli.scaffold.kinds import KINDS, NOTIFIER

    parser.add_argument(
        "name",
        metavar="NAME",
        help="name of the plugin, its notifier type or command: lower-case letters, digits and -",
    )
    parser.add_argument(
        "--kind", metavar="KIND", choices=tuple(KINDS), default=NOTIFIER.word,
        help=f"what the plugin is to be: {', '.join(KINDS)}; default: {NOTIFIER.word}",
    )  # fmt: skip
    parser.add_argument(
        "--directory", metavar="DIR", default=".", help="where to create its folder; default: the current folder"
    )
    parser.epilog = "The package is complete and its tests pass: `pip install -e '.[test]'` and `pytest` in its folder."
    parser.set_defaults(run=_new, deliver=None)


def _new(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events_cli.scaffold import names, package
    from pulp_events_cli.scaffold.kinds import KINDS

    kind = KINDS[arguments.kind]
    names.check(arguments.name, arguments.session.plugins)
    folder, written = package.write(arguments.name, kind, paths.named("--directory", arguments.directory))
    if arguments.json:
        print_json({"directory": str(folder.absolute()), "files": written})
        return DONE
    confirm(f"{folder} contains {package.contents(arguments.name, kind)} and its tests:")
    confirm("\n".join(f"  {path}" for path in written))
    confirm(f"\nNext:\n  cd {shlex.quote(str(folder))}\n  pip install -e '.[test]'\n  pytest")
    return DONE


def _list(bus: None, arguments: argparse.Namespace) -> int:
    found = arguments.session.plugins.all
    nothing = "no plugins are loaded because of --no-plugins" if arguments.session.options.no_plugins else _NONE
    return show_list(PLUGINS, None, found, arguments, _describe, nothing)


def _add_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="name of the plugin, as `plugin list` shows it")


def _show(bus: None, arguments: argparse.Namespace) -> int:
    plugin = _named(arguments)
    if arguments.json:
        print_json({**_describe(plugin), "config_schemas": _config_schemas(plugin, arguments.session)})
    else:
        show_records([{key: value for key, value in _describe(plugin).items() if value}])
    return DONE


def _config_schemas(plugin: Plugin, session: Session) -> dict[str, Any]:
    """Of each notifier that works; None for a schema that cannot be described."""
    from pulp_events import json_schema
    from pulp_events.schemas.fault import UnusableSchema

    found: dict[str, Any] = {}
    for type_id in plugin.type_ids:
        notifier = session.plugins.notifiers.get(type_id)
        if notifier is None:
            continue
        try:
            found[type_id] = json_schema(notifier, references=True)
        except UnusableSchema:
            found[type_id] = None
    return found


def _named(arguments: argparse.Namespace) -> Plugin:
    """The plugin that the command line names."""
    plugins: dict[str, Plugin] = {plugin.name: plugin for plugin in arguments.session.plugins.all}
    plugin = plugins.get(arguments.name)
    if plugin is None:
        known = ", ".join(plugins) or "none"
        raise CommandFailed(
            f"no plugin is named {arguments.name!r}{did_you_mean(arguments.name, plugins)}; installed: {known}"
        )
    return plugin


def _describe(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "module": plugin.entry_point.value if plugin.entry_point else "",
        "notifier_types": plugin.type_ids,
        "event_types": [event_type.name for event_type in plugin.event_types],
        "settings_sections": [section for section, _ in plugin.sections],
        "hooks": sorted(plugin.hooks),
        "needs_api": plugin.needs_api,
        "state": plugin.state,
        "reason": plugin.reason,
        "deprecations": list(plugin.deprecations),
    }


_NONE = "no plugin is installed; pulp-events-email, pulp-events-http and pulp-events-amqp each provide a notifier"
