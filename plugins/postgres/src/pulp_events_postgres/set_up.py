"""Makes and migrates the tables when a store opens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from pulp_events.errors import TOO_NEW, StoreError, StoreTooNew
from pulp_events_postgres.address import Address
from pulp_events_postgres.connections import Connections

_LOCK = 0x70756C70
"""First half of the keys of our advisory locks: `pulp` in ASCII."""


@dataclass(frozen=True)
class Found:
    """What a database has. `version` 0: no tables of ours."""

    schema: str
    version: int
    identity: str = ""
    """Random, made with the tables: tells one database from another, by whatever name it is reached."""


def scripts() -> list[str]:
    """Script i makes version i + 1 out of version i. A released one is never changed; a new one is appended."""
    folder = resources.files("pulp_events_postgres") / "migrations"
    return [each.read_text("utf-8") for each in sorted(folder.iterdir(), key=lambda each: each.name)]


def find_tables(connections: Connections) -> Found:
    """Which tables are there; raises StoreTooNew where a newer release made them."""
    return connections.run(lambda own: find_on(own.cursor(row_factory=tuple_row), connections.address))


def migrate(connections: Connections) -> Found:
    """Bring the tables up to date, all steps in one transaction; several processes may try at once."""
    found = find_tables(connections)
    if found.version == len(scripts()):
        return found
    return connections.transaction(lambda own: migrate_on(own.cursor(row_factory=tuple_row), connections.address))


def migrate_on(own: psycopg.Cursor[Any], address: Address) -> Found:
    """The same, in the transaction that `own` is in."""
    known = scripts()
    schema = _schema(own, address)
    own.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, schema))
    if own.execute("SELECT FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is None:
        own.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    limit = own.execute("SELECT current_setting('statement_timeout')").fetchone()
    own.execute("SET LOCAL statement_timeout = 0")  # an index on large tables takes what it takes
    now = find_on(own, address)
    for number, script in enumerate(known[now.version :], now.version + 1):
        own.execute(in_schema(script.replace("$$", "$pulp_events$"), now.schema).encode())
        own.execute(in_schema("INSERT INTO @.pulp_meta VALUES ('version', %s) ON CONFLICT (key) DO UPDATE "
                    "SET value = EXCLUDED.value", now.schema, parameters=True), (str(number),))  # fmt: skip
    own.execute("SELECT set_config('statement_timeout', %s, true)", limit)
    return find_on(own, address)


def server_version(connections: Connections) -> str:
    """What the server calls itself."""
    [row] = connections.run(lambda own: own.execute("SHOW server_version").fetchall())
    return str(row[0])


def sizes(connections: Connections, schema: str) -> dict[str, str]:
    """Sizes of our tables with their indexes, as a person reads them."""
    rows = connections.run(
        lambda own: own.execute(
            "SELECT relname, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND "
            "relnamespace = quote_ident(%s)::regnamespace AND relname IN ('pulp_event', 'pulp_delivery', "
            "'pulp_attempt') ORDER BY relname",
            (schema,),
        ).fetchall()
    )
    return {f"{name.removeprefix('pulp_')}_table": size for name, size in rows}


def in_schema(statement: str, schema: str, parameters: bool = False) -> str:
    """A statement with `@.` replaced by the schema, and `@(name)` by a literal of what has this name there.

    `parameters`: it is run with parameters, where a percent sign is written twice.
    """
    quoted = sql.Identifier(schema).as_string()
    literal = quoted.replace("'", "''").replace("\\", "\\\\")
    escape = "E" if "\\" in quoted else ""
    if parameters:
        quoted, literal = quoted.replace("%", "%%"), literal.replace("%", "%%")

    def replace(found: re.Match[str]) -> str:
        return f"{quoted}." if found[1] is None else f"{escape}'{literal}.{found[1]}'::regclass"

    return _OURS.sub(replace, statement)


@cache
def tables() -> frozenset[str]:
    """Names of all tables that our scripts make."""
    return frozenset(name for script in scripts() for name in _TABLE.findall(script))


_TABLE = re.compile(r"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?@\.(\w+)")
_OURS = re.compile(r"@(?:\((\w+)\)|\.)")


def find_on(own: psycopg.Cursor[Any], address: Address) -> Found:
    """What is there, as this cursor sees it; its transaction goes on where nothing is."""
    schema = _schema(own, address)
    try:
        with own.connection.transaction():
            ours = "SELECT key, value FROM @.pulp_meta WHERE key IN ('version', 'identity')"
            rows: dict[str, str] = dict(own.execute(in_schema(ours, schema).encode()).fetchall())
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return Found(schema, 0)
    version = int(rows.get("version", 0))
    newest = len(scripts())
    if version > newest:
        raise StoreTooNew(
            f"{address.shown} has tables of a newer release (version {version}, supported: {newest}); {TOO_NEW}"
        )
    return Found(schema, version, rows.get("identity", ""))


def refuse_old(found: Found, address: Address) -> Found:
    """Raise StoreError unless the tables are of this release, for whoever is not to migrate them."""
    newest = len(scripts())
    if found.version == newest:
        return found
    there = f"tables of version {found.version}, this release needs {newest}" if found.version else "no tables of ours"
    raise StoreError(
        f"{address.shown}, schema {found.schema}: {there}, and migrate = false in section [storage]; run "
        "`pulp-admin event storage migrate`, or have the application call pulp_events_postgres.create_tables"
    )


def _schema(own: psycopg.Cursor[Any], address: Address) -> str:
    """The schema that is named; else the first of search_path that exists."""
    if address.schema:
        return address.schema
    row = own.execute("SELECT current_schema(), current_setting('search_path')").fetchone()
    assert row is not None
    schema, path = row
    if schema is None:
        raise StoreError(
            f"{address.shown}: none of the schemas in search_path ({path}) exists; create one with "
            "CREATE SCHEMA, or name one as schema in section [storage]"
        )
    return str(schema)
