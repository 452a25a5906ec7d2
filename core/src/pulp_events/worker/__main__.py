"""`python -m pulp_events.worker`: the process that `deliver="process"` and `pulp-admin event worker` start."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence

from pulp_events.bus import EventBus
from pulp_events.errors import EventsError
from pulp_events.worker.log import handler
from pulp_events.worker.worker import Worker


def main(arguments: Sequence[str]) -> int:
    """Work until told to stop. `arguments`: one JSON object, as `command` writes it."""
    options = json.loads(arguments[0])
    logging.basicConfig(level=options["log_level"], handlers=[handler(options["log_json"])])

    def open_bus() -> EventBus:
        return EventBus.open(options["config"], data_dir=options["data_dir"])

    try:
        return Worker(open_bus, options["grace"], options["parent"]).run()
    except EventsError as error:
        print(f"pulp-events worker: {error}", file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
