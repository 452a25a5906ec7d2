"""Keeps a release itself, small enough for the repository: to run beside a later one, and to compare its API with.

    .venv/bin/python tests/upgrades/keep_release.py NAME                    # the sources as they are here
    .venv/bin/python tests/upgrades/keep_release.py NAME --commit COMMIT

Writes `releases/NAME.tar.xz`: what a worker needs, as it is installed; and `api/NAME.tar.xz`: of all distributions the
names, arguments and annotations, without what functions do.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from release_name import release_name

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OF_A_WORKER = ("core", "plugins/http", "plugins/postgres")
LEFT_OUT = ("testing", "__pycache__")


def sources_of(commit: str | None, work: Path) -> Path:
    """The folder with the sources: those of a commit, else copies of those that git knows here."""
    listed = ["git", "ls-tree", "-r", "--name-only", commit] if commit else ["git", "ls-files"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    archive = ["git", "archive", commit] if commit else ["tar", "-c", *filter(None, names)]
    content = subprocess.run(archive, cwd=ROOT, check=True, capture_output=True).stdout
    sources = work / "sources"
    sources.mkdir()
    subprocess.run(["tar", "-x", "-C", sources], input=content, check=True)
    return sources


def keep_worker(sources: Path, work: Path, target: Path) -> None:
    """What `pip install` makes of the packages of a worker, without their dependencies."""
    installed = work / "installed"
    packages = [str(sources / each) for each in OF_A_WORKER]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", str(installed)]
    subprocess.run([*pip, *packages], check=True)
    found = (path for path in sorted(installed.rglob("*")) if path.is_file() and not set(path.parts) & {*LEFT_OUT})
    _write(target, ((path.relative_to(installed), path.read_bytes()) for path in found))


def keep_api(sources: Path, target: Path) -> None:
    """The modules of all distributions, reduced to their API."""
    folders = [sources / "core/src", sources / "cli/src", sources / "receiver/src", *sources.glob("plugins/*/src")]
    found = (
        (path.relative_to(folder), reduced(path.read_text("utf-8")).encode())
        for folder in sorted(folders)
        for path in sorted(folder.rglob("*.py*"))
        if path.suffix in (".py", ".pyi") and not set(path.parts) & {"templates", "migrations"}
    )
    _write(target, found)


def reduced(source: str) -> str:
    """A module without docstrings, and without what its functions do."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Expr(ast.Constant(...))]
        elif isinstance(node, ast.Module | ast.ClassDef):
            node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
    return ast.unparse(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _write(target: Path, files: Iterable[tuple[Path, bytes]]) -> None:
    target.parent.mkdir(exist_ok=True)
    with tarfile.open(target, "w:xz") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(str(name))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", type=release_name, help="that of the release, such as 1.0.0")
    parser.add_argument("--commit", help="a commit of this repository; default: the sources as they are here")
    parser.add_argument("--worker-only", action="store_true", help="not its API")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pulp-release-") as temporary:
        work = Path(temporary)
        sources = sources_of(given.commit, work)
        keep_worker(sources, work, HERE / "releases" / f"{given.name}.tar.xz")
        kept = [f"releases/{given.name}.tar.xz"]
        if not given.worker_only:
            keep_api(sources, HERE / "api" / f"{given.name}.tar.xz")
            kept.append(f"api/{given.name}.tar.xz")
    print(f"kept in tests/upgrades: {', '.join(kept)}")


if __name__ == "__main__":
    main()
