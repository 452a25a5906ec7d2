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
    """`text`, `number`, `lines`, `long`, `prose`, `json`, `choice`, `check`, `checks`, `secret` or `secret-lines`."""
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
    hidden: bool = False
    """Nothing of it is shown: it is a secret, or has some in it."""
    again: bool = False
    """Of a secret: it was typed, and is to be typed again, as it was not sent back."""
    without: bool = False
    """The box beside that says that it need not be."""
    theirs: bool = False
    """Somebody else changed it too, since the form was shown."""
    errors: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Of the control in the page."""
        return "f-" + self.name.replace(".", "-")

    @property
    def described_by(self) -> str:
        """Ids of what says more about it, for screen readers."""
        parts = [f"{self.id}-help"] if self.help or self.default else []
        parts += [f"{self.id}-stored"] if self.is_set else []
        parts += [f"{self.id}-again"] if self.again else []
        parts += [f"{self.id}-theirs"] if self.theirs else []
        return " ".join([*parts, *([f"{self.id}-error"] if self.errors else [])])

    @property
    def ticked(self) -> list[str]:
        """Of boxes: what stands in them, also what is none of the choices."""
        return self.value.splitlines()

    @property
    def key(self) -> str:
        """Of the configuration."""
        return self.name.partition(".")[2]
