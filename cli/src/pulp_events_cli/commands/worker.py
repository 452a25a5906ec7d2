"""`pulp-admin event worker`: make deliveries, in the foreground, until told to stop."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pulp_events_cli.commands import worker_list
from pulp_events_cli.errors import CommandFailed, UsageError
from pulp_events_cli.output import own_stdout
from pulp_events_cli.output.records import print_json
from pulp_events_cli.parser import plugin_options
from pulp_events_cli.parser.argument_types import duration, lifetime, positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

_START_LIMIT = 300.0


def _processes(text: str) -> int:
    from pulp_events.worker.pool import MOST_PROCESSES

    number = positive(text)
    if number > MOST_PROCESSES:
        raise argparse.ArgumentTypeError(
            f"{text!r:.60} is too large; write a number from 1 to {MOST_PROCESSES}: each process makes as many "
            "deliveries at once as `concurrency` in [delivery] says"
        )
    return number


def fill(parser: Parser, session: Session) -> None:
    """Add the options."""
    parser.add_argument(
        "--processes",
        type=_processes,
        default=1,
        metavar="NUMBER",
        help="number of worker processes, up to 256; each makes many deliveries at once; default: 1",
    )
    parser.add_argument(
        "--grace",
        type=duration,
        default=5.0,
        metavar="DURATION",
        help="how long deliveries under way may take to finish after SIGTERM or SIGINT; default: 5s",
    )
    parser.add_argument(
        "--start-limit",
        type=lifetime,
        default=_START_LIMIT,
        metavar="DURATION",
        help="how long a process may take to be ready before it is killed and replaced, with --processes or by "
        "systemd; default: 5m",
    )
    parser.add_argument(
        "--import",
        action="append",
        default=[],
        dest="imports",
        metavar="MODULE",
        help="call the functions of this module that are marked with @on or @bus.on. May be specified multiple times",
    )
    parser.add_argument(
        "--print-unit", action="store_true", help="print a systemd unit file that runs this command, and exit"
    )
    parser.add_argument(
        "--drain", action="store_true", help="make the deliveries that are due now, show progress, and exit"
    )
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        metavar="FORMAT",
        help="text: the log goes to standard error; json: one JSON object per line to standard output, as with --json; "
        "default: text",
    )
    plugin_options.add("worker", parser, session)
    parser.offer("list", "list the workers and applications that are at work", worker_list.fill)
    parser.epilog = (
        "Logs go to standard error; with --json or --log-format json, one JSON object per line goes to standard output."
    )
    parser.set_defaults(run=_run, deliver=_deliver)


def _deliver(arguments: argparse.Namespace) -> str | None:
    if arguments.drain and (arguments.print_unit or arguments.processes > 1):
        raise UsageError("--drain runs in a single process and prints no unit; leave out --processes and --print-unit")
    if arguments.drain and arguments.log_format is not None:
        raise UsageError("--drain shows progress and keeps no log; leave out --log-format")
    if arguments.json and arguments.log_format == "text":
        raise UsageError("--json logs JSON; leave out one of --json and --log-format")
    # A single worker opens its own bus, with them; several are other processes.
    arguments.imports_now = arguments.imports if arguments.drain else ()
    return None if arguments.print_unit else "external"  # --drain counts before it begins


def _run(bus: object, arguments: argparse.Namespace) -> int:
    if arguments.print_unit:
        text = _unit(arguments)
        if arguments.json:
            print_json({"unit": text})
        else:
            print(text, end="")
        return 0
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.worker.pool import WorkerPool
    from pulp_events.worker.worker import Worker

    session = arguments.session
    assert isinstance(bus, EventBus)
    if arguments.drain:
        from pulp_events_cli.commands.worker_drain import drain

        with plugin_options.around(arguments):
            return drain(bus, arguments.grace, arguments.json)
    as_json = arguments.json or arguments.log_format == "json"
    settings = bus.settings
    bus.close()
    with _logging(as_json), plugin_options.around(arguments) as beside:
        if arguments.processes > 1:
            _refuse_unknown(arguments.imports)
            pool = WorkerPool(
                arguments.processes,
                settings.path,
                None,  # as the settings say, also once they are read again
                arguments.grace,
                log_json=as_json,
                imports=arguments.imports,
                settings=settings.given,
                start_limit=arguments.start_limit,
                reloaded=beside.reload,
            )
            with own_stdout.in_place():  # which its processes inherit
                return pool.run()
        return Worker(
            lambda: session.open_bus("background", arguments.imports), arguments.grace, reloaded=beside.reload
        ).run()


def _refuse_unknown(imports: Sequence[str]) -> None:
    """Say at once what no worker could import, without importing it: it is the workers' to run."""
    from importlib.util import find_spec

    for name in imports:
        try:
            found = find_spec(name)
        except (ImportError, ValueError):
            found = None
        if found is None:
            raise CommandFailed(
                f"there is no module {name!r}; install its package in this environment, or name the folder that it is "
                "in in PYTHONPATH"
            )


