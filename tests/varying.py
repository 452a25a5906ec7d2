"""Compares what was printed with what a document, or a script, shows, where ids and times are never the same twice.

An id in the text that is shown stands for an id of the run: for the one in its place where it first comes, and for the
same one from then on, also in a command. `…` stands for any text.
"""

from __future__ import annotations

import re

VARYING = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "id": r"\b[0-9a-f]{24}\b",
    "utc": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)",
    "local": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
    "mail": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000",
    "seconds": r"\b\d+\.\d{3}\b",
}
NAMED = ("uuid", "id")


class Varying:
    """What the ids of a text that is shown stand for, in one run.

    `more`: further kinds of text that vary, as regular expressions without groups, by name; `named`: those of them that
    are ids. `plain`: the regular expression for text that stands as it is.
    """

    def __init__(self, more=None, named=(), plain=re.escape):
        self.names = {}
        self._kinds = {**VARYING, **(more or {})}
        self._named = {*NAMED, *named}
        self._plain = plain
        kinds = "|".join(f"(?P<{name}>{pattern})" for name, pattern in self._kinds.items())
        self._tokens = re.compile(f"{kinds}|(?P<any>…)")

    def as_here(self, text):
        """A text that is shown with the ids of this run."""
        for shown, real in self.names.items():
            text = text.replace(shown, real)
        return text

    def found(self, text):
        """The ids in a text."""
        return [found[0] for found in self._tokens.finditer(text) if found.lastgroup in self._named]

    def compare(self, shown, real, place):
        """Assert that what was printed is what is shown; ids that are new in it mean these from now on."""
        shown, real = (re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n") for text in (shown, real))
        pattern, groups = self._pattern(shown)
        found = re.fullmatch(pattern, real, re.DOTALL)
        assert found, f"{place}\n--- the document says\n{shown}\n--- printed was\n{real}"
        for group, name in groups.items():
            self.names[name] = found[group]

    def _pattern(self, shown):
        """A regular expression for the output, and group → id of the text shown for ids that are new in it."""
        parts, groups, position = [], {}, 0
        for found in self._tokens.finditer(shown):
            parts.append(self._plain(shown[position : found.start()]))
            position = found.end()
            kind, text = found.lastgroup, found[0]
            if kind == "any":
                parts.append(".*?")
            elif kind not in self._named:
                parts.append(f"(?:{self._kinds[kind]})")
            elif text in self.names:
                parts.append(re.escape(self.names[text]))
            elif text in groups.values():
                parts.append(f"(?P={next(group for group, name in groups.items() if name == text)})")
            else:
                group = f"new{len(groups)}"
                groups[group] = text
                parts.append(f"(?P<{group}>{self._kinds[kind]})")
        return "".join([*parts, self._plain(shown[position:])]), groups
