"""Pages that show a file of the repository, or list those of a folder, for the documents that link to them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import PurePosixPath

import places

LANGUAGES = {
    ".py": "python", ".toml": "toml", ".yml": "yaml", ".json": "json", ".conf": "text", ".service": "ini",
    ".j2": "text", ".md": "markdown", ".sh": "sh",
}  # fmt: skip
HEAD = "---\norphan: true\n---\n"
"""Such a page is found by what links to it, not in the contents."""


def pages(linked: Iterable[str], files: list[str]) -> dict[str, tuple[str, str]]:
    """Path in the repository → name and text of its page, for each file and folder that is linked to."""
    found: dict[str, tuple[str, str]] = {}
    for path in linked:
        inside = [each for each in files if each.startswith(f"{path}/")]
        if _is_picture(path):
            continue
        if path in files:
            found[path] = _file(path)
        elif f"{path}/README.md" not in files and inside:
            found[path] = _folder(path, inside)
            found |= {each: _file(each) for each in inside if not _is_picture(each)}
    return found


def _is_picture(path: str) -> bool:
    return PurePosixPath(path).suffix in places.PICTURES


def _file(path: str) -> tuple[str, str]:
    text = (places.ROOT / path).read_text("utf-8")
    language = LANGUAGES.get(PurePosixPath(path).suffix, "text")
    fence = "`" * 4
    return places.page_of(path), f"{HEAD}# {PurePosixPath(path).name}\n\n`{path}`\n\n{fence}{language}\n{text}{fence}\n"


def _folder(path: str, inside: list[str]) -> tuple[str, str]:
    page = f"files/{path}/index.md"
    rows = []
    for each in inside:
        there = posixpath.relpath(places.page_of(each), posixpath.dirname(page))
        name = each.removeprefix(f"{path}/")
        rows.append(f"## {name}\n\n![{name}]({there})\n" if _is_picture(each) else f"- [{name}]({there})")
    return page, f"{HEAD}# {path}\n\n" + "\n".join(rows) + "\n"
