"""`pulp-admin event worker`: make deliveries, in the foreground, until told to stop."""

from __future__ import annotations

import argparse
import getpass
import logging
import sys
from importlib.resources import files
from pathlib import Path

from pulp_events_cli.errors import UsageError
from pulp_events_cli.output.records import print_json
from pulp_events_cli.parser.argument_types import duration, positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session


def fill(parser: Parser, session: Session) -> None:
    """Add the options."""
    parser.add_argument(
        "--processes", type=positive, default=1, metavar="NUMBER", help="how many processes work at once; default: 1"
    )
    parser.add_argument(
        "--grace",
        type=duration,
        default=5.0,
        metavar="DURATION",
        help="how long deliveries under way may take to finish after SIGTERM or SIGINT; default: 5s",
    )
    parser.add_argument(
        "--print-unit", action="store_true", help="print a unit file for systemd that runs this command, and end"
    )
    parser.add_argument(
        "--drain", action="store_true", help="make the deliveries that are due now, show how far it is, and end"
    )
    parser.epilog = "It logs on standard error; with --json a JSON object a line on standard output."
    parser.set_defaults(run=_run, deliver=_deliver)


def _deliver(arguments: argparse.Namespace) -> str | None:
    if arguments.drain and (arguments.print_unit or arguments.processes > 1):
        raise UsageError("--drain is done by one process, and by itself; leave --processes and --print-unit out")
    return None if arguments.print_unit else "background" if arguments.drain else "external"


def _run(bus: object, arguments: argparse.Namespace) -> int:
    if arguments.print_unit:
        text = unit(Path(sys.argv[0]).absolute(), getpass.getuser())
        if arguments.json:
            print_json({"unit": text})
        else:
            print(text, end="")
        return 0
    from pulp_events.bus import EventBus
    from pulp_events.worker.pool import WorkerPool
    from pulp_events.worker.worker import Worker

    session = arguments.session
    assert isinstance(bus, EventBus)
    if arguments.drain:
        from pulp_events_cli.commands.worker_drain import drain

        return drain(bus, arguments.grace, arguments.json)
    _log(arguments.json)
    settings, data_dir = bus.settings, bus.data_dir
    bus.close()
    if arguments.processes > 1:
        return WorkerPool(arguments.processes, settings.path, data_dir, arguments.grace, log_json=arguments.json).run()
    return Worker(lambda: session.open_bus("background"), arguments.grace).run()


def unit(program: Path, user: str) -> str:
    """The unit file that comes with this package, for this program and user."""
    text = (files("pulp_events_cli") / "systemd" / "pulp-events-worker.service").read_text("utf-8")
    return text.replace("/usr/bin/pulp-admin", str(program)).replace("User=pulp", f"User={user}")


def _log(as_json: bool) -> None:
    from pulp_events.worker.log import handler

    logger = logging.getLogger("pulp_events")
    logger.handlers, logger.propagate = [handler(as_json)], False
    logger.setLevel(min(logging.INFO, logger.level or logging.INFO))
