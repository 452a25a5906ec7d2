"""Options of commands are linked to, and are found in the text of their pages, but are no entries of search.

Sphinx ranks an entry before pages, and each option of a hundred commands would be one: `--retry-schedule` is to lead to
the page that explains it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sphinx.domains.std import Cmdoption, StandardDomain

NEVER_FOUND = -1
"""The priority of an object that search leaves out."""


class Option(Cmdoption):
    """The directive `option` without an entry in the index."""

    def add_target_and_index(self, firstname: str, sig: str, signode: Any) -> None:
        super().add_target_and_index(firstname, sig, signode)
        self.indexnode["entries"].clear()


class StandardWithoutOptions(StandardDomain):
    """Sphinx's own domain, whose options search leaves out."""

    directives = {**StandardDomain.directives, "option": Option}

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        for name, shown, kind, page, anchor, priority in super().get_objects():
            yield name, shown, kind, page, anchor, NEVER_FOUND if kind == "cmdoption" else priority
