"""Makes and migrates the tables when a store opens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import sql

from pulp_events.errors import StoreError, StoreTooNew
from pulp_events_postgres.connections import Connection, Connections

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
    return connections.run(lambda own: _find_tables(connections, own))


def migrate(connections: Connections) -> Found:
    """Bring the tables up to date, all steps in one transaction; several processes may try at once."""
    known = scripts()
    found = find_tables(connections)
    if found.version == len(known):
        return found

    def steps(own: Connection) -> Found:
        own.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, found.schema))
        own.execute("SET LOCAL statement_timeout = 0")  # an index on large tables takes what it takes
        now = _find_tables(connections, own)
        for number, script in enumerate(known[now.version :], now.version + 1):
            own.execute(in_schema(script.replace("$$", "$pulp_events$"), now.schema).encode())
            own.execute(in_schema("INSERT INTO @.pulp_meta VALUES ('version', %s) ON CONFLICT (key) DO UPDATE "
                        "SET value = EXCLUDED.value", now.schema, parameters=True), (str(number),))  # fmt: skip
        return _find_tables(connections, own)

    return connections.transaction(steps)


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


_OURS = re.compile(r"@(?:\((\w+)\)|\.)")


def _find_tables(connections: Connections, own: Connection) -> Found:
    row = own.execute("SELECT current_schema(), current_setting('search_path')").fetchone()
    assert row is not None
    schema, path = row
    if schema is None:
        raise StoreError(
            f"{connections.address.shown}: none of the schemas in search_path ({path}) exists; create one with "
            "CREATE SCHEMA, or name another in [storage] url: ?options=-csearch_path%3DNAME"
        )
    try:
        with own.transaction():
            ours = "SELECT key, value FROM @.pulp_meta WHERE key IN ('version', 'identity')"
            rows: dict[str, str] = dict(own.execute(in_schema(ours, schema)))
    except psycopg.errors.UndefinedTable:
        return Found(schema, 0)
    version = int(rows.get("version", 0))
    newest = len(scripts())
    if version > newest:
        raise StoreTooNew(
            f"{connections.address.shown} has tables of a newer release (version {version}, supported: "
            f"{newest}); upgrade this pulp-events-postgres too"
        )
    return Found(schema, version, rows.get("identity", ""))
