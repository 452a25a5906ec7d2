"""Options that plugins add to a command (`pulp_admin_options`), and what they do around it."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from pulp_events.errors import EventsError
from pulp_events.system import guard
from pulp_events.system.logs import get_logger
from pulp_events.visible import one_line
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

GROUP = "Arguments of Plugins"

_logger = get_logger(__name__)

_Around = Callable[[argparse.Namespace], AbstractContextManager[object]]


def add(command: str, parser: Parser, session: Session) -> None:
    """Let each plugin add its options. One that raises is left out, with a warning; the others still work."""
    before = {*parser.option_strings()}
    around: list[_Around] = []
    for plugin, add_options in session.plugins.hooks("pulp_admin_options"):
        try:
            with guard.loading(plugin.name):
                found = add_options(command=command, parser=parser)
            if found is not None and not callable(found):
                raise TypeError(f"pulp_admin_options returned {type(found).__name__}, expected a function or None")
        except Exception as error:  # noqa: BLE001  # a plugin may raise anything
            reason = one_line(f"{type(error).__name__}: {error}")
            _logger.warning("plugin %s: its options of `%s` are missing: %s", plugin.name, command, reason)
        else:
            around += [] if found is None else [found]
    added = [each for each in parser._actions if each.option_strings and not before & {*each.option_strings}]
    parser.set_defaults(of_plugins=added, around_of_plugins=around)


class Beside:
    """What plugins do beside a command, as whoever runs that command sees it."""

    def __init__(self) -> None:
        self._told: list[Callable[[], object]] = []
        self._telling = threading.Lock()

    def on_reload(self, call: Callable[[], object]) -> None:
        """Have it called when settings are read again: `arguments.on_reload` of plugins."""
        self._told.append(call)

    def reload(self) -> None:
        """Settings were read again. Returns at once: what plugins do then may take long."""
        if self._told:
            threading.Thread(target=self._tell, name="pulp-events-reload", daemon=True).start()

    def _tell(self) -> None:
        with self._telling:
            for call in self._told:
                try:
                    with guard.exits():
                        call()
                except EventsError as error:
                    _logger.error("what a plugin does beside this command keeps its settings: %s", error)
                except Exception:  # of a plugin
                    _logger.exception("what a plugin does beside this command may keep its settings")


@contextmanager
def around(arguments: argparse.Namespace) -> Iterator[Beside]:
    """While the command works: what plugins do beside it."""
    beside = Beside()
    arguments.on_reload = beside.on_reload
    with ExitStack() as stack:
        for each in arguments.around_of_plugins:
            stack.enter_context(each(arguments))
        yield beside


def given(arguments: argparse.Namespace) -> Sequence[str]:
    """The options of plugins that differ from their defaults, as words of a command line."""
    words: list[str] = []
    for action in arguments.of_plugins:
        value = getattr(arguments, action.dest)
        if value == action.default:
            continue
        if action.nargs == 0:
            words.append(action.option_strings[-1])
        else:
            values = value if isinstance(value, list | tuple) else [value]
            words += [word for one in values for word in (action.option_strings[-1], str(one))]
    return words
