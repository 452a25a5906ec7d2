"""`pulp-admin event listener`: commands on listeners, and a section for each notifier type."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from pulp_events_cli.parser.parser import OTHER_COMMANDS, Fill, Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.notifier import Notifier


def fill(parser: Parser, session: Session) -> None:
    """Add the commands of ours; the sections of the notifier types come when they are needed."""
    parser.usage_name = "pulp-admin listener"  # as the user guide has it
    one, files, mute = "one_listener", "listener_files", "listener_mute"
    for name, summary, module, what in (
        ("delete", "delete an event listener", one, "fill_delete"),
        ("list", "list all of the event listeners in the system", "listener_list", "fill"),
        ("show", "show an event listener in full", one, "fill_show"),
        ("test", "send a test event to a listener now", "listener_test", "fill"),
    ):
        parser.offer(name, summary, _later(module, what))
    # Longer than `delete`, or before it: among the others they would change what the user guide shows.
    for name, summary, module, what in (
        ("apply", "make listeners match a file", files, "fill_apply"),
        ("author", "say who made a listener, and whether they are trusted", "listener_author", "fill"),
        ("backfill", "give a listener stored events that it did not get", "listener_backfill", "fill"),
        ("disable", "stop deliveries to a listener until it is enabled again", one, "fill_disable"),
        ("enable", "resume deliveries to a disabled listener", one, "fill_enable"),
        ("explain", "explain which listeners would get an event", "listener_explain", "fill"),
        ("export", "write listeners to a file", files, "fill_export"),
        ("history", "show who changed which listener, and how", "listener_history", "fill"),
        ("mute", "pause deliveries to a listener for a while", mute, "fill_mute"),
        ("unmute", "end a mute early", mute, "fill_unmute"),
    ):
        parser.offer(name, summary, _later(module, what), group=OTHER_COMMANDS)
    parser.offer(
        "backtest",
        "compare what a listener would be sent with its deliveries",
        _backtest(session),
        group=OTHER_COMMANDS,
    )
    parser.fill_later(lambda parser: _fill_types(parser, session))
    parser.explain_unknown = lambda word, hint: _explain_unknown(word, hint, session)


def _later(module: str, name: str = "fill") -> Fill:
    """What fills the parser of a command that has a module of its own, imported when the command is used."""

    def fill(parser: Parser) -> None:
        getattr(importlib.import_module(f"pulp_events_cli.commands.{module}"), name)(parser)

    return fill


def _backtest(session: Session) -> Fill:
    def fill(parser: Parser) -> None:
        from pulp_events_cli.commands import listener_backtest

        listener_backtest.fill(parser, session)

    return fill


def _fill_types(parser: Parser, session: Session) -> None:
    for notifier in session.plugins.notifiers.values():
        parser.offer(notifier.type_id, f"manage {notifier.type_id} listeners", _type_section(notifier, session))
    if not session.plugins.notifiers:
        parser.epilog = _no_notifier(session)


def _type_section(notifier: Notifier, session: Session) -> Fill:
    def fill(parser: Parser) -> None:
        from pulp_events_cli.commands import listener_type

        listener_type.fill(parser, notifier, session)

    return fill


def _no_notifier(session: Session) -> str:
    from pulp_events.plugins.registry import FIRST_PARTY

    if session.options.no_plugins:
        return "No notifier types are loaded because of --no-plugins."
    packages = ", ".join(f"`pip install {package}` ({type_id})" for type_id, package in FIRST_PARTY.items())
    return (
        f"No notifier is installed, so no listener can be created. Install one with {packages}. "
        "`pulp-admin event plugin list` shows plugins that could not be loaded."
    )


def _explain_unknown(word: str, hint: str, session: Session) -> str:
    from pulp_events.plugins.registry import FIRST_PARTY, FUNCTION

    if word == FUNCTION:
        return "listeners of type 'function' are made by their application, with @bus.on(…), and by no command"
    for plugin in session.plugins.all:
        if plugin.name == word:
            return f"plugin {word} provides no notifier type {word!r}: {plugin.reason or 'it provides others'}"
    if word in FIRST_PARTY:
        off = "it was not loaded because of --no-plugins" if session.options.no_plugins else ""
        return f"unknown notifier type {word!r}; {off or f'install it with `pip install {FIRST_PARTY[word]}`'}"
    installed = ", ".join(session.plugins.notifiers) or "none"
    return f"unknown notifier type or command {word!r:.60}{hint}; notifier types: {installed}"
