"""Runs `pulp-admin` for tests: in this process, or as a process of its own.

The command is found as an installed console script, so that nothing here depends on the CLI's package.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from unittest import mock

from pulp_events.plugins.registry import Plugins
from pulp_events.settings.server_conf import ENVIRONMENT_VARIABLE


@dataclass(frozen=True)
class Run:
    """What a command line did."""

    code: int
    """The exit code."""
    out: str
    """What it wrote to standard output."""
    err: str
    """What it wrote to standard error."""


class Admin:
    """`admin("event", "types")` runs `pulp-admin` in this process; `admin.process(…)` runs it as a separate one.

    `config`: the server.conf for both. `plugins`: those that the in-process run finds installed.
    """

    def __init__(self, config: Path | None = None, plugins: Plugins | None = None) -> None:
        self.config = config
        self.plugins = plugins

    def __call__(self, *words: str, stdin: str = "") -> Run:
        """Run in this process."""
        [script] = entry_points(group="console_scripts", name="pulp-admin")
        main = script.load()
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as stack:
            if self.config is not None:
                stack.enter_context(mock.patch.dict(os.environ, {ENVIRONMENT_VARIABLE: str(self.config)}))
            if (plugins := self.plugins) is not None:
                stack.enter_context(mock.patch.object(Plugins, "load", lambda: plugins))
            stack.enter_context(mock.patch.object(sys, "stdin", io.StringIO(stdin)))
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            code = main(list(words))
        return Run(code, out.getvalue(), err.getvalue())

    def process(self, *words: str, stdin: str = "", timeout: float = 60.0) -> Run:
        """Run the installed command, with the plugins that are installed."""
        environment = dict(os.environ)
        if self.config is not None:
            environment[ENVIRONMENT_VARIABLE] = str(self.config)
        program = Path(sys.executable).with_name("pulp-admin")
        done = subprocess.run(
            [str(program), *words],
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)


def in_process(words: Sequence[str], config: Path | None, plugins: Plugins) -> str:
    """Standard output of a command line that must succeed."""
    done = Admin(config, plugins)(*words)
    assert done.code == 0, done.err
    return done.out


def is_installed() -> bool:
    """True if the command is there."""
    return bool(entry_points(group="console_scripts", name="pulp-admin"))
