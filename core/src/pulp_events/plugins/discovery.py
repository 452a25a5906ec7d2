"""Finds the entry points of the group `pulp_events` among the installed distributions.

`importlib.metadata` does the same in four times the time, most of it for importing `email` and `zipfile`, which is felt
in each start of `pulp-admin`. So the metadata folders on `sys.path` are read here; where distributions may lie
elsewhere (in a zip file, or behind a finder of somebody's own) the question goes to `importlib.metadata`.

What that is worth: 4 ms of CPU time in place of 49 in an environment of some hundred distributions
(`python -m benchmarks start_up`).
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
_EGG, _IN_EGG = ".egg", "egg-info"
_FILES = ("METADATA", "PKG-INFO", "entry_points.txt")


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
    """The entry points of `group`; of a distribution that is installed twice, those of the first on `sys.path`.

    A metadata folder without metadata, as a broken upgrade leaves it, is no distribution and hides none.
    """
    if _hidden_distributions():
        return list(_ask_importlib(group))
    return list(_scan(sys.path, group))


def metadata_folders(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Normalised name of the distribution and its metadata folder, in the order in which they count.

    As text: an object of pathlib for each of hundreds of names would take most of the time.
    """
    for path in dict.fromkeys(paths):
        folder = path or "."
        try:
            names = os.listdir(folder)  # noqa: PTH208
        except OSError:
            continue
        is_egg = Path(folder).suffix.lower() == _EGG
        for name in names:
            lower = name.lower()
            if lower.endswith(_METADATA):
                yield normalised(lower.rpartition(".")[0].partition("-")[0]), f"{folder}/{name}"
            elif is_egg and lower == _IN_EGG:
                egg = Path(folder).stem.lower()
                yield normalised(egg.partition("-")[0]), f"{folder}/{name}"


def has_metadata(folder: Path) -> bool:
    """False for the empty folder that is left where a distribution was."""
    return not folder.is_dir() or any((folder / name).exists() for name in _FILES)


def normalised(name: str) -> str:
    """The name of a distribution as it is compared: `Some.Chat-Room` → `some_chat_room`."""
    return name.lower().replace("-", "_").replace(".", "_")


def _ask_importlib(group: str) -> Iterator[EntryPoint]:
    import importlib.metadata

    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        points = distribution.entry_points
        texts = map(distribution.read_text, ("METADATA", "PKG-INFO", ""))
        name = normalised((distribution.metadata.get_all("Name") or [""])[0]) if any(texts) else ""
        if name not in seen and (name or points):
            seen.update({name} - {""})
            yield from points.select(group=group)


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
    seen: dict[str, str] = {}
    for name, folder in metadata_folders(paths):
        # ~ begins the names that pip gives to what it is about to delete.
        if not name[:1].isalnum() or (name in seen and has_metadata(Path(seen[name]))):
            continue
        seen[name] = folder
        yield from _read(folder, group)


def _read(folder: str, group: str) -> Iterator[FoundEntryPoint]:
    try:
        with open(f"{folder}/entry_points.txt", "rb", buffering=0) as file:  # noqa: PTH123
            found = file.read()
        if group.encode() not in found:  # as in most: they need not become text
            return
        text = found.decode()
    except (OSError, UnicodeDecodeError):
        return
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]")
        elif section == group and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if equals:
                yield FoundEntryPoint(name.strip(), value.strip(), Path(folder))
