"""`Origin`: where the value of a setting is from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Whoever says it, from the one that counts most to the one that counts least."""

    ARGUMENT = "argument"
    """the `settings` that the application, or a plugin, gave"""
    ENVIRONMENT = "environment"
    """an environment variable"""
    FILE = "file"
    """server.conf"""
    DEFAULT = "default"
    """nobody: the default holds"""


@dataclass(frozen=True)
class Origin:
    """Where the value of a setting is from."""

    kind: Kind
    place: str = ""
    """`/etc/pulp/server.conf:12`, the variable's name, or what errors call the value; empty for a default."""
