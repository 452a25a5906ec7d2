"""Finds the entry points of the group `pulp_events` among the installed distributions.

`importlib.metadata` does the same in four times the time, most of it for importing `email` and `zipfile`, which is felt
in each start of `pulp-admin`. So the metadata folders on `sys.path` are read here; where distributions may lie
elsewhere (in a zip file, or behind a finder of somebody's own) the question goes to `importlib.metadata`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import importlib.metadata
    from importlib.metadata import Distribution

EntryPoint: TypeAlias = "importlib.metadata.EntryPoint | FoundEntryPoint"

_METADATA = (".dist-info", ".egg-info")


class FoundEntryPoint:
    """An entry point read from a metadata folder; it is used as an `importlib.metadata.EntryPoint` is."""

    def __init__(self, name: str, value: str, folder: Path) -> None:
        self.name = name
        self.value = value
        self.folder = folder

    def __repr__(self) -> str:
        return f"FoundEntryPoint({self.name!r}, {self.value!r}, {str(self.folder)!r})"

    @cached_property
    def dist(self) -> Distribution:
        """The distribution that brings it."""
        from importlib.metadata import Distribution

        return Distribution.at(self.folder)

    def load(self) -> Any:
        """Import the module and return what `value` names."""
        module, _, attributes = self.value.partition("[")[0].partition(":")
        found: Any = import_module(module.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            found = getattr(found, attribute)
        return found


def entry_points(group: str) -> list[EntryPoint]:
    """The entry points of `group`; of a distribution that is installed twice, those of the first on `sys.path`."""
    if _hidden_distributions():
        import importlib.metadata

        return list(importlib.metadata.entry_points(group=group))
    return list(_scan(sys.path, group))


def _hidden_distributions() -> bool:
    """True if a distribution may lie elsewhere than in a folder on `sys.path`."""
    if any(_finds_distributions(finder) for finder in sys.meta_path):
        return True
    # The interpreter names its own library's zip file, which is rarely there.
    return any(path and not os.path.isdir(path) and os.path.exists(path) for path in sys.path)  # noqa: PTH110, PTH112


def _finds_distributions(finder: Any) -> bool:
    own = getattr(finder, "__module__", "") == "_frozen_importlib_external"
    return not own and hasattr(finder, "find_distributions")


def _scan(paths: Iterable[str], group: str) -> Iterator[FoundEntryPoint]:
    seen: set[str] = set()
    for path in dict.fromkeys(paths):
        folder = Path(path or ".")
        try:
            names = os.listdir(folder)  # noqa: PTH208  # pathlib makes an object for each of hundreds of names
        except OSError:
            continue
        for name in names:
            if not name.endswith(_METADATA):
                continue
            distribution = name.rpartition(".")[0].partition("-")[0].lower().replace("-", "_").replace(".", "_")
            if distribution not in seen:
                seen.add(distribution)
                yield from _read(folder / name, group)


def _read(folder: Path, group: str) -> Iterator[FoundEntryPoint]:
    try:
        text = (folder / "entry_points.txt").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    if group not in text:
        return
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]")
        elif section == group and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if equals:
                yield FoundEntryPoint(name.strip(), value.strip(), folder)
