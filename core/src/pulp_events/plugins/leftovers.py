"""Metadata folders that hide a plugin, or belong to one that is gone: what an upgrade or a broken install leaves.

Looked for when something is wrong, never at an ordinary start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pulp_events.hookspecs import PROJECT
from pulp_events.plugins.discovery import has_metadata, metadata_folders, normalised


@dataclass(frozen=True)
class Leftover:
    """A metadata folder that is not as it should be."""

    folder: Path
    distribution: str
    """Normalised name, as in `some_chat_room`."""
    text: str
    """What is wrong, and what to do."""


def leftovers(known: Iterable[str] = ()) -> Iterator[Leftover]:
    """Those that concern plugins: of the distributions `known`, and of any that has entry points of ours."""
    wanted = {normalised(name) for name in known}
    found: dict[str, list[Path]] = {}
    for name, place in metadata_folders(sys.path):
        found.setdefault(name, []).append(Path(place))
    for name, folders in found.items():
        real = [folder for folder in folders if has_metadata(folder)]
        ours = [folder for folder in folders if _is_ours(folder)]
        if name not in wanted and not ours:
            continue
        package = name.lstrip("~").replace("_", "-")
        if not name[0].isalnum():
            text = f"was left behind by an interrupted install; delete it, then pip install --force-reinstall {package}"
            yield from (Leftover(folder, name, text) for folder in folders)
            continue
        for folder in folders:
            if folder not in real:
                more = "" if real else f", then pip install --force-reinstall {package}"
                yield Leftover(folder, name, f"is an empty leftover; delete it{more}")
            elif (reason := _unreadable(folder)) is not None:
                yield Leftover(
                    folder,
                    name,
                    f"has an entry_points.txt that cannot be read ({reason}); pip install --force-reinstall {package}",
                )
        same = [folder for folder in real if folder.parent == real[0].parent]
        if len(same) > 1:
            others = ", ".join(folder.name for folder in same[1:])
            yield Leftover(
                same[0], name, f"is the one in use, but {others} exists too; delete what is no longer installed"
            )


def _is_ours(folder: Path) -> bool:
    try:
        return PROJECT.encode() in (folder / "entry_points.txt").read_bytes()
    except OSError:
        return "pulp_events" in folder.name.lower().replace("-", "_")


def _unreadable(folder: Path) -> str | None:
    path = folder / "entry_points.txt"
    try:
        if os.path.lexists(path):
            path.read_text("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8 text"
    except OSError as error:
        return error.strerror
    return None
