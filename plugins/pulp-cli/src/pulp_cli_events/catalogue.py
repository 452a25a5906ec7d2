"""`pulp event notifier` and `pulp event type`: what the server has."""

from __future__ import annotations

from typing import Any

import click
from pulp_cli.generic import PulpCLIContext, pass_pulp_context, pulp_command, pulp_group
from pulp_glue.events.context import PulpEventNotifierContext, PulpEventTypeContext

from pulp_cli_events.listing import list_command


def _group(name: str, context_class: type[Any], about: str, option: str, meaning: str) -> click.Group:
    @pulp_group(name=name, help=f"{about}.", short_help=about[0].lower() + about[1:])
    @pass_pulp_context
    @click.pass_context
    def group(ctx: click.Context, pulp_ctx: PulpCLIContext, /) -> None:
        ctx.obj = context_class(pulp_ctx)

    @pulp_command(name="show", help="Show details of a {entity}.", short_help="show one in full")
    @click.option(option, "wanted", required=True, help=meaning)
    @pass_pulp_context
    @click.pass_context
    def show(ctx: click.Context, pulp_ctx: PulpCLIContext, /, wanted: str) -> None:
        context = ctx.find_object(context_class)
        assert context is not None
        pulp_ctx.output_result(context.named(wanted))

    group.add_command(list_command(context_class, lambda context, *page: context.pages("list", *page)))
    group.add_command(show)
    return group


notifier = _group(
    "notifier",
    PulpEventNotifierContext,
    "Show the notifiers that listeners can have",
    "--type",
    "type id of the notifier, such as http",
)
event_type = _group(
    "type", PulpEventTypeContext, "Show the event types that listeners can name", "--name", "name of the event type"
)
