"""Whether the hooks of a plugin can be called as they are: by keyword, and without anybody who awaits them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from pulp_events.plugins.plugin import Plugin


def hooks_can_be_called(plugin: Plugin) -> Iterator[str]:
    """What is wrong with its implementations, with a remedy."""
    for name, call in plugin.hooks.items():
        implementation = inspect.unwrap(call)
        if inspect.iscoroutinefunction(implementation) or inspect.isasyncgenfunction(implementation):
            yield f"{name} is async, and nobody awaits it; make it a plain function"
        if (
            inspect.isfunction(implementation)
            and next(iter(inspect.signature(implementation).parameters), "") == "self"
        ):
            owner = implementation.__qualname__.rpartition(".")[0]
            yield f"{name} is a method of the class {owner}; let the entry point name an instance of it"
