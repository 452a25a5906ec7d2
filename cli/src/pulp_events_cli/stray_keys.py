"""Keys of a stored configuration that its notifier type does not have, as after a change by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events.errors import EventsError, InvalidConfig
from pulp_events.listeners.notifier_config import validate
from pulp_events.notation.structure import offered
from pulp_events.notifier import Notifier


def stray_keys(notifier: Notifier, stored: Mapping[str, Any]) -> list[str]:
    """Those for which the configuration is refused: no option can set them, so that none could mend them.

    A schema that takes such keys, as one that still reads a former name, has none.
    """
    known = offered(notifier.config_schema())
    unknown = [key for key in stored if key not in known]
    if not unknown:
        return []
    try:
        validate(notifier, stored)
    except InvalidConfig as error:
        return [key for key in unknown if key in error.errors]
    except EventsError:  # a mistake of the plugin's
        return []
    return []
