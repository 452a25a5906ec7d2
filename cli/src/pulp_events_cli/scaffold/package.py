"""Writes the package: all of it, or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template

from pulp_events_cli.errors import CommandFailed
from pulp_events_cli.release_range import release_range
from pulp_events_cli.scaffold import names
from pulp_events_cli.scaffold.kinds import Kind


def write(name: str, kind: Kind, directory: Path) -> tuple[Path, list[str]]:
    """Make the package of the plugin `name` in a new folder below `directory`.

    Returns the folder and the paths in it. Raises CommandFailed if the folder is there already and not empty, OSError
    if it cannot be written; then nothing is left behind.
    """
    target = directory / names.distribution(name)
    if not directory.is_dir():
        raise CommandFailed(f"{directory} is not a folder; create it first, or name another with --directory")
    _refuse_existing(target)
    texts = render(name, kind)
    # Beside the target, so that the rename at the end stays on one file system.
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=directory))
    try:
        for path, text in texts.items():
            file = draft / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        draft.chmod(0o777 & ~_umask())
        _rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target, list(texts)


def render(name: str, kind: Kind) -> dict[str, str]:
    """Path in the package of the plugin `name` → the text of that file."""
    values = {
        "name": name,
        "distribution": names.distribution(name),
        "module": names.module(name),
        "prefix": names.class_prefix(name),
        "core_range": release_range("pulp-events"),
        "cli_range": release_range("pulp-events-cli"),
    }

    def filled(text: str) -> str:
        return Template(text).substitute(values)

    requires = "".join(f'    "{filled(each)}",\n' for each in ("pulp-events$core_range", *kind.requires))
    values |= {"description": filled(kind.description), "entry": filled(kind.entry), "requires": requires}
    templates = files("pulp_events_cli") / "scaffold" / "templates"
    return {
        filled(path): filled((templates / f"{template}.template").read_text("utf-8"))
        for path, template in kind.files.items()
    }


def contents(name: str, kind: Kind) -> str:
    """What its package contains, in words."""
    return Template(kind.contains).substitute(name=name)


def _refuse_existing(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise CommandFailed(
            f"{target} already exists, so nothing was written; remove it, or name another folder with --directory"
        )


def _rename(draft: Path, target: Path) -> None:
    # POSIX: a folder takes the place of an empty one only, so what somebody made meanwhile is safe.
    try:
        draft.rename(target)
    except OSError:
        _refuse_existing(target)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
