"""`pulp-admin event health`: whether events are delivered, with an exit code for probes and monitoring."""

from __future__ import annotations

import argparse
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import DONE, FAILED, FOUND, UsageError
from pulp_events_cli.output.records import print_json
from pulp_events_cli.parser.argument_types import duration, lifetime, positive
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

if TYPE_CHECKING:
    from pulp_events.health.answer import ServiceHealth
    from pulp_events_cli.output.findings import Finding

_LEAST_SILENCE = 30.0
"""Seconds: a process that delivers is heard every 15 to 25."""
_CODES = {"ok": DONE, "degraded": FOUND, "failing": FAILED}


def fill(parser: Parser, session: Session) -> None:
    """Add the options."""
    parser.add_argument("--live", action="store_true", help="only check that a process delivers")
    parser.add_argument("--ready", action="store_true", help="only check that the stores can be read and written")
    parser.add_argument(
        "--here", action="store_true", help="only count processes of this host or container as delivering"
    )
    parser.add_argument(
        "--nagios", action="store_true", help="print a line with performance data, and exit with a code of Nagios"
    )
    parser.add_argument(
        "--max-pending", type=positive, metavar="NUMBER", help="it is degraded if more deliveries are pending"
    )
    parser.add_argument(
        "--silence", type=_silence, default=90.0, metavar="DURATION", help="how long a process may be silent before it "
        "counts as hanging; default: 90s, at least 30s",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=lifetime, default=10.0, metavar="DURATION", help="how long all of it may take before the "
        "stores count as unusable; default: 10s",
    )  # fmt: skip
    parser.epilog = (
        "The exit code is 0 if all is well, 1 if nothing delivers or a store is unusable, 3 if it works but something "
        "is wrong: a listener that fails, deliveries that are overdue. With --nagios it is 0, 1 (warning), 2 "
        "(critical) or 3 (unknown)."
    )
    parser.set_defaults(run=_run, deliver=None, reports_config=True, only_reads=True)


def _silence(text: str) -> float:
    seconds = duration(text)
    if seconds < _LEAST_SILENCE:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is too short: a process is heard every 15 to 25 seconds")
    return seconds


def _run(bus: None, arguments: argparse.Namespace) -> int:
    if arguments.nagios and arguments.json:
        raise UsageError("--nagios prints a line for Nagios; leave out one of --nagios and --json")
    if arguments.max_pending is not None and (arguments.live or arguments.ready):
        raise UsageError("--max-pending is not looked at by --live and --ready; leave those out, or --max-pending")
    if not arguments.nagios:
        return _show(_look(arguments), arguments)
    from pulp_events_cli.health import nagios

    try:
        found = _look(arguments)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is for Nagios to show
        print(nagios.start("unknown", str(error) or type(error).__name__))
        return nagios.CODES["unknown"]
    well = "; ".join(each.text for each in _findings(found))
    print(nagios.line(found, well, time.time(), arguments.max_pending))
    return nagios.CODES[found.status]


def _look(arguments: argparse.Namespace) -> ServiceHealth:
    """The health; a store that cannot be opened, or does not answer in time, is not ready. Raises SettingsError and
    PluginError."""
    from pulp_events.errors import StoreError
    from pulp_events.health.answer import ALL, Aspect, ServiceHealth, Trouble
    from pulp_events.health.processes import own_host
    from pulp_events_cli.health.time_limit import within

    session: Session = arguments.session
    session.settings()
    chosen = [each for each, wanted in ((Aspect.LIVE, arguments.live), (Aspect.READY, arguments.ready)) if wanted]
    asked = chosen or [each for each in Aspect if each in ALL]

    def look() -> ServiceHealth:
        bus = session.open_bus("external")
        try:
            return bus.health(
                asked,
                host=own_host() if arguments.here else None,
                silence=arguments.silence,
                max_pending=arguments.max_pending,
            )
        finally:
            bus.close(drain=False)

    try:
        return within(arguments.timeout, look, "health")
    except (StoreError, TimeoutError) as error:
        aspect = Aspect.READY if Aspect.READY in asked else Aspect.LIVE
        said = str(error)
        if isinstance(error, TimeoutError):
            said = f"the stores gave {error}: a database hangs, or a lock is kept; look there, or raise --timeout"
        return ServiceHealth(
            live=None if aspect == Aspect.READY else False,
            ready=False if aspect == Aspect.READY else None,
            troubles=(Trouble(aspect, "outbox", said),),
        )


def _show(found: ServiceHealth, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json(_for_json(found))
    else:
        from pulp_events_cli.output.findings import FINDINGS
        from pulp_events_cli.output.listing import show

        show(FINDINGS, None, _findings(found))
    return _CODES[found.status]


def _findings(found: ServiceHealth) -> list[Finding]:
    """A line for each thing that was looked at, as `config check` has them."""
    from pulp_events_cli.output.findings import NOTE, OK, PROBLEM, Finding
    from pulp_events_cli.output.text import count

    delivering = count(found.delivering, "process delivers", "processes deliver")
    pending = count(found.pending, "pending delivery", "pending deliveries")
    stores = f"{count(found.listeners, 'listener', 'listeners')} and {pending}"
    good = (
        ("live", "live", found.live, delivering),
        ("ready", "ready", found.ready, f"the stores can be read and written: {stores}"),
        ("degraded", "deliveries", found.degraded is False, "nothing fails, and nothing is overdue"),
    )
    lines = []
    for aspect, what, well, text in good:
        if well:
            lines.append(Finding(OK, what, text))
        for each in found.troubles:
            if each.aspect == aspect:
                lines.append(
                    Finding(NOTE, each.code, each.text) if aspect == "degraded" else Finding(PROBLEM, what, each.text)
                )
    return lines


def _for_json(found: ServiceHealth) -> dict[str, Any]:
    shown = {each.name: getattr(found, each.name) for each in fields(found) if each.name != "processes"}
    troubles = [{"aspect": each.aspect, "code": each.code, "text": each.text} for each in found.troubles]
    return {"status": found.status, **shown, "troubles": troubles}
