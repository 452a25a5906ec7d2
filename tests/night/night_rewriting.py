"""Writes what the screen showed into the scripts: `pytest tests/night -m "" --snapshot-update`. Look at the diff."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path


class Rewriting:
    """What differs in one script. A line that still fits what is printed stays as it is, with its wildcards."""

    def __init__(self):
        self._found = []

    def note(self, frame, varying, shown, screen):
        """What the call in this frame is to show from now on; what it calls by other names keeps them."""
        path = Path(frame.f_code.co_filename)
        call = _call(path, frame.f_lineno)
        kept = [line for line in shown.strip("\n").split("\n") if line]
        for sample, real in varying.names.items():
            screen = screen.replace(real, sample)
        lines = []
        for line in screen.split("\n"):
            same = next((each for each in kept if each != "…" and _fits(varying, each, line)), line)
            lines.append(same)
        self._found.append((path, call, "\n".join(lines)))
        for kind in varying.found(screen):
            varying.names.setdefault(kind, kind)

    def write(self):
        """Write it, from the last call to the first."""
        for path, call, text in sorted(self._found, key=lambda each: -each[1].lineno):
            lines = path.read_text("utf-8").splitlines(keepends=True)
            old = call.args[{"types": 1, "watches": 2}[call.func.attr]]
            indent = " " * (call.col_offset + 4)
            body = textwrap.indent(text.strip("\n"), indent).replace("\\", "\\\\")
            first, last = lines[old.lineno - 1][: old.col_offset], lines[old.end_lineno - 1][old.end_col_offset :]
            prefix = f"\n{indent}" if first.strip() and not first.isspace() else ""
            new = f'{first.rstrip() if prefix else first}{prefix}"""\n{body}\n{indent}"""{last}'
            lines[old.lineno - 1 : old.end_lineno] = [new]
            path.write_text("".join(lines), "utf-8")


def _fits(varying, shown, real):
    before = dict(varying.names)
    try:
        # The names in the line that was printed are those of the script already.
        varying.names = {sample: sample for sample in before}
        varying.compare(shown, real, "")
    except AssertionError:
        return False
    finally:
        varying.names = before
    return True


def _call(path, line):
    tree = ast.parse(path.read_text("utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("types", "watches")
        and node.lineno <= line <= node.end_lineno
    ]
    return calls[-1]
