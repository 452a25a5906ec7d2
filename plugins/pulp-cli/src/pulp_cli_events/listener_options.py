"""Options that choose a listener, and those that every listener has."""

from __future__ import annotations

from typing import Any

import click
from pulp_cli.generic import href_option, lookup_callback, pulp_option

from pulp_cli_events import values

_named = pulp_option("--name", help="name of the {entity}", callback=lookup_callback("name"), expose_value=False)
_listener_id = pulp_option(
    "--listener-id",
    help="id of the {entity}, as `list` shows it",
    callback=lookup_callback("listener_id"),
    expose_value=False,
)
lookup_options = [href_option, _named, _listener_id]
"""One of them chooses the listener."""

LOOKUP = ("--href", "--name", "--listener-id")

_EVENT_TYPE = "event type, or a pattern such as repo.sync.*; may be repeated; * alone matches all types"


def attributes(updating: bool) -> list[click.Option]:
    """Options for what a listener has beside its notifier's configuration."""
    state = (
        click.Option(["--enabled/--disabled"], default=None, help="resume or stop deliveries; events wait meanwhile")
        if updating
        else click.Option(["--disabled", "disabled"], is_flag=True, help="create it disabled; its events wait")
    )
    return [
        click.Option(
            ["--event-type", "event_types"], multiple=True, required=not updating, metavar="TYPE", help=_EVENT_TYPE
        ),
        click.Option(["--description"], help="what it is for, in words"),
        click.Option(
            ["--expires"],
            metavar="DURATION",
            help="do not deliver an event later than this, such as 10m; it is then dead",
        ),
        click.Option(["--filter"], help="only events whose report makes this JMESPath expression true"),
        click.Option(
            ["--label", "labels"],
            multiple=True,
            metavar="KEY=VALUE",
            help="label, such as team=ops; may be repeated, replaces all labels",
        ),
        click.Option(
            ["--rate"],
            help="maximum rate of attempts, such as 10/s, 100/m or 1000/h, of all processes together",
        ),
        state,
    ]


_OPTION_OF = {"event_types": "--event-type", "labels": "--label", "enabled": "--enabled", "name": "--name"}


def body(given: dict[str, Any]) -> dict[str, Any]:
    """What is sent for these options; an empty value removes."""
    found: dict[str, Any] = {key: given[key] for key in ("description", "filter", "rate") if given[key] is not None}
    if given["event_types"]:
        found["event_types"] = [each.strip() for text in given["event_types"] for each in text.split(",")]
    if given["labels"]:
        pairs = [values.pair(each, "--label") for each in given["labels"] if each]
        found["labels"] = dict(pairs)
    if given["expires"] is not None:
        found["expires"] = values.seconds(given["expires"], "--expires") if given["expires"] else ""
    if given.get("disabled"):
        found["enabled"] = False
    if given.get("enabled") is not None:
        found["enabled"] = given["enabled"]
    return found


def option_of(path: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The option for a path of the server's errors, and what is left of the path."""
    if path and path[0] in ("description", "expires", "filter", "rate", *_OPTION_OF):
        return _OPTION_OF.get(path[0], f"--{path[0]}"), path[1:]
    return None, path
