"""`pulp-admin event web token …`: make, list and revoke tokens."""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulp_events_web.access.tokens import Token, Tokens

NEVER = "never"
DEFAULT_LIFE = "90d"

_CREATE = """\
A token for a script that retries deliveries, for a year:

    $ pulp-admin event web token create --role=operator --name=nightly --expires=365d
"""
_LIST = "Who may use the REST API and the console:\n\n    $ pulp-admin event web token list\n"
_REVOKE = "From the next request on it opens nothing, and neither do sessions that began with it:\n\n" \
    "    $ pulp-admin event web token revoke nightly\n"  # fmt: skip


def add(section: Any) -> None:
    """To the commands of `pulp-admin event web`."""
    token = section.add_parser("token", help="make, list and revoke tokens for the REST API and the console")
    token.examples = _CREATE

    def show_help(bus: Any, arguments: argparse.Namespace) -> int:
        token.print_help()
        return 0

    token.set_defaults(run=show_help, deliver=None)  # in place of that of `web`, which serves
    commands = token.add_subparsers(metavar="COMMAND")
    create = commands.add_parser("create", help="make a token; it is shown once")
    create.add_argument(
        "--role", required=True, choices=("viewer", "operator", "admin"),
        help="viewer: see; operator: also test, mute, retry and emit; admin: also create, change and delete listeners",
    )  # fmt: skip
    create.add_argument("--name", default="", metavar="NAME", help="whom the history names; default: the token's id")
    create.add_argument(
        "--expires",
        type=_lifetime,
        default=DEFAULT_LIFE,
        metavar="DURATION",
        help=f"how long it is valid, such as 90d, or {NEVER}; default: {DEFAULT_LIFE}",
    )
    create.add_argument(
        "--trusted", action="store_true",
        help="what is written with it may name files of this machine and reach its networks, as an administrator's may",
    )  # fmt: skip
    create.examples = _CREATE
    create.set_defaults(run=_create, deliver=None)
    listing = commands.add_parser("list", help="list tokens, without what opens anything")
    listing.examples = _LIST
    listing.set_defaults(run=_list, deliver=None, only_reads=True)
    revoke = commands.add_parser("revoke", help="revoke a token, and end sessions that began with it")
    which = revoke.add_argument("token", metavar="TOKEN", help="its id or name, or the token itself where it was found")
    which.secret = True  # no error shows it
    revoke.examples = _REVOKE
    revoke.set_defaults(run=_revoke, deliver=None)


def _lifetime(text: str) -> float | None:
    from pulp_events.fields import parse_duration

    if text == NEVER:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: write a duration such as 12h or 90d, or {NEVER}")
    return seconds


def _tokens(arguments: argparse.Namespace) -> Tokens:
    from pulp_events_web.access.store import AccessStore
    from pulp_events_web.access.tokens import Tokens

    return Tokens(AccessStore(arguments.session.settings().data_dir), time.time)


def _create(_: None, arguments: argparse.Namespace) -> int:
    from pulp_events_web.principal import Role

    secret, made = _tokens(arguments).create(
        arguments.name, Role.of(arguments.role), arguments.expires, arguments.trusted
    )
    if arguments.json:
        print(json.dumps({**_record(made), "token": secret}, indent=2))  # noqa: T201
        return 0
    until = "for ever" if made.expires is None else f"until {_moment(made.expires)}"
    trusted = ", trusted" if made.trusted else ""
    print(f"{secret}\n\n{made.name} ({made.role}{trusted}), valid {until}. It is not shown again.")  # noqa: T201
    return 0


def _list(_: None, arguments: argparse.Namespace) -> int:
    found = _tokens(arguments).all()
    if arguments.json:
        print(json.dumps([_record(each) for each in found], indent=2))  # noqa: T201
        return 0
    if not found:
        print("No token was made. `pulp-admin event web token create --role ROLE` makes one.")  # noqa: T201
        return 0
    now = time.time()
    rows = [("ID", "NAME", "ROLE", "TRUSTED", "CREATED", "EXPIRES")]
    for each in found:
        expires = NEVER if each.expires is None else _moment(each.expires) + (" (over)" if each.expired(now) else "")
        rows.append(
            (each.id, each.name, str(each.role), "yes" if each.trusted else "no", _moment(each.created), expires)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())  # noqa: T201
    return 0


def _revoke(_: None, arguments: argparse.Namespace) -> int:
    revoked = _tokens(arguments).revoke(arguments.token)
    if arguments.json:
        print(json.dumps({"revoked": revoked.id}))  # noqa: T201
    else:
        print(f"Revoked {revoked.name} ({revoked.id})")  # noqa: T201
    return 0


def _record(token: Token) -> dict[str, Any]:
    return {
        "id": token.id, "name": token.name, "role": str(token.role), "trusted": token.trusted,
        "created": _moment(token.created), "expires": None if token.expires is None else _moment(token.expires),
    }  # fmt: skip


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
