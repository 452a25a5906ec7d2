"""`Actor`: in whose name listeners are seen and changed, and what he may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulp_events.errors import NotAllowed, QuotaExceeded
from pulp_events.listeners.author import Author
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.lookup import not_found
from pulp_events.listeners.untrusted import Limits

if TYPE_CHECKING:
    from pulp_events.listeners.edit import Edit
    from pulp_events.listeners.history import ListenerChange

NOT_THEIRS = ("name", "lanes", "retry_schedule", "timeout")
"""Attributes that untrusted authors do not set. What they take of time and threads, others do not have; and a program
of an administrator's may call a listener by a name that it thinks its own, and give it its secrets."""


@dataclass(frozen=True)
class Actor:
    """An administrator, unless there is an author who is not trusted."""

    limits: Limits
    author: Author | None = None

    @property
    def untrusted(self) -> bool:
        """True if this is not an administrator."""
        return self.author is not None and not self.author.trusted

    def sees(self, listener: Listener) -> bool:
        """True if he may see and change this listener: an untrusted author his own, by name and scope."""
        return self._sees(listener.author, listener.scope)

    def _sees(self, owner: Author | None, scope: str | None) -> bool:
        if self.author is None or self.author.trusted:
            return True
        if owner is None or owner.trusted or scope != self.author.scope:
            return False
        return self.author.others or owner.name == self.author.name

    def refuse_hidden(self, listener: Listener, asked_for: str | None = None) -> None:
        """Raise ListenerNotFound for a listener that he may not see: to him there is none."""
        if not self.sees(listener):
            raise not_found(listener.id if asked_for is None else asked_for)

    def saw(self, change: ListenerChange) -> bool:
        """True if he may see this change of the history: it was of a listener of his."""
        if not self.untrusted:
            return True
        try:
            return all(self._sees_record(each) for each in (change.before, change.after) if each is not None)
        except ValueError:
            return False

    def _sees_record(self, record: Mapping[str, Any]) -> bool:
        from pulp_events.listeners.document import from_document

        return self.sees(from_document(record))

    def check_options(self, values: Mapping[str, Any], before: Listener | None = None) -> None:
        """Raise NotAllowed for attributes that he may not set. `before`: the record that is changed."""
        if not self.untrusted:
            return
        for name in NOT_THEIRS:
            if values.get(name) is not None:
                raise NotAllowed(f"an untrusted author cannot set {name}; leave it out")
        scope = self.scope_of_new if before is None else before.scope
        if "scope" in values and values["scope"] != scope and (before is not None or values["scope"] is not None):
            raise NotAllowed(f"an untrusted author cannot choose a scope: it is {scope!r}; leave it out")

    @property
    def author_of_new(self) -> Author | None:
        """Whose a listener is that he makes."""
        return None if self.author is None else self.author.kept

    @property
    def scope_of_new(self) -> str | None:
        """The scope of a listener that he makes, where he chooses none."""
        return None if self.author is None else self.author.scope

    def refuse_too_many(self, edit: Edit) -> None:
        """Raise QuotaExceeded if he would have more listeners than he may. For the end of an edit of all records."""
        if not self.untrusted or self.author is None or not edit.added:
            return
        mine = [each for each in edit.all() if each.untrusted and each.author and each.author.name == self.author.name]
        if len(mine) > self.limits.max_listeners:
            raise QuotaExceeded(
                f"{self.author} may have {self.limits.max_listeners} listeners, by "
                f"{self.limits.called('max_listeners')}; delete one first"
            )
