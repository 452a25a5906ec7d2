"""The hooks: a section of server.conf, a command, an option of the worker, and counting what is emitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pulp_events import hookimpl

if TYPE_CHECKING:
    from pathlib import Path

    from marshmallow import Schema

    from pulp_events.settings.settings import Settings
    from pulp_events_prometheus.emitted import Counting

_counting: dict[tuple[Path, int], Counting] = {}
_of_settings: tuple[Settings, Counting | None] | None = None
"""The last that was asked for: an application has one."""


@hookimpl
def pulp_settings_sections() -> Mapping[str, type[Schema]]:
    """`[prometheus]`."""
    from pulp_events_prometheus.settings import PrometheusSettings

    return {"prometheus": PrometheusSettings}


@hookimpl
def pulp_admin_commands(commands: Any) -> None:
    """`event metrics`."""
    from pulp_events_prometheus.commands import add

    add(commands)


@hookimpl
def pulp_admin_options(command: str, parser: Any) -> Callable[[Any], AbstractContextManager[None]] | None:
    """`event worker --metrics`."""
    if command != "worker":
        return None
    from pulp_events_prometheus.commands import add_to_worker, beside_worker

    add_to_worker(parser)
    return beside_worker


@hookimpl
def pulp_events_counted(event_types: Mapping[str, int], settings: Settings) -> None:
    """Adds to what this process emitted."""
    global _of_settings  # noqa: PLW0603  # looking it up anew would be most of what this costs
    known = _of_settings
    if known is None or known[0] is not settings:
        known = _of_settings = (settings, _counting_of(settings))
    if known[1] is not None:
        known[1].add(event_types)


def _counting_of(settings: Settings) -> Counting | None:
    from pulp_events_prometheus.emitted import Counting

    ours = settings.section("prometheus")
    if not ours or not ours["count_emitted"]:
        return None
    key = (settings.data_dir, int(ours["event_types"]))
    return _counting.setdefault(key, Counting(*key))
