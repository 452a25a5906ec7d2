"""`pulp event listener`."""

from __future__ import annotations

from typing import Any

import click
from pulp_cli.generic import (
    PulpCLIContext,
    destroy_command,
    pass_pulp_context,
    pulp_command,
    pulp_group,
    pulp_option,
    role_command,
    show_command,
)
from pulp_glue.events.context import PulpEventListenerContext

from pulp_cli_events import values
from pulp_cli_events.label import label
from pulp_cli_events.listener_options import lookup_options
from pulp_cli_events.listener_types import TypeGroup
from pulp_cli_events.listing import list_command

pass_listener_context = click.make_pass_decorator(PulpEventListenerContext)


def listener_lookup(command: Any) -> Any:
    """Add the options that choose a listener."""
    for each in lookup_options:
        command = each(command)
    return command


@pulp_group(name="listener", help="Manage server-side event listeners.", short_help="manage event listeners")
@pass_pulp_context
@click.pass_context
def listener(ctx: click.Context, pulp_ctx: PulpCLIContext, /) -> None:
    """Commands on listeners."""
    ctx.obj = PulpEventListenerContext(pulp_ctx)


@pulp_command(
    name="test", help="Send a test event to a listener now.", short_help="send a test event to a listener now"
)
@listener_lookup
@pass_listener_context
@pass_pulp_context
@click.pass_context
def test(ctx: click.Context, pulp_ctx: PulpCLIContext, listener_ctx: PulpEventListenerContext, /) -> None:
    """Fail where the listener's endpoint did, so that a script notices."""
    outcome = listener_ctx.test()
    pulp_ctx.output_result(outcome)
    if any(each.get("outcome") != "delivered" for each in outcome.get("results", ())):
        ctx.exit(1)


@pulp_command(
    name="mute", help="Pause deliveries to a listener for a while.", short_help="pause deliveries to a listener"
)
@click.option("--for", "length", metavar="DURATION", help="how long, such as 30m or 2h")
@click.option("--until", metavar="TIME", help="until when, such as 2026-11-24T07:00Z")
@click.option("--reason", help="reason, shown with the listener and what waits")
@click.option(
    "--drop",
    is_flag=True,
    default=None,
    help="record deliveries of events emitted meanwhile as dead, instead of letting them wait",
)
@listener_lookup
@pass_listener_context
@pass_pulp_context
def mute(
    pulp_ctx: PulpCLIContext,
    listener_ctx: PulpEventListenerContext,
    /,
    length: str | None,
    until: str | None,
    reason: str | None,
    drop: bool | None,
) -> None:
    """It ends by itself."""
    if (length is None) == (until is None):
        raise click.UsageError("say how long by one of --for and --until.")
    span = values.seconds(length, "--for") if length is not None else None
    pulp_ctx.output_result(listener_ctx.mute(seconds=span, until=until, reason=reason, drop=drop or None))


@pulp_command(name="unmute", help="End a mute early.", short_help="end a mute early")
@listener_lookup
@pass_listener_context
@pass_pulp_context
def unmute(pulp_ctx: PulpCLIContext, listener_ctx: PulpEventListenerContext, /) -> None:
    """Deliveries that waited become due."""
    pulp_ctx.output_result(listener_ctx.unmute())


_FILTERS = [
    click.option("--name", help="only the one with this name"),
    click.option("--listener-id", help="only the one with this id"),
    click.option("--type", "notifier_type_id", metavar="TYPE", help="only listeners of this notifier type"),
    click.option("--event-type", metavar="TYPE", help="only listeners that name this event type or pattern"),
    click.option("--enabled/--disabled", default=None, help="only enabled, or only disabled ones"),
    pulp_option(
        "--q", "q", metavar="EXPRESSION", help="only {entities} for which this is true, in Pulp's query language"
    ),
]

for command in (
    list_command(PulpEventListenerContext, lambda context, *page: context.pages("list", *page), _FILTERS, ordered=True),
    show_command(decorators=lookup_options, help="Show an event listener in full.", short_help="show a listener"),
    destroy_command(decorators=lookup_options, help="Delete an event listener.", short_help="delete an event listener"),
    TypeGroup(
        name="create",
        updating=False,
        help="Create a listener of one of the server's notifier types.",
        short_help="create a listener",
        subcommand_metavar="TYPE [ARGS]...",
    ),
    TypeGroup(
        name="update",
        updating=True,
        help="Update an event listener. TYPE may be left out.",
        short_help="update an event listener",
        subcommand_metavar="[TYPE] [ARGS]...",
    ),
    test,
    mute,
    unmute,
    label,
    role_command(decorators=lookup_options, short_help="manage object roles"),
):
    listener.add_command(command)
