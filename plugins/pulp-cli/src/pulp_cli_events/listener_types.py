"""`pulp event listener create|update TYPE`: a command for each notifier that the server has.

The server is asked for its notifiers when such a command is run, or its help shown, and only then.
"""

from __future__ import annotations

from typing import Any

import click
from pulp_cli.generic import PulpCLIContext, PulpCommand, PulpGroup
from pulp_glue.events.context import PulpEventListenerContext, PulpEventNotifierContext

from pulp_cli_events import listener_options
from pulp_cli_events.errors import by_option
from pulp_cli_events.listener_options import LOOKUP, lookup_options
from pulp_cli_events.schema_options import FieldOption, SchemaOptions

_META = "pulp_cli_events.notifiers"


class TypeGroup(PulpGroup):
    """`create` or `update`: its commands are the notifier types."""

    def __init__(self, *args: Any, updating: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.updating = updating

    def list_commands(self, ctx: click.Context) -> list[str]:
        notifiers = _notifiers(ctx)
        return sorted(key for key, each in notifiers.all.items() if each.get("allowed", True)) if notifiers else []

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        notifiers = _notifiers(ctx)
        return TypeCommand(notifiers.named(cmd_name), self.updating) if notifiers else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `update --name x …`: the listener says which type it is.
        if self.updating and args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = [_type_of_listener(ctx, args), *args]
        return super().parse_args(ctx, args)


class TypeCommand(PulpCommand):
    """`create TYPE` or `update TYPE`."""

    def __init__(self, notifier: dict[str, Any], updating: bool) -> None:
        general = listener_options.attributes(updating)
        taken = {name for each in general for name in (*each.opts, *each.secondary_opts)} | {*LOOKUP, "--help"}
        self.options = SchemaOptions(notifier, taken)
        self.updating = updating
        what = "update an event listener" if updating else "create a listener"
        about = " ".join(str(notifier.get("description") or "").split()).replace("{", "{{").replace("}", "}}")
        super().__init__(
            name=self.options.type_id,
            params=[*self.options.params(updating), *general],
            callback=click.pass_context(self._run),
            help=what + (f".\n\n{about}" if about else "."),
            short_help=about.replace("{{", "{").replace("}}", "}"),
        )
        if updating:
            for each in reversed(lookup_options):
                each(self)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The notifier's options first, by the groups that it gives them."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if record := param.get_help_record(ctx):
                title = (param.group or "Options") if isinstance(param, FieldOption) else "General Options"
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def _run(self, ctx: click.Context, /, **given: Any) -> None:
        pulp_ctx = ctx.find_object(PulpCLIContext)
        listener_ctx = ctx.find_object(PulpEventListenerContext)
        assert pulp_ctx is not None and listener_ctx is not None
        config = self.options.config(given)
        body = listener_options.body(given)
        if self.updating:
            self._check_type(listener_ctx.entity)
        if config or not self.updating:
            body["notifier_config"] = config
        if not self.updating:
            body["notifier_type_id"] = self.options.type_id
        with by_option(self._option_of):
            result = listener_ctx.update(body=body) if self.updating else listener_ctx.create(body=body)
        pulp_ctx.output_result(result)

    def _option_of(self, path: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
        found = self.options.option_of(path)
        return found if found[0] else listener_options.option_of(path)

    def _check_type(self, listener: dict[str, Any]) -> None:
        if (found := listener["notifier_type_id"]) != self.options.type_id:
            raise click.UsageError(
                f"the listener is of the type {found}; use `pulp event listener update {found}` for it."
            )


def _notifiers(ctx: click.Context) -> PulpEventNotifierContext | None:
    """Asks once in a command; None where there is nobody to ask, as in completion."""
    pulp_ctx = ctx.find_object(PulpCLIContext)
    if pulp_ctx is None:
        return None
    listener_ctx = ctx.find_object(PulpEventListenerContext)
    found = ctx.meta.get(_META)
    if found is None or found[0] is not listener_ctx:
        found = ctx.meta[_META] = (listener_ctx, PulpEventNotifierContext(pulp_ctx))
    notifiers: PulpEventNotifierContext = found[1]
    return notifiers


def _type_of_listener(ctx: click.Context, args: list[str]) -> str:
    listener_ctx = ctx.find_object(PulpEventListenerContext)
    assert listener_ctx is not None
    finder = click.Command("update", params=[], context_settings={"ignore_unknown_options": True})
    for each in lookup_options:
        each(finder)
    finder.params.append(click.Argument(["rest"], nargs=-1, expose_value=False))
    finder.make_context("update", list(args), parent=ctx, resilient_parsing=False)
    if not listener_ctx.tangible:
        raise click.UsageError(f"say which listener, by one of {', '.join(LOOKUP)}, or TYPE --help for its options.")
    return str(listener_ctx.entity["notifier_type_id"])
