"""Writes the package: all of it, or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

from pulp_events_cli.errors import CommandFailed
from pulp_events_cli.scaffold import names

FILES = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    ".gitignore": "gitignore",
    ".github/workflows/tests.yml": "tests.yml",
    "src/$module/__init__.py": "__init__.py",
    "src/$module/channel.py": "channel.py",
    "src/$module/config.py": "config.py",
    "src/$module/notifier.py": "notifier.py",
    "src/$module/py.typed": "py.typed",
    "tests/test_contract.py": "test_contract.py",
}
"""Path in the package → its template, in `templates/` with `.template` after its name. Both are `string.Template`s."""


def write(name: str, directory: Path) -> tuple[Path, list[str]]:
    """Make the package of the notifier type `name` in a new folder below `directory`.

    Returns the folder and the paths in it. Raises CommandFailed if the folder is there already and not empty, OSError
    if it cannot be written; then nothing is left behind.
    """
    target = directory / names.distribution(name)
    if not directory.is_dir():
        raise CommandFailed(f"{directory} is not a folder; create it first, or name another with --directory")
    _refuse_existing(target)
    texts = _render(name)
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


def _render(name: str) -> dict[str, str]:
    values = {
        "name": name,
        "distribution": names.distribution(name),
        "module": names.module(name),
        "prefix": names.class_prefix(name),
        "core_range": _range("pulp-events"),
        "cli_range": _range("pulp-events-cli"),
    }
    templates = files("pulp_events_cli") / "scaffold" / "templates"
    texts = {}
    for path, template in FILES.items():
        text = (templates / f"{template}.template").read_text("utf-8")
        texts[Template(path).substitute(values)] = Template(text).substitute(values)
    return texts


def _range(distribution: str) -> str:
    """The releases that will do for what is written against the installed one: those with its major number.

    While the major number is 0, the minor one stands in for it.
    """
    major, minor = map(int, version(distribution).split(".")[:2])
    return f">={major}.{minor},<{f'0.{minor + 1}' if major == 0 else major + 1}"


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
