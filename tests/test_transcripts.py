"""The user guide's transcripts (data/transcripts.txt), line by line, against the installed `pulp-admin`.

Every line of a transcript must be printed, in that order and with that layout, at 80 columns; other lines may stand
between. Ids vary.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

GUIDE = Path(__file__).parent / "data" / "transcripts.txt"
PULP_ADMIN = Path(sys.executable).with_name("pulp-admin")
PROMPT = re.compile(r"(?:\[[^\]]*\])?\$ (pulp-admin .*)")


@dataclass
class Step:
    """A command and the lines that the guide shows after it."""

    command: list[str]
    lines: list[str] = field(default_factory=list)


def transcripts() -> list[list[Step]]:
    """The guide's sessions with `pulp-admin`; each begins with an empty store."""
    found = []
    for block in GUIDE.read_text("utf-8").split("-" * 80 + "\n")[1:]:
        steps: list[Step] = []
        for line in block.splitlines():
            if prompt := PROMPT.match(line):
                steps.append(Step(shlex.split(prompt[1])[1:]))
            elif steps and line.strip():
                steps[-1].lines.append(line)
        if steps:
            found.append(steps)
    return found


def without_ids(line: str) -> str:
    return re.sub(r"\b[0-9a-f]{24}\b", "ID", line.rstrip())


def test_the_guide_has_its_sessions():
    assert sum(map(len, transcripts())) == 9


@pytest.mark.parametrize("steps", transcripts(), ids=lambda steps: " ".join(steps[0].command[:4]))
def test_every_line_of_the_guide_is_printed_in_its_order(steps, tmp_path):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n")
    environment = {**os.environ, "PULP_EVENTS_CONFIG": str(config), "COLUMNS": "80"}
    for step in steps:
        done = subprocess.run([PULP_ADMIN, *step.command], capture_output=True, text=True, env=environment, timeout=60)
        assert done.returncode == 0, done.stderr
        printed = iter(map(without_ids, done.stdout.splitlines()))
        for line in map(without_ids, step.lines):
            assert line in printed, f"not printed, or not in this order: {line!r}\n{done.stdout}"
