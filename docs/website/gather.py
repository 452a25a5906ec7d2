"""Writes the site's pages as Markdown, from which Sphinx makes HTML: documents, files that they link to, commands, API.

python docs/website/gather.py FOLDER
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import api_pages
import command_pages
import links
import places
import sections
import shown_files


def gather(folder: Path) -> int:
    """Write all pages into the folder, which is made anew; returns how many there are."""
    shutil.rmtree(folder, ignore_errors=True)
    files = places.files_of_repository()
    pages = sections.pages(_documents(files), {**command_pages.pages(), **api_pages.pages()})
    for name, text in pages.items():
        _write(folder / name, text)
    for path in files:
        if Path(path).suffix in places.PICTURES:
            _copy(path, folder / places.page_of(path))
    return len(pages)


def _documents(files: list[str]) -> dict[str, str]:
    documents = places.documents(files)
    linked: set[str] = set()
    texts = {path: (places.ROOT / path).read_text("utf-8") for path in documents}
    for path, text in texts.items():
        linked.update(links.targets(path, text))
    shown = shown_files.pages(linked - {"README.md"} - set(documents), files)
    known = {**documents, "README.md": "index.md", **{path: page for path, (page, _) in shown.items()}}

    def page_of(path: str) -> str:
        return known.get(path) or known.get(f"{path}/README.md") or places.page_of(path)

    pages = {documents[path]: links.rewritten(path, text, documents[path], page_of) for path, text in texts.items()}
    return pages | dict(shown.values())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _copy(path: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(places.ROOT / path, target)


if __name__ == "__main__":
    sys.stdout.write(f"{gather(Path(sys.argv[1]))} pages\n")
