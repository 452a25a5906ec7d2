"""`open_bus`: a bus on temporary data, with the plugins that a test gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulp_events import EventBus, Notifier, PluginError, Plugins
from pulp_events.bus.delivery_mode import Deliver
from pulp_events.system.clock import Clock

Conf = Mapping[str, Mapping[str, object]]
"""Sections of server.conf: name → key → value."""


def plugins_of(*given: Any) -> Plugins:
    """Only these plugins: modules, objects with hooks, or notifiers. Raises PluginError if one cannot be used."""
    plugins = Plugins()
    for each in given:
        name = each.type_id if isinstance(each, Notifier) else getattr(each, "__name__", type(each).__name__)
        if not plugins.add(name, each).hooks:
            raise PluginError(
                f"plugin {each!r:.60} has no hook marked with @hookimpl; give one that has, or a notifier"
            )
    return plugins


def write_conf(path: Path, conf: Conf) -> Path:
    """Make a server.conf with these sections."""
    sections = (
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        for section, values in conf.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(sections), "utf-8")
    return path


@contextmanager
def open_bus(
    folder: Path, *plugins: Any, conf: Conf | None = None, clock: Clock | None = None, deliver: Deliver = "inline"
) -> Iterator[EventBus]:
    """A bus with only these plugins; `emit` makes the deliveries before it returns, unless `deliver` says otherwise.

    `folder`: where server.conf and data are made. `conf`: sections beside `[events] data_dir`.
    """
    sections = dict(conf or {})
    sections["events"] = {"data_dir": folder / "data", "source": "test", **sections.get("events", {})}
    config = write_conf(folder / "server.conf", sections)
    with EventBus.open(config, deliver=deliver, plugins=plugins_of(*plugins), clock=clock) as bus:
        yield bus
