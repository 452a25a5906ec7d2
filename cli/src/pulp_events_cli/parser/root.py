"""The root of the command line: `pulp-admin`, `event`, and the groups below it."""

from __future__ import annotations

import importlib

from pulp_events.system import guard
from pulp_events.visible import one_line
from pulp_events_cli.commands import GROUPS
from pulp_events_cli.global_options import HELP, METAVARS
from pulp_events_cli.parser.parser import PLUGINS, Fill, Parser
from pulp_events_cli.session import Session


def build(session: Session) -> Parser:
    """The parser of `pulp-admin`; what lies below is built as far as the words lead."""
    root = Parser(prog="pulp-admin", description="administer a Pulp server")
    root.offer("event", "manage events: listeners, deliveries, plugins", _events(session))
    root.offer("completion", "let the shell complete command lines", _completion)
    root.fill_later(_fill_global_options)
    return root


def _completion(parser: Parser) -> None:
    from pulp_events_cli.commands import completion

    completion.fill(parser)


def _events(session: Session) -> Fill:
    def fill(parser: Parser) -> None:
        for name, summary, module in GROUPS:
            parser.offer(name, summary, _group(module, session))
        parser.fill_later(lambda parser: _fill_plugins_commands(parser, session))

    return fill


def _group(module: str, session: Session) -> Fill:
    def fill(parser: Parser) -> None:
        importlib.import_module(module).fill(parser, session)

    return fill


def _fill_plugins_commands(parser: Parser, session: Session) -> None:
    own = set(parser.section().choices)
    for plugin, add_commands in session.plugins.hooks("pulp_admin_commands"):
        try:
            with guard.loading(plugin.name):
                add_commands(commands=parser.section())
        except Exception as error:  # noqa: BLE001  # a plugin may raise anything, the others still work
            reason = one_line(f"{type(error).__name__}: {error}")
            from pulp_events.system.logs import get_logger

            _logger = get_logger(__name__)
            _logger.warning("plugin %s: some of its commands are missing: %s", plugin.name, reason)
            _logger.debug("plugin %s failed here", plugin.name, exc_info=error)
    for name, command in parser.section().choices.items():
        if name not in own and isinstance(command, Parser):
            command.group = PLUGINS


def _fill_global_options(parser: Parser) -> None:
    group = parser.add_argument_group("Global Arguments")
    for option, text in HELP.items():
        # They were taken out of the command line before; these are for help texts and manual pages.
        if option in METAVARS:
            group.add_argument(option, metavar=METAVARS[option], help=text)
        else:
            group.add_argument(option, action="store_true", help=text)
