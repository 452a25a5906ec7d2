"""The version of the plugin interface, and whether a plugin can live with it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pulp_events.errors import PluginError
from pulp_events.system.deprecation_warning import PulpEventsDeprecationWarning as PulpEventsDeprecationWarning
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.plugins.plugin import Plugin

_logger = get_logger(__name__)

API_VERSION = "1.0"
"""Major number: changed when plugins must change. Minor number: something was added."""

ATTRIBUTE = "pulp_events_api"
"""A plugin module may set this to the range it needs, in the form of PEP 440 specifiers: `>=1.0,<2`."""


def stated_range(module: Any) -> str:
    """The range of API versions that the plugin states; empty if it states none."""
    return str(getattr(module, ATTRIBUTE, "") or "")


def check(needs: str) -> None:
    """Raise PluginError unless API_VERSION lies in the range `needs`."""
    if needs and not fits(API_VERSION, needs):
        raise PluginError(
            f"needs plugin API {needs}, but this pulp-events has {API_VERSION}; install matching releases"
        )


def fits(version: str, needs: str) -> bool:
    """True if `version` lies in the range `needs`, by PEP 440; PluginError where that is not a range."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # only for plugins that state one: 20 ms

    try:
        return SpecifierSet(needs).contains(version, prereleases=True)
    except InvalidSpecifier:
        raise PluginError(f"{ATTRIBUTE} = {needs!r} is not a version range; write for example '>=1.0,<2'") from None


@contextmanager
def noting_deprecations(plugin: Plugin) -> Iterator[None]:
    """Note which deprecated parts of the interface a plugin uses while it is loaded, and log them with its name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PulpEventsDeprecationWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, PulpEventsDeprecationWarning):
            plugin.deprecations = (*plugin.deprecations, str(warning.message))
            _logger.warning("plugin %s: %s", plugin.name, warning.message)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
