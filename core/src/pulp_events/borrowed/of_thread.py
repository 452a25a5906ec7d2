"""Connections that a library keeps for each thread, so that it can be told whose a transaction is.

Django is known by its modules, so that it is not imported.
"""

from __future__ import annotations

import sqlite3
import sys


def kept_for_this_thread() -> list[sqlite3.Connection]:
    """Those of Django to SQLite that are in `transaction.atomic` in this very thread."""
    database = sys.modules.get("django.db")
    handler = getattr(database, "connections", None)
    if handler is None:
        return []
    found = [each.connection for each in handler.all(initialized_only=True) if each.in_atomic_block]
    return [each for each in found if isinstance(each, sqlite3.Connection)]
