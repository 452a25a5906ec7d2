"""The front page, and the sections of the site, both from docs/index.md.

Each `## Heading` with a list of links becomes a section of the site: a page of its own, whose contents are the pages
that the list names, in that order. A page that no list names is below the one whose folder it is in: that of
`examples/plugins/enricher.md` is `examples/plugins.md`. If there is none either, the build fails.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

SECTION = re.compile(r"^## (?P<title>.+)\n(?P<text>(?:(?!^## ).*\n?)*)", re.MULTILINE)
PAGE = re.compile(r"\]\((?P<page>[^)#\s]+)\.md\)")
REFERENCE = "Reference"
GENERATED = """\
- [Commands](cli/pulp-admin.md): `pulp-admin`, each section and command
- [Python API](api/index.md): every [public name](stability.md#public-names), from its docstring
"""
"""What is first in that section: pages that only the site has."""


def pages(documents: Mapping[str, str], generated: Mapping[str, str]) -> dict[str, str]:
    """Name → text of each page: the documents with their contents, the sections, and the generated ones."""
    front = documents["index.md"]
    made, named, listed = {}, [], {"index"}
    for section in SECTION.finditer(front):
        entries = list(dict.fromkeys(PAGE.findall(section["text"])))
        if "\n- " not in section["text"] or not entries:
            continue
        name = re.sub(r"\W+", "-", section["title"].lower())
        text = section["text"]
        if section["title"] == REFERENCE:
            entries = ["cli/pulp-admin", "api/index", *entries]
            text = text.replace("\n- ", f"\n{GENERATED}- ", 1)
        made[f"{name}.md"] = f"# {section['title']}\n{text}\n{contents(entries)}"
        named.append(name)
        listed.update(entries)
    below = _below(documents, listed)
    texts = {name: text + (f"\n{contents(below[name])}" if name in below else "") for name, text in documents.items()}
    return {**texts, "index.md": f"{front}\n{contents(named)}", **made, **generated}


def _below(documents: Mapping[str, str], listed: set[str]) -> dict[str, list[str]]:
    """Page → those in its folder that no section names."""
    found: dict[str, list[str]] = {}
    for page in sorted(documents):
        folder = posixpath.dirname(page)
        while folder and f"{folder}.md" not in documents:
            folder = posixpath.dirname(folder)
        if folder and page.removesuffix(".md") not in listed and not page.startswith("files/"):
            found.setdefault(f"{folder}.md", []).append(f"/{page.removesuffix('.md')}")
    return found


def contents(entries: list[str]) -> str:
    """The directive that names a page's sub-pages; they are listed beside the text, not in it.

    An entry is `/page`, or `title </page>`; one without a slash is beside the page itself.
    """
    return "```{toctree}\n:hidden:\n\n" + "\n".join(entries) + "\n```\n"
