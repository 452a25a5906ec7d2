"""Makes docs/night.md's jobs from the scripts in tests/night, for docs/generate.py.

A script's docstring is the symptom, in a line, and what to know about it. What it types (`night.types`,
`night.watches`) and what is then on the screen become blocks; `night.meanwhile` is a paragraph between them.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1] / "tests/night"
SHOWS = {"types": 1, "watches": 2}
"""The calls that type something → which argument is what the screen shows."""

COMMAND = re.compile(r"pulp-admin event ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*){0,2})")


@dataclass(frozen=True)
class Job:
    """One script."""

    symptom: str
    text: str
    steps: tuple[tuple[str, str] | str, ...]
    """Commands, each with the screen, and paragraphs between them."""

    @property
    def commands(self) -> list[str]:
        """What is typed of `pulp-admin event`, without options, each once."""
        typed = [step[0] for step in self.steps if not isinstance(step, str)]
        found = [match[1] for command in typed for match in COMMAND.finditer(command)]
        return list(dict.fromkeys(" ".join(name.split()[: _depth(name)]) for name in found))


def _depth(name: str) -> int:
    """How many words of what was typed are the command: `listener http update`, but `listener history NAME`."""
    words = name.split()
    if words[0] not in ("listener", "delivery", "config", "worker", "plugin", "types"):
        return 1
    return 3 if words[:2] in (["listener", "http"], ["listener", "email"], ["listener", "amqp"]) else 2


def jobs() -> list[Job]:
    """Every job, in the order of the scripts' names."""
    return [_read(path) for path in sorted(SCRIPTS.glob("test_*.py"))]


def contents() -> str:
    """A table: symptom, commands."""
    rows = [
        f"| [{job.symptom}](#{anchor(job.symptom)}) | {', '.join(f'`{name}`' for name in job.commands)} |\n"
        for job in jobs()
    ]
    return "".join(["| what you have | what you type after `pulp-admin event` |\n", "| --- | --- |\n", *rows])


def sections() -> str:
    """Every job with what is typed and shown."""
    return "\n".join(_section(job) for job in jobs())


def anchor(heading: str) -> str:
    """The link to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _read(path: Path) -> Job:
    tree = ast.parse(path.read_text("utf-8"))
    symptom, _, text = str(ast.get_docstring(tree)).partition("\n")
    return Job(symptom.removesuffix("."), text.strip(), tuple(_steps(tree)))


def _steps(tree: ast.Module) -> Iterator[tuple[str, str] | str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    for call in sorted(calls, key=lambda each: each.lineno):
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr == "meanwhile":
            yield _text(call.args[0])
        elif call.func.attr in SHOWS:
            yield _text(call.args[0]), textwrap.dedent(_text(call.args[SHOWS[call.func.attr]])).strip("\n")


def _text(node: ast.expr) -> str:
    value = ast.literal_eval(node)
    assert isinstance(value, str), ast.dump(node)
    return value


def _section(job: Job) -> str:
    parts, block = [f"## {job.symptom}", job.text], []
    for step in [*job.steps, ""]:
        if not isinstance(step, str):
            block.append("\n".join(line for line in (f"$ {step[0]}", step[1]) if line))
            continue
        if block:
            parts.append("```text\n" + "\n".join(block) + "\n```")
        parts.append(step)
        block = []
    return "\n\n".join(part for part in parts if part) + "\n"
