"""`Session`: what one run of `pulp-admin` shares: global options, plugins, the event bus."""

from __future__ import annotations

import argparse
import gc
import os
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import DONE, FAILED, FOUND, USAGE
from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.output import own_stdout
from pulp_events_cli.parser.table_options import check_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from pulp_events.bus.delivery_mode import Deliver
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.plugins.registry import Plugins
    from pulp_events.settings.given import GivenSettings
    from pulp_events.settings.settings import Settings
    from pulp_events_cli.output.progress import Progress
    from pulp_events_cli.stored_listeners import StoredListeners


def _progress(what: str, total: int | None = None) -> Progress:
    """For plugins' commands: `with arguments.progress("copy: deliveries", total) as progress: progress.show(done)`."""
    from pulp_events_cli.output.progress import Progress

    return Progress(what, None if total is None else lambda: total)


def _stoppable() -> AbstractContextManager[Callable[[], bool]]:
    """For plugins' commands: `with arguments.stoppable() as stopped:`, and `stopped()` is True once Ctrl-C came."""
    from pulp_events_cli.stopping import stoppable

    return stoppable()


def _standard_output_for(run: Callable[..., object]) -> AbstractContextManager[None]:
    """A plugin's own command may print, other code of plugins may not."""
    if str(getattr(run, "__module__", "")).partition(".")[0] == __name__.partition(".")[0]:
        return nullcontext()
    return own_stdout.lent()


def _collect_garbage() -> None:
    """The command may run for long. What was built until now stays to the end, and is not looked through; not so in a
    program that calls `main`, which never turned it off."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


class Session:
    """Loads plugins and opens the bus when they are first needed."""

    def __init__(self, options: GlobalOptions) -> None:
        self.options = options
        self.carried_out: bool | None = None
        """Whether a command that changes something was; None: no such command was begun."""

    @cached_property
    def plugins(self) -> Plugins:
        """The installed plugins; none with `--no-plugins`."""
        if self.options.no_plugins:
            from pulp_events.plugins.registry import Plugins

            return Plugins()
        from pulp_events_cli.loading import load

        return load()

    @cached_property
    def given(self) -> GivenSettings | None:
        """Settings that a plugin offers; None where a file is named, or no plugin does. Raises SettingsError."""
        from pulp_events.settings.server_conf import ENVIRONMENT_VARIABLE

        if self.options.config is not None or os.environ.get(ENVIRONMENT_VARIABLE):
            return None
        if not any(True for _ in self.plugins.hooks("pulp_settings")):
            return None
        from pulp_events_cli.offered_settings import offered

        return offered(self.plugins)

    def settings(self) -> Settings:
        """The settings that hold for commands. Raises SettingsError."""
        from pulp_events.settings.settings import Settings

        return Settings.load(self.options.config, self.plugins.settings_sections, self.given)

    def open_bus(self, deliver: Deliver, imports: Sequence[str] = ()) -> EventBus:
        """The bus that a command works with; `imports`: modules of an application whose functions it is to call."""
        from pulp_events.bus.event_bus import EventBus
        from pulp_events.system.who import user

        bus = EventBus.open(
            self.options.config,
            settings=self.given,
            deliver=deliver,
            plugins=self.plugins,
            imports=imports,
            by=user(os.environ),
        )
        bus.learn_event_types()
        return bus

    def open_listeners(self, deliver: Deliver) -> EventBus | StoredListeners:
        """What a command works with that may need no more than to read listeners."""
        from pulp_events.bus import homes

        if homes.stand_in() is not None:  # a test's bus has its listeners elsewhere
            return self.open_bus(deliver)
        from pulp_events_cli.stored_listeners import StoredListeners

        return StoredListeners(self.settings(), self.plugins, lambda: self.open_bus(deliver))

    def run(self, arguments: argparse.Namespace) -> int:
        """Carry out the command that was parsed; returns the exit code.

        A command that changes nothing sets `only_reads`, so that an error in writing what it says is told as one that
        matters no further.
        """
        arguments.session = self
        arguments.json = self.options.json
        check_json(arguments)
        arguments.progress = _progress
        arguments.stoppable = _stoppable
        run = getattr(arguments, "run", None)
        if run is None:
            arguments.parser.print_help()
            return 0
        changes = not (getattr(arguments, "only_reads", False) or getattr(arguments, "dry_run", False))
        self.carried_out = False if changes else None
        code = self._carry_out(arguments, run)
        self.carried_out = True if changes else None
        return code

    def _carry_out(self, arguments: argparse.Namespace, run: Callable[..., Any]) -> int:
        deliver = getattr(arguments, "deliver", "external")
        if callable(deliver):
            deliver = deliver(arguments)
        if deliver is None:
            self._refuse_missing_config(arguments)
            _collect_garbage()
            with _standard_output_for(run):
                return int(run(None, arguments))
        if getattr(arguments, "reads_listeners", False):
            opened = self.open_listeners(deliver)
        else:
            opened = self.open_bus(deliver, getattr(arguments, "imports_now", ()))
        _collect_garbage()
        with opened as bus, _standard_output_for(run):
            code = run(bus, arguments)
        # A plugin's command that forgets to return a code has done its work; one that returns nonsense has not.
        return DONE if code is None else code if code in (DONE, FAILED, USAGE, FOUND) else FAILED

    def _refuse_missing_config(self, arguments: argparse.Namespace) -> None:
        """Raise SettingsError if a file was named that is not there, for commands that do not open it."""
        if not getattr(arguments, "reports_config", False):
            from pulp_events.settings import server_conf

            server_conf.locate(self.options.config)
