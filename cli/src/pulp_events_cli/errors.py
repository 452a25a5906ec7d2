"""What ends a command other than success, and which exit code stands for it.

    0  done
    1  the operation failed: no such listener, a store that cannot be written, a delivery that is dead
    2  the command line is wrong: unknown command or option, bad value, missing option
    3  done, and what was looked for is there: a listener that uses a field (`types impact`), a listener that differs
       from its file (`listener apply --dry-run --exit-code`); and where not everything could be recovered (`recover`)

Errors of the framework are sorted into these by `exit_code`.
"""

from __future__ import annotations

from pulp_events.errors import EventsError, InvalidConfig, InvalidEvent, UnknownEventType, UnknownNotifierType

DONE = 0
FAILED = 1
USAGE = 2
FOUND = 3

_OF_THE_COMMAND_LINE = (InvalidConfig, InvalidEvent, UnknownEventType, UnknownNotifierType)


class UsageError(Exception):
    """The command line is wrong; the text says how and what would be right."""


class CommandFailed(Exception):
    """The command was understood, and could not be carried out."""


def exit_code(error: Exception) -> int:
    """The exit code that stands for this error."""
    if isinstance(error, UsageError) or (isinstance(error, EventsError) and isinstance(error, _OF_THE_COMMAND_LINE)):
        return USAGE
    return FAILED
