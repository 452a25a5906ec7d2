"""Masks on the command line: `--token=********`, copied from what `show` says, keeps the stored secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulp_events.errors import InvalidConfig
from pulp_events.frozen import thaw
from pulp_events.listeners.masks import has_mask, kept
from pulp_events.secrets import MASK, redact
from pulp_events_cli.listener_files.document import visible

if TYPE_CHECKING:
    from pulp_events.notifier import Notifier

_NOTHING_TO_KEEP = f"{MASK} stands for a secret, and there is no stored value to keep; give the secret itself"


def unmasked(notifier: Notifier, given: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that are given, with what is stored in the places of masks. `stored`: the record's; of a new one, none.

    Raises InvalidConfig for a mask with nothing to keep: as a secret it would replace one that nobody has any more.
    """
    schema, stored = notifier.config_schema(), thaw(stored)
    masked = {key: value for key, value in given.items() if has_mask(schema, key, value)}
    if not masked:
        return dict(given)
    found, lost = kept(masked, stored, visible(stored, redact(schema, stored)))
    if lost:
        parts = [(path[0], "".join(f".{each}" for each in path[1:]) + f": {_NOTHING_TO_KEEP}") for path in lost]
        text = "; ".join(f"{key}{said}" for key, said in parts)
        errors = {".".join(path): [_NOTHING_TO_KEEP] for path in lost}
        raise InvalidConfig(f"invalid {notifier.type_id} configuration: {text}", errors, parts)
    return {**given, **found}
