"""Observers and enrichers without a fault, and many with one each; see test_planted_hooks.py, which holds them to
the contracts in a pytest run of its own."""

import importlib

from .good import GOOD

KINDS_OF_FAULTS = ("given", "calling", "showing", "lasting", "process", "adding")
"""Modules of this package, each with faults of one kind."""

FAULTY = [
    plugin
    for kind in KINDS_OF_FAULTS
    for plugin in vars(importlib.import_module(f"{__name__}.{kind}")).values()
    if isinstance(plugin, type) and "claims" in vars(plugin)
]

__all__ = ["FAULTY", "GOOD"]