def _unit(arguments: argparse.Namespace) -> str:
    """The unit file that runs what this command line asks for, without `--print-unit`."""
    from pulp_events.bus.stores import outbox_path
    from pulp_events.fields import format_duration
    from pulp_events.plugins.loader import BLOCK_VARIABLE
    from pulp_events.settings.given import Surroundings
    from pulp_events.settings.server_conf import DEFAULT_PATH
    from pulp_events_cli import own_variables, systemd_unit

    session = arguments.session
    settings = session.settings()
    if settings.path is not None and not settings.path.is_file():
        raise CommandFailed(
            f"{settings.path} is a pipe or device, which will not exist when the unit starts; name a file with --config"
        )
    around = Surroundings() if settings.given is None else settings.given.surroundings
    command = systemd_unit.program()
    reads = systemd_unit.read_by_python()
    if settings.path is not None and (session.options.config is not None or settings.path != DEFAULT_PATH):
        command += ["--config", str(settings.path.absolute())]
        reads.append(settings.path.absolute())
    command = [*around.command, "worker"] if around.command else [*command, "event", "worker"]
    command += ["--grace", format_duration(arguments.grace)]
    if arguments.processes > 1:
        command += ["--processes", str(arguments.processes)]
    if arguments.start_limit != _START_LIMIT:
        command += ["--start-limit", format_duration(arguments.start_limit)]
    if arguments.log_format is not None:
        command += ["--log-format", arguments.log_format]
    for name in arguments.imports:
        command += ["--import", name]
    command += plugin_options.given(arguments)
    named = settings.is_set("events", "data_dir")
    reads += around.reads
    # The service gets nothing of this environment: what decides where and with what it works is written down.
    kept = [BLOCK_VARIABLE, *(["XDG_DATA_HOME"] if not named else []), *(["PYTHONPATH"] if arguments.imports else [])]
    return systemd_unit.text(
        systemd_unit.Service(
            command=command,
            user=around.user or systemd_unit.user(settings.data_dir, named),
            grace=arguments.grace,
            start_limit=arguments.start_limit,
            data_dir=settings.data_dir,
            outbox=outbox_path(settings, settings.data_dir),
            reads=reads,
            environment={
                **{name: os.environ[name] for name in kept if os.environ.get(name)},
                **own_variables.told(settings),
                **around.environment,
            },
            secrets=own_variables.secret(settings),
            systemd=systemd_unit.installed_release(),
        )
    )


@contextmanager
def _logging(as_json: bool) -> Iterator[None]:
    """All records of the process in one format: plugins and libraries log under names of their own."""
    from pulp_events.system.logs import get_logger
    from pulp_events.worker.log import handler

    assert get_logger("pulp_events").name  # so that whatever waits for the first record to add handlers has done so
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = [handler(as_json, own_stdout.real())]
    root.setLevel(min(logging.INFO, level or logging.INFO))
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers = handlers
        root.setLevel(level)
