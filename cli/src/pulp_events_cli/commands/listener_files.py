"""`pulp-admin event listener export|apply`: listeners as files that can be kept, compared and moved."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from pulp_events.errors import EventsError, StoreBusy
from pulp_events_cli import paths
from pulp_events_cli.commands.labelled import add_label, labels_in
from pulp_events_cli.commands.one_listener import add_listener_id, add_yes, ask
from pulp_events_cli.errors import DONE, FOUND, CommandFailed, UsageError
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.listener_files import changes as carrying_out
from pulp_events_cli.listener_files import document, plan
from pulp_events_cli.output import files, listener_records
from pulp_events_cli.output.asking import can_ask
from pulp_events_cli.output.progress import Progress
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.screen import show_lines
from pulp_events_cli.output.streams import confirm, say, warning
from pulp_events_cli.output.text import count
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.stopping import stoppable

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener

ROUNDS = 5
"""How often changes are planned and made while other commands change the same records."""


def fill_export(parser: Parser) -> None:
    """Add the options of `export`."""
    add_listener_id(parser, "only this listener, by id or name; may be repeated", required=False, several=True)
    add_label(parser, "only listeners with this label")
    parser.add_argument(
        "--with-secrets", action="store_true", help="write secrets in plain text; by default they are masked"
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write to this file, readable by its owner only, instead of printing"
    )
    parser.epilog = (
        "The output is YAML, or JSON with --json. Applying a masked secret leaves the stored one unchanged. References "
        "such as env:NAME are not secrets and are always written."
    )
    parser.set_defaults(run=_export, only_reads=True)


def fill_apply(parser: Parser) -> None:
    """Add the options of `apply`."""
    parser.add_argument(
        "-f",
        "--file",
        required=True,
        metavar="FILE",
        help="YAML or JSON, as written by `export`; - reads standard input",
    )
    parser.add_argument("--prune", action="store_true", help="delete listeners that are not in the file")
    add_yes(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would change without changing anything")
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help=f"with --dry-run: end with exit code {FOUND} if something would change",
    )
    parser.epilog = (
        "An entry is the listener with its id, or where no listener has it, the one with its name; else it creates "
        "one. An entry with neither id nor name creates a listener, unless an identical one exists. Everything is "
        "checked first, then stored in one write."
    )
    parser.set_defaults(run=_apply)


def _export(bus: EventBus, arguments: argparse.Namespace) -> int:
    chosen = {listener_ids.find(bus, text).id for text in arguments.listener_id or ()}
    entries = [
        document.from_listener(each, None if arguments.with_secrets else bus.listeners.redacted(each))
        for each in bus.listeners.list(labels=labels_in(arguments))
        if not chosen or each.id in chosen
    ]
    text = document.write(entries, arguments.json)
    if arguments.output is None:
        print(text, end="")
        return DONE
    path = paths.named("--output", arguments.output)
    try:
        is_file = files.write(path, text)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}; name a writable file") from error
    if is_file:  # else the text may have gone where this would go
        confirm(f"{count(len(entries), 'listener', 'listeners')} written to {path}")
    return DONE


def _apply(bus: EventBus, arguments: argparse.Namespace) -> int:
    if arguments.exit_code and not arguments.dry_run:
        raise UsageError("--exit-code says whether something would change; give --dry-run, too")
    name, text = _read(arguments.file)
    entries = document.read(text, name)

    def make() -> list[plan.Change]:
        return plan.make(bus, entries, name, arguments.prune)

    if arguments.dry_run:
        changes = make()
        ids = [change.listener_id for change in changes]
    else:
        changes, ids = _carry_out(bus, make, _asking(bus, arguments))
    differs = any(change.action != plan.UNCHANGED for change in changes)
    if arguments.json:
        shown = [
            {
                "action": change.action,
                "id": listener_id,
                "notifier_type_id": change.type_id,
                "differences": carrying_out.differences(bus, change),
            }
            for change, listener_id in zip(changes, ids, strict=True)
        ]
        print_json({"dry_run": arguments.dry_run, "changes": shown})
    else:
        if differs:
            show_lines(carrying_out.lines(bus, changes))
        confirm(carrying_out.summary(changes, arguments.dry_run))
    if not arguments.dry_run:
        new = {each for change, each in zip(changes, ids, strict=True) if change.action == plan.CREATE}
        _warn_of_mute(bus, [each for each in bus.listeners.list() if each.id in new])
    return FOUND if differs and arguments.exit_code else DONE


def _asking(bus: EventBus, arguments: argparse.Namespace) -> Callable[[list[plan.Change]], None]:
    """Asks whether to delete what is not in the file, and give up what is pending for it: that cannot be undone.

    Once, unless a plan that was made again deletes more than was agreed to.
    """
    agreed_to: set[str | None] = set()

    def ask_once(changes: list[plan.Change]) -> None:
        gone = [change for change in changes if change.action == plan.DELETE]
        if not agreed_to.issuperset(change.listener_id for change in gone) and not arguments.yes and can_ask():
            show_lines(carrying_out.lines(bus, gone))
            ask(arguments, f"Delete {count(len(gone), 'listener', 'listeners')}, with pending deliveries?")
            agreed_to.update(change.listener_id for change in gone)

    return ask_once


def _warn_of_mute(bus: EventBus, created: list[Listener]) -> None:
    """Nobody muted these: they were created during a mute of all."""
    joined = [each for each in created if each.muted_with_all and each.muted_for(bus.clock.time())]
    if joined:
        said = f"{count(len(joined), 'new listener is', 'new listeners are')} muted like all listeners"
        warning(f"{said}, {listener_records.mute_text(joined[0])}")


def _carry_out(
    bus: EventBus, make: Callable[[], list[plan.Change]], agree: Callable[[list[plan.Change]], None]
) -> tuple[list[plan.Change], list[str | None]]:
    """Make the changes, all or none; returns those that were made, and the ids of their listeners.

    `agree` raises if a plan is not to be carried out.

    Where other commands changed the records since the plan was made, it is made again, so that the records are as if
    one command had been run after the other. Should they never cease, the last plan is carried out as far as it goes.
    """
    for rounds_left in reversed(range(ROUNDS)):
        planned_on = bus.listeners.list() if rounds_left else None
        changes = make()
        agree(changes)
        try:
            ids, missing = _together(bus, changes, planned_on)
            break
        except StoreBusy as error:
            if not rounds_left:
                raise CommandFailed(f"{error}; nothing was changed") from error
    made = []
    for change, listener_id in zip(changes, ids, strict=True):
        if listener_id in missing and change.action == plan.UPDATE:
            say("warning", f"listener {listener_id} was deleted in the meantime and stays deleted")
        else:
            made.append((change, listener_id))
    return [change for change, _ in made], [listener_id for _, listener_id in made]


def _together(
    bus: EventBus, changes: list[plan.Change], planned_on: list[Listener] | None
) -> tuple[list[str | None], frozenset[str]]:
    ids: list[str | None] = []
    several = bus.listeners.together(missing_ok=True, planned_on=planned_on)
    try:
        with stoppable() as stopped, Progress("apply: listeners", lambda: len(changes)) as progress, several:
            for change in changes:
                if stopped():
                    raise CommandFailed("interrupted; nothing was changed")
                ids.append(carrying_out.collect(several, change))
                progress.show(len(ids))
    except StoreBusy:
        raise
    except EventsError as error:
        done = "the listeners now match the file, but " if several.stored else ""
        raise CommandFailed(f"{done}{error}{'' if several.stored else '; nothing was changed'}") from error
    return ids, several.missing


def _read(name: str) -> tuple[str, str]:
    try:
        if name == "-":
            return "standard input", sys.stdin.read() if sys.stdin is not None else ""
        if not name:  # as of a variable that is not set; it would stand for the folder that we are in
            raise UsageError("--file is empty; name a file written by `export`, or - for standard input")
        return name, paths.named("--file", name).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}; name a file written by `export`") from None
    except ValueError:
        raise UsageError(f"{name}: not UTF-8 text") from None
