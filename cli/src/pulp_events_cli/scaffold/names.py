"""Whether a new plugin can have the name that somebody wants, and the names that follow from it."""

from __future__ import annotations

import re
from importlib.util import find_spec

from pulp_events.plugins.registry import FIRST_PARTY, Plugins
from pulp_events.plugins.validation import RESERVED_TYPE_IDS
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events_cli.commands import GROUPS
from pulp_events_cli.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40


def check(name: str, plugins: Plugins) -> None:
    """Raise UsageError unless `name` can be that of a plugin: a notifier type, a command, a section of server.conf, and
    part of a package's name."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r:.60} cannot be the name of a plugin; use lower-case letters and digits, starting with a "
            "letter, and single - between words, such as team-chat"
        )
    if len(name) > _LONGEST:
        raise UsageError(f"the name has {len(name)} characters; use at most {_LONGEST}")
    if reason := _taken(name, plugins):
        raise UsageError(f"{name!r} {reason}; choose another name")


def _taken(name: str, plugins: Plugins) -> str:
    """What has the name already; empty if nothing has."""
    if name in RESERVED_TYPE_IDS:
        return f"is a command, `pulp-admin event listener {name}`"
    if name in {group for group, *_ in GROUPS}:
        return f"is a command, `pulp-admin event {name}`"
    if name in FIRST_PARTY:
        return f"is already a notifier type, of {FIRST_PARTY[name]}"
    for plugin in plugins.all:
        if name == plugin.name or name in plugin.type_ids:
            return f"is already taken by the installed plugin {plugin.name} ({plugin.distribution or 'no package'})"
    if name in CORE_SECTIONS or name in plugins.settings_sections:
        return f"is already a section of server.conf, [{name}]"
    if find_spec(module(name)) is not None:
        return f"is already taken by the installed package {module(name)}"
    return ""


def distribution(name: str) -> str:
    """Name of the distribution, and of its folder."""
    return f"pulp-events-{name}"


def module(name: str) -> str:
    """Name of the import package."""
    return f"pulp_events_{name.replace('-', '_')}"


def class_prefix(name: str) -> str:
    """What the names of its classes begin with: `team-chat` → `TeamChat`."""
    return "".join(word.capitalize() for word in name.split("-"))
