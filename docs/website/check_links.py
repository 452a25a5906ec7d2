"""Checks a built site: each link within it leads somewhere, no page fetches anything from elsewhere, and no page shows
a mark that is for Sphinx, such as `:meta private:`, as text.

    python docs/website/check_links.py build/site

Links to other sites are checked for form only: nothing is sent.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data", "use": "href"}
"""Elements whose content a browser fetches by itself, and the attribute that names it; `link` is another."""
NOT_FETCHED = {"next", "prev", "index", "search", "author", "copyright", "canonical", "top", "up"}
"""Kinds of `link` that only name another page."""
LINKED = {"a": "href", "area": "href", "form": "action"}
IN_STYLES = re.compile(r"""(?:url\(\s*|@import\s+)['"]?(?P<target>(?:https?:)?//[^'")\s]+)""")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.I)
MARK = re.compile(r"(?<!\w):meta \w+:")
MAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass
class Page(HTMLParser):
    """What a page links to and fetches, the places on it that can be linked to, and the marks that it shows."""

    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    marks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if target := given.get(LINKED.get(tag, "")):
            self.links.append(target)
        if target := given.get(FETCHED.get(tag, "")):
            self.fetched.append(target)
        if tag == "link" and "href" in given:
            kinds = set(given.get("rel", "").split())
            (self.links if kinds & NOT_FETCHED else self.fetched).append(given["href"])

    def handle_data(self, data: str) -> None:
        """Called by the parser."""
        self.marks += MARK.findall(data)


def faults(folder: Path) -> Iterator[str]:
    """One line for each link that is wrong and each mark that is shown, with the page that it is on."""
    pages = {path.resolve(): _read(path) for path in pages_of(folder)}
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for mark in page.marks:
            yield f"{name}: shows {mark}; begin that docstring with `Not for applications`"
        for target in page.fetched:
            if _is_elsewhere(target):
                yield f"{name}: fetches {target} from elsewhere; keep a copy in docs/website/static"
        for target in dict.fromkeys([*page.links, *page.fetched]):
            if reason := _wrong(path, target, pages):
                yield f"{name}: {target}: {reason}"
    for style in sorted(folder.rglob("*.css")):
        for found in IN_STYLES.finditer(style.read_text("utf-8")):
            yield f"{style.relative_to(folder)}: fetches {found['target']} from elsewhere"


def pages_of(folder: Path) -> list[Path]:
    """The files that readers open; the theme keeps a template among its static files."""
    return [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]


def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text("utf-8"))
    return page


def _is_elsewhere(target: str) -> bool:
    return target.startswith("//") or urlsplit(target).scheme not in ("", "data")


def _wrong(path: Path, target: str, pages: dict[Path, Page]) -> str:
    """Why a link leads nowhere; empty if it leads somewhere."""
    parts = urlsplit(target)
    if parts.scheme in ("http", "https"):
        return "" if parts.hostname and HOST.fullmatch(parts.hostname) else "no host"
    if parts.scheme == "mailto":
        return "" if MAIL.fullmatch(parts.path) else "no address"
    if parts.scheme:
        return "" if parts.scheme == "data" else f"{parts.scheme}: is not a kind of link that a page has"
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not there.is_file():
        return "there is no such file"
    if parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].anchors:
        return "there is no such place on that page"
    return ""


if __name__ == "__main__":
    site = Path(sys.argv[1])
    found = list(faults(site))
    sys.stderr.write("".join(f"{each}\n" for each in found))
    sys.stdout.write(f"{len(pages_of(site))} pages, {len(found)} faults\n")
    sys.exit(bool(found) or not (site / "index.html").is_file())
