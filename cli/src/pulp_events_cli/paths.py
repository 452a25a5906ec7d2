"""Paths that a command line names: `~` in them is resolved, as the shell does it only at the beginning of a word."""

from __future__ import annotations

from pathlib import Path

from pulp_events_cli.errors import UsageError


def named(option: str, text: str) -> Path:
    """The path that an option or argument gives, as it is otherwise. Raises UsageError that names the option."""
    from pulp_events.errors import SettingsError
    from pulp_events.settings.paths import expand

    try:
        return expand(text)
    except SettingsError as error:
        raise UsageError(f"{option} {text!r}: {error}; write the path out") from None


def absolute(option: str, text: str) -> Path:
    """The same from the root on."""
    from pulp_events.errors import SettingsError
    from pulp_events.settings import paths

    try:
        return paths.absolute(text, place=option, remedy="write the path out in full")
    except SettingsError as error:
        raise UsageError(str(error)) from None
