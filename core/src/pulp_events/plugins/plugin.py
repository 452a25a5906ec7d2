"""`Plugin`: one entry point of the group `pulp_events` and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marshmallow import Schema

    from pulp_events.events.event_type import EventType
    from pulp_events.notifier import Notifier
    from pulp_events.plugins.discovery import EntryPoint

LOADED = "loaded"
BLOCKED = "blocked"
FAILED = "failed"


class Plugin:
    """State of one plugin: `loaded`, `blocked` (by PULP_EVENTS_BLOCK) or `failed`, then with a reason."""

    def __init__(self, name: str, entry_point: EntryPoint | None = None, state: str = LOADED, reason: str = "") -> None:
        self.name = name
        self.entry_point = entry_point
        self.state = state
        self.reason = reason
        self.seconds: float = 0.0
        """How long loading it took, with what it imported first."""
        self.needs_api: str = ""
        """The range of API versions that the plugin states, if any."""
        self.deprecations: Sequence[str] = ()
        """What the plugin uses that a later release will not have."""
        self.notifiers: Sequence[Notifier] = ()
        self.event_types: Sequence[EventType] = ()
        self.own_sections: Mapping[str, type[Schema]] = {}
        """What `pulp_settings_sections` returned."""
        self.data_files: Mapping[str, str] = {}
        """What `pulp_data_files` returned."""
        self.hooks: Mapping[str, Callable[..., Any]] = {}
        """Implemented hooks; each callable takes the hook's arguments by keyword."""

    @property
    def sections(self) -> Iterator[tuple[str, type[Schema]]]:
        """Sections of server.conf with their schemas: those of its notifiers, and those of the plugin itself."""
        for notifier in self.notifiers:
            if notifier.settings_section is not None and notifier.settings_schema is not None:
                yield notifier.settings_section, notifier.settings_schema
        yield from self.own_sections.items()

    @property
    def type_ids(self) -> list[str]:
        """Notifier types that the plugin brings."""
        return [notifier.type_id for notifier in self.notifiers]

    @cached_property
    def distribution(self) -> str:
        """Name of the installed package, empty for a plugin that none brought."""
        return self._metadata("Name")

    @cached_property
    def version(self) -> str:
        """Version of the installed package, empty for a plugin that none brought."""
        return self._metadata("Version")

    def _metadata(self, key: str) -> str:
        try:
            found = self.entry_point and self.entry_point.dist
            return str((found.metadata.get_all(key) or [""])[0]) if found else ""
        except Exception:  # noqa: BLE001  # metadata that cannot be read must not end a list of plugins
            return ""
