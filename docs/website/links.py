"""Relative links of a document, and where they lead on the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

CODE = re.compile(r"^( *)(`{3,})[^\n]*\n.*?^\1\2 *$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|#|//")


def prose(text: str) -> Iterator[tuple[int, int]]:
    """Beginning and end of each stretch of a document that is neither a code block nor a code span."""
    position = 0
    for block in [*CODE.finditer(text), None]:
        end = len(text) if block is None else block.start()
        start = position
        for span in SPAN.finditer(text, position, end):
            yield start, span.start()
            start = span.end()
        yield start, end
        position = len(text) if block is None else block.end()


def targets(path: str, text: str) -> Iterator[str]:
    """Paths in the repository that a document's relative links lead to."""
    for start, end in prose(text):
        for link in LINK.finditer(text, start, end):
            if not ELSEWHERE.match(link["target"]):
                yield _resolved(path, link["target"].partition("#")[0])


def rewritten(path: str, text: str, page: str, page_of: Callable[[str], str]) -> str:
    """The document's text with links that are right on its page of the site."""

    def changed(link: re.Match[str]) -> str:
        target, mark, anchor = link["target"].partition("#")
        if ELSEWHERE.match(link["target"]):
            return link[0]
        there = posixpath.relpath(page_of(_resolved(path, target)), posixpath.dirname(page) or ".")
        return f"]({there}{mark}{anchor})"

    parts, position = [], 0
    for start, end in prose(text):
        parts += [text[position:start], LINK.sub(changed, text[start:end])]
        position = end
    return "".join([*parts, text[position:]])


def _resolved(path: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
