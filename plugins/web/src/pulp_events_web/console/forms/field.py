"""`Field`: one field of a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Field:
    """As it is shown."""

    name: str
    """Of the control."""
    label: str
    kind: str = "text"
    """`text`, `number`, `lines`, `long`, `json`, `choice`, `check`, `secret` or `secret-lines`."""
    help: str = ""
    required: bool = False
    value: str = ""
    """What stands in it: what was typed, else what is stored. Of a secret: never anything."""
    choices: Sequence[str] = ()
    example: str = ""
    group: str = ""
    default: str = ""
    """What holds where it is empty, in words."""
    is_set: bool = False
    """Of a secret: one is stored, and stays where nothing is typed."""
    errors: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Of the control in the page."""
        return "f-" + self.name.replace(".", "-")

    @property
    def described_by(self) -> str:
        """Ids of what says more about it, for screen readers."""
        parts = [f"{self.id}-help"] if self.help or self.default else []
        return " ".join([*parts, *([f"{self.id}-error"] if self.errors else [])])
