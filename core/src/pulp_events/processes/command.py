"""The command line of a worker process."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def command(
    config: Path | None,
    data_dir: Path | None,
    grace: float | None,
    log_level: int = logging.WARNING,
    log_json: bool = False,
    imports: Sequence[str] = (),
    reads_settings: bool = False,
) -> list[str]:
    """What `python -m pulp_events.worker` is to be started with, to end with this process.

    `data_dir`: None leaves it to the settings. `grace`: as of `EventBus.close`. `imports`: modules of an application
    whose functions it is to call. `reads_settings`: it finds settings on its standard input, as `GivenSettings.dump`
    has them: nobody but its own user sees those, unlike a command line.
    """
    options = {
        "config": None if config is None else str(config.absolute()),
        "data_dir": None if data_dir is None else str(data_dir.absolute()),
        "grace": grace,
        "parent": os.getpid(),
        "log_level": log_level,
        "log_json": log_json,
        "imports": list(imports),
        "reads_settings": reads_settings,
    }
    return [sys.executable, "-m", "pulp_events.worker", json.dumps(options)]
