"""`pulp event listener label`."""

from __future__ import annotations

from typing import Any

import click
from pulp_cli.generic import PulpCLIContext, pass_pulp_context, pulp_command, pulp_group
from pulp_glue.events.context import PulpEventListenerContext

from pulp_cli_events.listener_options import lookup_options

pass_listener_context = click.make_pass_decorator(PulpEventListenerContext)


@pulp_group(name="label", help="Manage a listener's labels.", short_help="manage labels")
def label() -> None:
    """A listener's labels are in its field `labels`; Pulp's own commands know `pulp_labels`."""


@pulp_command(name="set", help="Add or update a label.", short_help="add or update a label")
@click.option("--key", required=True, help="key of the label")
@click.option("--value", required=True, help="value of the label")
@pass_listener_context
def label_set(listener_ctx: PulpEventListenerContext, /, key: str, value: str) -> None:
    """Other labels stay."""
    listener_ctx.update(body={"labels": {**listener_ctx.entity["labels"], key: value}})


@pulp_command(name="unset", help="Remove a label.", short_help="remove a label")
@click.option("--key", required=True, help="key of the label")
@pass_listener_context
def label_unset(listener_ctx: PulpEventListenerContext, /, key: str) -> None:
    """Other labels stay."""
    labels = dict(listener_ctx.entity["labels"])
    _one(labels, key)
    del labels[key]
    listener_ctx.update(body={"labels": labels})


@pulp_command(name="show", help="Show the value of a label.", short_help="show the value of a label")
@click.option("--key", required=True, help="key of the label")
@pass_listener_context
@pass_pulp_context
def label_show(pulp_ctx: PulpCLIContext, listener_ctx: PulpEventListenerContext, /, key: str) -> None:
    """The value alone, as `pulp … label show` elsewhere."""
    pulp_ctx.echo(_one(listener_ctx.entity["labels"], key))


def _one(labels: dict[str, Any], key: str) -> str:
    if key not in labels:
        raise click.ClickException(f"The listener has no label '{key}'.")
    return str(labels[key])


for each in (label_set, label_unset, label_show):
    command: Any = each
    for option in lookup_options:
        command = option(command)
    label.add_command(command)
