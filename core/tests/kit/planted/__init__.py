"""Notifiers without a fault, and many with one each. `contracts.py` holds them to the contract, in a pytest run of its
own; see test_planted_faults.py."""

import importlib

from .kinds import GOOD
from .process import IMPORT_FAULTS

KINDS_OF_FAULTS = (
    "schema", "delivering", "arriving", "failing", "statuses", "batches", "several", "values", "secrets", "tidiness",
    "keeping", "trust", "process", "looking", "coroutines",
)  # fmt: skip
"""Modules of this package, each with faults of one kind."""

FAULTY = [
    notifier
    for kind in KINDS_OF_FAULTS
    for notifier in vars(importlib.import_module(f"{__name__}.{kind}")).values()
    if isinstance(notifier, type) and "claims" in vars(notifier)
]

__all__ = ["FAULTY", "GOOD", "IMPORT_FAULTS"]
