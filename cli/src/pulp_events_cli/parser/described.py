"""`Described`: what of a section or command its help is made of."""

from __future__ import annotations

import argparse
from typing import Any

ARGUMENTS = "Available Arguments"
SECTIONS = "Available Sections"
COMMANDS = "Available Commands"


class Described(argparse.ArgumentParser):
    """A section (has `commands`) or a command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.summary = ""
        """Its line in the section that it belongs to."""
        self.group: str | None = None
        """Heading under which that stands."""
        self.commands: argparse._SubParsersAction[Any] | None = None
        self.usage_name: str | None = None
        self.examples = ""
        """For the manual page: sentences, and commands indented by four."""

    @property
    def name(self) -> str:
        """The last word of the command."""
        return self.prog.rpartition(" ")[2]

    def fill(self) -> None:
        """Add what belongs to it, if that was put off."""
