"""Where the repository's files are on the site: `docs/user-guide.md` → `user-guide.md`.

A document keeps its relative links, which lead to other documents, to files and to folders of the repository. On the
site, a document is a page; a file is a page that shows it; a folder is its README, or a page that lists its files.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {".png", ".svg"}
FRONT = "docs/index.md"

_NAMED = {
    "README.md": "index.md",  # what it says is for somebody who looks at the repository; the front page is for readers
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "LICENSE": "licence.md",
}
_FOLDERS = (
    ("docs/pictures/", "pictures/"),
    ("docs/", ""),
    ("plugins/pulpcore/docs/", "pulp-3/"),
    ("plugins/web/docs/", "packages/web/"),
    ("plugins/prometheus/docs/", "packages/prometheus/"),
    ("plugins/", "packages/"),
    ("core/", "packages/core/"),
    ("cli/", "packages/cli/"),
    ("receiver/", "packages/receiver/"),
    ("examples/", "examples/"),
)
"""The beginning of a path in the repository → on the site; the first that fits."""


def files_of_repository() -> list[str]:
    """Paths of what belongs to the repository, new files included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in set(listed) if (ROOT / path).is_file())


def documents(files: Iterable[str]) -> dict[str, str]:
    """Path of each document in the repository → its page."""
    found = {}
    for path in files:
        folders = path.split("/")
        ours = len(folders) == 1 or path.startswith(("docs/", "core/README", "cli/README", "receiver/README"))
        of_package = folders[0] == "plugins" and (folders[2:] == ["README.md"] or folders[2] == "docs")
        examples = folders[0] == "examples" and folders[-1] == "README.md"
        if path.endswith(".md") and (ours or of_package or examples) and path != "README.md":
            found[path] = page_of(path)
    return found


def page_of(path: str) -> str:
    """Where a file of the repository is on the site."""
    if path in _NAMED:
        return _NAMED[path]
    place = next((new + path.removeprefix(old) for old, new in _FOLDERS if path.startswith(old)), path)
    if PurePosixPath(place).suffix in PICTURES:
        return place
    if place.endswith("/README.md"):
        return place.removesuffix("/README.md") + ".md"
    return place if place.endswith(".md") else f"files/{path}.md"
