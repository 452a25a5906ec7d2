"""`Runner` runs a document: every example in it is executed, from top to bottom, beside real servers.

How the code blocks of a document are read:

- `python`: executed, all blocks of a document in one namespace
- any block whose first line is a comment with a file name (`# chat.py`): written to that file, in the document's
  folder; a `pyproject.toml` also makes the folder an installed distribution with the entry points that it names
- `console`: each line that begins with `$ ` is run by a shell, and what follows it is what must be printed. Ids, times
  and durations may differ, but the same id in the document stands for the same id throughout; `…` stands for any text
- `ini`: must be a valid server.conf
- `eml`, `http`: must be the last message, or request, that the SMTP server, or the HTTP server, received
- anything else (`sh`, `text`, `json` …) is only shown

The HTTP server receives what is sent to any host by way of being the proxy. It answers 200; 404 to paths that end in
`/no-such-hook`; 503 for the host `down.example`.
"""

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pulp_events.bus import unclosed
from pulp_events.settings.settings import Settings

sys.path.insert(0, str(Path(__file__).parent))
from varying import Varying

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (?P<name>[\w./-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ (?P<command>.*(?:\n> .*)*)\n?(?P<output>(?:(?!\$ ).*\n?)*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced code block."""

    language: str
    text: str
    line: int
    """Number of its first line in the document."""

    @property
    def file(self):
        """Name of the file that it is, if it is one."""
        found = FILE.match(self.text)
        return found["name"] if found and not self.text.startswith("# /") else None


def blocks(path):
    """The fenced code blocks of a document, in order."""
    text = path.read_text("utf-8")
    for found in BLOCK.finditer(text):
        yield Block(found["language"], found["text"], text.count("\n", 0, found.start()) + 2)


def commands(block):
    """The commands of a `console` block, each with what it prints."""
    for found in COMMAND.finditer(block.text):
        yield found["command"].replace("\n> ", "\n"), found["output"]


class Runner:
    """Executes one document."""

    def __init__(self, folder, http, environment):
        self.folder = folder
        self.http = http
        self.environment = environment
        self.smtp = None
        self.varying = Varying()
        self.here = {}
        """Names of the document → what stands for them here."""
        self.namespace = {"__name__": "__main__"}
        self._others = set(unclosed._open)

    def end(self):
        """Close what the examples left open, as the end of a process does."""
        for bus in set(unclosed._open) - self._others:
            bus.close(0.0, drain=False)

    def run(self, path):
        for block in blocks(path):
            action = getattr(self, f"_{block.language}", None)
            if block.file:
                self._write(block)
            elif action is not None:
                action(block, f"{path.relative_to(ROOT)}, line {block.line}")

    def _write(self, block):
        target = self.folder / block.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, "utf-8")
        if target.name == "pyproject.toml":
            install(target)

    def _python(self, block, place):
        code = compile("\n" * (block.line - 1) + block.text, place.partition(",")[0], "exec")
        exec(code, self.namespace)

    def _ini(self, block, place):
        from pulp_events.plugins.registry import Plugins

        path = self.folder / "shown.conf"
        path.write_text(block.text, "utf-8")
        Settings.load(path, Plugins.load().settings_sections)

    def _console(self, block, place):
        for shown, output in commands(block):
            command = self.varying.as_here(shown)
            for name, real in self.here.items():
                command = command.replace(name, real)
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=self.folder, env=self.environment, capture_output=True, text=True,
            )  # fmt: skip
            printed = done.stdout + done.stderr
            for name, real in self.here.items():
                printed = printed.replace(real, name)
            self.varying.compare(output, printed, f"{place}\n$ {command}")

    def _eml(self, block, place):
        raw = self.smtp.messages[-1].raw.decode().replace("\r\n", "\n")
        self.varying.compare(block.text, raw, place)

    def _http(self, block, place):
        request = self.http.requests[-1]
        headers = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
        sent = f"{request.method} {request.path}\n{headers}\n{request.body.decode()}\n"
        self.varying.compare(block.text, sent, place)


def install(project):
    """Make the folder of a pyproject.toml look installed, as `pip install` would: an entry point is all that counts."""
    content = tomllib.loads(project.read_text("utf-8"))["project"]
    metadata = project.parent / f"{content['name'].replace('-', '_')}-{content['version']}.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Name: {content['name']}\nVersion: {content['version']}\n")
    groups = content["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in names.items()) for group, names in groups]
    (metadata / "entry_points.txt").write_text("".join(lines))
