"""`list` commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click
from pulp_cli.generic import (
    PulpCLIContext,
    exclude_field_option,
    field_option,
    limit_option,
    offset_option,
    ordering_option,
    pass_pulp_context,
    pulp_command,
)
from pulp_glue.events.context import EventsContext


def list_command(
    context_class: type[Any],
    pages: Callable[[Any, int, int, dict[str, Any]], Any],
    options: Sequence[Any] = (),
    ordered: bool = False,
) -> click.Command:
    """A `list` command. pulp-cli's own sends parameters that not every list has.

    `pages`: called with the context, limit, offset and parameters. `ordered`: whether the list has Pulp's options for
    its order and for single fields.
    """

    @pulp_command(name="list", help="List {entities}.", short_help="list them")
    @limit_option
    @offset_option
    @pass_pulp_context
    @click.pass_context
    def listing(ctx: click.Context, pulp_ctx: PulpCLIContext, /, limit: int, offset: int, **given: Any) -> None:
        context: EventsContext | None = ctx.find_object(context_class)
        assert context is not None
        parameters = {key: value for key, value in given.items() if value not in (None, ())}
        pulp_ctx.output_result(pages(context, limit, offset, parameters))

    command: Any = listing
    for each in (*options, *((ordering_option, field_option, exclude_field_option) if ordered else ())):
        command = each(command)
    assert isinstance(command, click.Command)
    return command
