"""`Author`: whose a listener is, and whether he is an administrator of the machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pulp_events.errors import InvalidConfig
from pulp_events.system.scope_text import EXPECTED, LONGEST, is_scope
from pulp_events.system.who import is_reserved

UNTRUSTED = " (untrusted)"
"""What follows the name of an untrusted author where people read it, so that nobody takes it for another's."""


@dataclass(frozen=True)
class Author:
    """Somebody for whom an application makes listeners: `Author("alice")` is not trusted, unless that is said.

    `bus.listeners.by(author)` acts as they; a listener that they create keeps who made it. Raises InvalidConfig for a
    name or scope that is not a line of text of at most 200 characters, a scope with blanks at its ends, and for the
    name `dispatcher`.
    """

    name: str
    """Of a user of the application."""

    trusted: bool = False
    """True: an administrator of the machine, who may have his listeners read its files and reach its networks."""

    scope: str | None = None
    """Of an untrusted author: the scope of each listener that he makes, and of those that he may see. Not kept with the
    listener, which has a scope of its own."""

    others: bool = False
    """True: the application lets him also see and change listeners of other untrusted authors with the same scope.
    Not kept with the listener."""

    def __post_init__(self) -> None:
        _check("name", self.name)
        if is_reserved(self.name):
            raise InvalidConfig(f"the name of an author is {self.name!r}, which is who disables listeners that fail")
        if self.scope is not None and not is_scope(self.scope):
            raise InvalidConfig(f"the scope of an author is {self.scope!r:.60}; give {EXPECTED}")
        for what in ("trusted", "others"):
            if not isinstance(getattr(self, what), bool):
                raise InvalidConfig(f"{what} of an author is {getattr(self, what)!r:.60}; give True or False")

    def __str__(self) -> str:
        return self.name if self.trusted else self.name + UNTRUSTED

    @property
    def kept(self) -> Author:
        """What a listener keeps of him."""
        return self if self.scope is None and not self.others else replace(self, scope=None, others=False)


ADMINISTRATOR = "an administrator"


def by_for_author(by: str) -> str:
    """Who made a change, as an untrusted author may know it: of an administrator neither account nor program."""
    return by if by.endswith(UNTRUSTED) or is_reserved(by) else ADMINISTRATOR


def _check(what: str, text: Any) -> None:
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST or not text.isprintable():
        raise InvalidConfig(
            f"the {what} of an author is {text!r:.60}; give a line of text of at most {LONGEST} characters"
        )
