"""`pulp-admin event storage`: look at the database, migrate it, copy what files or another database hold into it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from pulp_events.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from pulp_events.settings.settings import Settings
    from pulp_events_postgres.address import Address


_PASSWORD_HELP = "its password: env:NAME, file:PATH or text; without it libpq looks in PGPASSWORD and ~/.pgpass"


_COPY_EXAMPLE = """\
Move from files to a database, while applications and workers are stopped:

    $ pulp-admin event storage copy --to=postgresql://pulp@db.example/events --password=file:/etc/pulp/db-password
"""


def add(commands: Any) -> None:
    """Add the section to `pulp-admin event`."""
    storage = commands.add_parser("storage", help="show, migrate and fill the database of listeners and deliveries")
    section = storage.add_subparsers(metavar="COMMAND")
    status = section.add_parser("status", help="show the database and the version of its tables")
    status.examples = "Show where records are stored:\n\n    $ pulp-admin event storage status\n"
    status.set_defaults(run=_status, deliver=None, only_reads=True)
    migrate = section.add_parser("migrate", help="bring the tables up to date, as every start also does")
    migrate.examples = "Migrate before workers start:\n\n    $ pulp-admin event storage migrate\n"
    migrate.set_defaults(run=_migrate, deliver=None)
    copy = section.add_parser("copy", help="copy listeners, pending and dead deliveries into a database")
    copy.add_argument("--to", required=True, metavar="URL", help="the database: postgresql://USER@HOST/DATABASE")
    password = copy.add_argument("--password", default="", metavar="PASSWORD", help=_PASSWORD_HELP)
    password.secret = True  # no error shows it
    copy.examples = _COPY_EXAMPLE
    copy.set_defaults(run=_copy, deliver=None)


def _settings(arguments: argparse.Namespace) -> Settings:
    found: Settings = arguments.session.settings()
    return found


def _address(arguments: argparse.Namespace) -> Address:
    from pulp_events_postgres import address

    settings = _settings(arguments)
    if not address.is_ours(settings):
        raise SettingsError(
            f"{settings.where('storage', 'url')} does not name a PostgreSQL database; records are stored in files: "
            "`pulp-admin event storage copy --to URL` copies them"
        )
    return address.from_settings(settings)


def _status(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events_postgres import set_up
    from pulp_events_postgres.connections import Connections

    address = _address(arguments)
    connections = Connections(address)
    try:
        found, newest = set_up.find_tables(connections), len(set_up.scripts())
        state = {
            "database": address.shown,
            "newest_version": newest,
            "schema": found.schema,
            "server": set_up.server_version(connections),
            "version": found.version,
            "wakes_workers": "LISTEN/NOTIFY" if connections.listen else "polling",
        }
        if found.version:
            state.update(set_up.sizes(connections, found.schema))
    finally:
        connections.close()
    if arguments.json:
        print(json.dumps(state, indent=2))  # noqa: T201
    else:
        _say(*(f"{key.replace('_', ' ').capitalize() + ':':<17}{value}" for key, value in state.items()))
        if found.version < newest:
            _say("`pulp-admin event storage migrate`, or the next start, brings the tables up to date.")
    return 0


def _migrate(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events_postgres import set_up
    from pulp_events_postgres.connections import Connections

    address = _address(arguments)
    connections = Connections(address)
    try:
        before = set_up.find_tables(connections).version
        after = set_up.migrate(connections).version
    finally:
        connections.close()
    if arguments.json:
        print(json.dumps({"before": before, "version": after}))  # noqa: T201
    elif before == after:
        _say(f"The tables in {address.shown} are up to date (version {after})")
    else:
        _say(f"The tables in {address.shown} are now of version {after} (before: {before or 'none'})")
    return 0


def _copy(_: None, arguments: argparse.Namespace) -> int:
    from pulp_events_postgres.address import make
    from pulp_events_postgres.copying import copy
    from pulp_events_postgres.database import Database
    from pulp_events_postgres.in_use import refuse_in_use

    refuse_in_use(_settings(arguments))
    target = Database(make(arguments.to, arguments.password))
    try:
        with (
            arguments.session.open_bus("external") as bus,
            arguments.stoppable() as stopped,
            arguments.progress("copy: deliveries") as progress,
        ):

            def show(made: int, total: int) -> None:
                progress.show(made, total)
                if stopped() and made < total:
                    raise StoreError(
                        f"interrupted after {made} of {total} deliveries; run the same command to copy the rest"
                    )

            done = copy(bus, target, show)
    finally:
        target.close()
    if arguments.json:
        print(json.dumps(done.as_dict(), indent=2))  # noqa: T201
    else:
        counts = " and ".join(f"{number} {state}" for state, number in done.deliveries.items())
        _say(f"Copied to {target.address.shown}: {done.listeners} listeners, {counts} deliveries with {done.attempts} "
             "attempts; all of them were counted in the target")  # fmt: skip
        if done.there_already:
            _say(f"{done.there_already} of them were already there")
        _say("Now name the database as url in section [storage] of server.conf, and start applications and workers.")
    return 0


def _say(*lines: str) -> None:
    for line in lines:
        print(line)  # noqa: T201
