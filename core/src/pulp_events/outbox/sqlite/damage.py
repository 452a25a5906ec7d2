"""Looks at the whole of an outbox that somebody found damaged: its pages, and what stands in its rows."""

from __future__ import annotations

import json
from pathlib import Path

from pulp_events.errors import StoreCorrupt
from pulp_events.outbox.rows import to_attempt, to_delivery, to_health
from pulp_events.outbox.sqlite import schema
from pulp_events.outbox.sqlite.columns import ATTEMPT_COLUMNS, DELIVERY_COLUMNS, DELIVERY_TABLES
from pulp_events.outbox.sqlite.connection import ERRORS
from pulp_events.outbox.sqlite.onlooker import Onlooker
from pulp_events.visible import one_line

LONG = 3600.0
"""Seconds for looking at all of it."""


def find(path: Path) -> str:
    """What is wrong, empty if nothing is. Nothing is changed. Raises StoreError where it cannot be looked at."""
    with Onlooker(path) as file:
        return find_in(file)


def find_in(file: Onlooker) -> str:
    """The same of a file that is open already."""
    try:
        return file.damage(LONG, thorough=True) or _in_rows(file)
    except StoreCorrupt as error:
        return one_line(str(error))
    except ERRORS as error:
        return file.wrong(error)


def _in_rows(file: Onlooker) -> str:
    """A value that is none of ours: pages may be in order, and a bit of a text or a type have changed."""
    if not file.rows("SELECT 1 FROM sqlite_master WHERE name = 'pulp_delivery'"):
        return ""
    version = file.version()
    _check_tables(file, version)
    columns = DELIVERY_COLUMNS if version >= 3 else DELIVERY_COLUMNS.replace("d.repeat_of", "NULL")
    columns = columns if version >= 4 else columns.replace("d.expires", "NULL")
    columns = columns if version >= 7 else columns.replace("e.scope", "NULL")
    columns = columns if version >= 8 else columns.replace("e.trace_context", "NULL")
    for row in file.ask(f"SELECT {columns} FROM {DELIVERY_TABLES}"):
        if not is_json(to_delivery(row).report):
            raise StoreCorrupt(f"the report of event {row[0]} is not valid JSON")
    for row in file.ask(f"SELECT {ATTEMPT_COLUMNS} FROM pulp_attempt"):
        to_attempt(row)
    to_health(file.rows("SELECT * FROM pulp_listener_health"))
    return ""


def _check_tables(file: Onlooker, version: int) -> None:
    """A table or column that is missing: pages may be in order, and a bit of a name have changed."""
    for table, columns in schema.layout(version).items():
        found = [name for (name,) in file.rows("SELECT name FROM pragma_table_info(?)", (table,))]
        if found != columns:
            raise StoreCorrupt(
                f"table {table} has the columns {', '.join(found) or 'of none'}, not those it was made with"
            )


def is_json(report: bytes) -> bool:
    """Whether a report can be read."""
    try:
        json.loads(report)
    except (ValueError, RecursionError):
        return False
    return True
