"""`pulp event delivery`."""

from __future__ import annotations

from typing import Any

import click
from pulp_cli.generic import PulpCLIContext, pass_pulp_context, pulp_command, pulp_group
from pulp_glue.events.context import PulpEventDeliveryContext, PulpEventListenerContext

from pulp_cli_events.listing import list_command

_STATES = ["pending", "delivered", "dead"]

pass_delivery_context = click.make_pass_decorator(PulpEventDeliveryContext)

_LISTENER = [
    click.option("--listener-id", metavar="ID", help="only deliveries to this listener, by id"),
    click.option("--listener", "listener_name", metavar="NAME", help="the same, by name or href"),
]
_WHICH = [
    click.option("--event-type", metavar="TYPE", help="only deliveries of this event type, or of types that match it"),
    click.option("--since", metavar="TIME", help="only events emitted at or after this time: 2026-11-24T08:00Z"),
    click.option("--until", metavar="TIME", help="only events emitted before this time"),
]


@pulp_group(name="delivery", help="View and manage deliveries.", short_help="view and manage deliveries")
@pass_pulp_context
@click.pass_context
def delivery(ctx: click.Context, pulp_ctx: PulpCLIContext, /) -> None:
    """Commands on deliveries."""
    ctx.obj = PulpEventDeliveryContext(pulp_ctx)


def _of(pulp_ctx: Any, given: dict[str, Any]) -> PulpEventListenerContext | None:
    """The listener that was named; its options are taken out."""
    listener_id, name = given.pop("listener_id", None), given.pop("listener_name", None)
    if listener_id is None and name is None:
        return None
    if name and name.startswith("/"):
        return PulpEventListenerContext(pulp_ctx, pulp_href=name)
    found = {"listener_id": listener_id, "name": name}
    return PulpEventListenerContext(pulp_ctx, entity={key: each for key, each in found.items() if each is not None})


def _pages(context: PulpEventDeliveryContext, limit: int, offset: int, parameters: dict[str, Any]) -> Any:
    listener = _of(context.pulp_ctx, parameters)
    return (listener.deliveries if listener else context.all)(limit, offset, parameters)


@pulp_command(name="show", help="Show a delivery, its attempts and its report.", short_help="show a delivery in full")
@click.option("--delivery-id", required=True, metavar="ID", help="id of the delivery, as `list` shows it")
@pass_delivery_context
@pass_pulp_context
def show(pulp_ctx: PulpCLIContext, delivery_ctx: PulpEventDeliveryContext, /, delivery_id: str) -> None:
    """All of it."""
    pulp_ctx.output_result(delivery_ctx.details(delivery_id))


@pulp_command(
    name="retry", help="Deliver again: one delivery, or the dead ones of a listener.", short_help="deliver again"
)
@click.option("--delivery-id", metavar="ID", help="only this delivery")
@click.option("--state", type=click.Choice(_STATES), help="instead of dead ones, those in this state")
@pass_delivery_context
@pass_pulp_context
def retry(
    pulp_ctx: PulpCLIContext, delivery_ctx: PulpEventDeliveryContext, /, delivery_id: str | None, **which: Any
) -> None:
    """One request, whatever the number."""
    listener = _of(pulp_ctx, which)
    which = {key: value for key, value in which.items() if value is not None}
    if (delivery_id is None) == (listener is None) or (delivery_id is not None and which):
        raise click.UsageError("say which: --delivery-id alone, or --listener-id or --listener with further options.")
    if listener is not None:
        pulp_ctx.output_result(listener.retry(**which))
    else:
        assert delivery_id is not None
        pulp_ctx.output_result(delivery_ctx.retry(delivery_id))


for option in (*_LISTENER, *_WHICH):
    retry = option(retry)
delivery.add_command(
    list_command(
        PulpEventDeliveryContext,
        _pages,
        [
            *_LISTENER,
            click.option("--state", type=click.Choice(_STATES), help="only deliveries in this state"),
            click.option("--event-id", metavar="ID", help="only deliveries of this event"),
            *_WHICH,
            click.option("--before", metavar="ID", help="continue after this delivery, the last one of a page"),
        ],
    )
)
delivery.add_command(show)
delivery.add_command(retry)
