"""A damaged outbox whose first page is lost, which says where each table begins: with that of another outbox.

Where they begin depends on the order in which they were made. That is the one of the migrations, unless the file was
written anew by VACUUM, as erasing does, which puts tables before indexes; tables of later migrations come after these.
So there are a few orders, and the one that fits is told by what is then found in each table.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pulp_events.outbox.sqlite import schema
from pulp_events.outbox.sqlite.connection import ERRORS
from pulp_events.outbox.sqlite.onlooker import Onlooker

PAGE = 4096
"""Bytes of a page."""
TABLES = ("pulp_outbox_meta", "pulp_event", "pulp_delivery", "pulp_attempt", "pulp_erasure")
"""Those that anything is recovered from."""
_TYPE_OF_PAGE, _LEAF = 100, 13
_TYPES: dict[str, tuple[type, ...]] = {"TEXT": (str,), "BLOB": (bytes,), "INTEGER": (int,), "REAL": (int, float)}


def with_new_head(source: Path, folder: Path) -> Path:
    """A copy of `source` in `folder`, with the first page by which the most of it can be read. Raises OSError."""
    copy = folder / "copy"
    shutil.copyfile(source, copy)
    best, most = b"", -1
    for head in _heads(folder):
        _put(copy, head)
        if (found := _fitting(copy)) > most:
            best, most = head, found
    _put(copy, best)
    return copy


def _heads(folder: Path) -> Iterator[bytes]:
    for vacuumed in (None, *range(schema.VERSION, 0, -1)):
        path = folder / f"head-{vacuumed}"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            for version, script in enumerate(schema.MIGRATIONS, 1):
                connection.executescript(script)
                if version == vacuumed:
                    connection.execute("VACUUM")
            # All of the list would need more than this page, and the others are not where they were.
            connection.execute("PRAGMA writable_schema = ON")
            named = ", ".join(f"'{table}'" for table in (*TABLES, "sqlite_sequence"))
            connection.execute(f"DELETE FROM sqlite_master WHERE tbl_name NOT IN ({named}) OR type = 'trigger'")
            connection.execute("DELETE FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        head = path.read_bytes()[:PAGE]
        assert head[_TYPE_OF_PAGE] == _LEAF, "the list of tables does not fit into a page"
        yield head


def _put(copy: Path, head: bytes) -> None:
    page = bytearray(head)
    page[28:40] = (copy.stat().st_size // PAGE).to_bytes(4, "big") + bytes(8)  # its length, and no free pages
    with copy.open("r+b") as file:
        file.write(page)


def _fitting(copy: Path) -> int:
    """How many tables begin where this head says, as far as can be told; one with rows counts twice."""
    found = 0
    with Onlooker(copy, without_log=True) as file:
        for table in TABLES:
            try:
                columns = file.ask(f"SELECT type, \"notnull\" OR pk FROM pragma_table_info('{table}')").fetchall()
                rows = file.ask(f"SELECT * FROM {table} NOT INDEXED LIMIT 5").fetchall()
            except (*ERRORS, OverflowError, ValueError):
                continue
            if all(_fits(value, *column) for row in rows for value, column in zip(row, columns, strict=True)):
                found += 1 + bool(rows)
    return found


def _fits(value: Any, declared: str, required: int) -> bool:
    if value is None:
        return not required
    return not declared or isinstance(value, _TYPES[declared])
