"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from pulp_events import Author
from pulp_events.listeners.author import UNTRUSTED
from pulp_events.system.scope_text import LONGEST


class Role(IntEnum):
    """Each may do all that the ones before it may."""

    VIEWER = 1
    """Sees listeners, deliveries and events; secrets are shown to nobody."""
    OPERATOR = 2
    """Tests, mutes, enables and disables listeners, retries deliveries, emits events."""
    ADMIN = 3
    """Creates, changes and deletes listeners, backfills, and reads what the server says about itself."""

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, text: str) -> Role:
        """By its name in lower case. Raises KeyError."""
        return cls[text.upper()]


@dataclass(frozen=True)
class Principal:
    """Who asks, once that is proved."""

    name: str
    """As the history has it."""
    role: Role
    trusted: bool = False
    """Whether they are an administrator of the machine: then what they write may name its files and reach its networks;
    see `Author`. Only a token says so."""
    session: bool = False
    """Whether a cookie proved it: then each change must carry a CSRF token."""

    @property
    def author(self) -> Author:
        """As whom they write listeners: those of administrators of the machine they cannot change unless trusted."""
        return Author(self.name, trusted=self.trusted, others=True)

    @property
    def said(self) -> str:
        """As the history names them where they only operate listeners: nobody takes them for a user of the machine."""
        text = str(self.author)
        return text if len(text) <= LONGEST else f"{self.name[: LONGEST - len(UNTRUSTED) - 1]}…{UNTRUSTED}"
