"""`python -m pulp_events.worker`: the process that `deliver="process"` and `pulp-admin event worker` start."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from pulp_events.bus.event_bus import EventBus
from pulp_events.errors import EventsError
from pulp_events.settings.given import GivenSettings
from pulp_events.worker.log import handler
from pulp_events.worker.worker import Worker


def main(arguments: Sequence[str]) -> int:
    """Work until told to stop. `arguments`: one JSON object, as `command` writes it."""
    options = json.loads(arguments[0])
    given = GivenSettings.load(_standard_input()) if options.get("reads_settings") else None
    logging.basicConfig(level=options["log_level"], handlers=[handler(options["log_json"], _own_stdout())])
    logging.captureWarnings(True)  # through the handler, which shows no secrets

    def open_bus() -> EventBus:
        return EventBus.open(
            options["config"], settings=given, data_dir=options["data_dir"], imports=options["imports"]
        )

    try:
        return Worker(open_bus, options["grace"], options["parent"]).run()
    except EventsError as error:
        print(f"pulp-events worker: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _standard_input() -> bytes:
    """What is there, once: afterwards nothing is."""
    found = sys.stdin.buffer.read()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return found


def _own_stdout() -> TextIO | None:
    """Standard output for the log alone: whatever else is written there, as by a plugin, goes to standard error."""
    try:
        own = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
        os.dup2(2, 1)
    except OSError:  # one of them is closed
        return None
    return own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
