"""The version of the plugin interface, and whether a plugin can live with it."""

from __future__ import annotations

from typing import Any

from pulp_events.errors import PluginError

API_VERSION = "1.0"
"""Major number: changed when plugins must change. Minor number: something was added."""

ATTRIBUTE = "pulp_events_api"
"""A plugin module may set this to the range it needs, in the form of PEP 440 specifiers: `>=1.0,<2`."""


def stated_range(module: Any) -> str:
    """The range of API versions that the plugin states; empty if it states none."""
    return str(getattr(module, ATTRIBUTE, "") or "")


def check(needs: str) -> None:
    """Raise PluginError unless API_VERSION lies in the range `needs`."""
    if not needs:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # only plugins that state a range pay for it

    try:
        fits = SpecifierSet(needs).contains(API_VERSION, prereleases=True)
    except InvalidSpecifier:
        raise PluginError(f"{ATTRIBUTE} = {needs!r} is not a version range; write for example '>=1.0,<2'") from None
    if not fits:
        raise PluginError(
            f"needs plugin API {needs}, and this pulp-events has {API_VERSION}; install releases that fit each other"
        )
