"""Runs the documents: every example in them is executed, from top to bottom, beside real servers.

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

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from pulp_events.settings.settings import Settings
from pulp_events.testing.http_sink import Answer, HttpSink

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (?P<name>[\w./-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ (?P<command>.*(?:\n> .*)*)\n?(?P<output>(?:(?!\$ ).*\n?)*)", re.MULTILINE)

VARYING = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "id": r"\b[0-9a-f]{24}\b",
    "utc": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)",
    "local": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
    "mail": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000",
    "seconds": r"\b\d+\.\d{3}\b",
}
NAMED = ("uuid", "id")
TOKENS = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in VARYING.items()) + "|(?P<any>…)")


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
        self.names = {}
        """What an id in the document stands for in this run."""
        self.namespace = {"__name__": "__main__"}

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
            command = self.as_here(shown)
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=self.folder, env=self.environment, capture_output=True, text=True,
            )  # fmt: skip
            self.compare(output, done.stdout + done.stderr, f"{place}\n$ {command}")

    def _eml(self, block, place):
        raw = self.smtp.messages[-1].raw.decode().replace("\r\n", "\n")
        self.compare(block.text, raw, place)

    def _http(self, block, place):
        request = self.http.requests[-1]
        headers = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
        self.compare(block.text, f"{request.method} {request.path}\n{headers}\n{request.body.decode()}\n", place)

    def as_here(self, text):
        """A command with the ids of this run."""
        for shown, real in self.names.items():
            text = text.replace(shown, real)
        return text

    def compare(self, shown, real, place):
        """Assert that what was printed is what the document shows; ids that are new in it mean these from now on."""
        shown, real = (re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n") for text in (shown, real))
        pattern, groups = self._pattern(shown)
        found = re.fullmatch(pattern, real, re.DOTALL)
        assert found, f"{place}\n--- the document says\n{shown}\n--- printed was\n{real}"
        for group, name in groups.items():
            self.names[name] = found[group]

    def _pattern(self, shown):
        """A regular expression for the output, and group → id of the document for ids that are new in it."""
        parts, groups, position = [], {}, 0
        for found in TOKENS.finditer(shown):
            parts.append(re.escape(shown[position : found.start()]))
            position = found.end()
            kind, text = found.lastgroup, found[0]
            if kind == "any":
                parts.append(".*?")
            elif kind not in NAMED:
                parts.append(VARYING[kind])
            elif text in self.names:
                parts.append(re.escape(self.names[text]))
            elif text in groups.values():
                parts.append(f"(?P={next(group for group, name in groups.items() if name == text)})")
            else:
                group = f"new{len(groups)}"
                groups[group] = text
                parts.append(f"(?P<{group}>{VARYING[kind]})")
        return "".join([*parts, re.escape(shown[position:])]), groups


def install(project):
    """Make the folder of a pyproject.toml look installed, as `pip install` would: an entry point is all that counts."""
    content = tomllib.loads(project.read_text("utf-8"))["project"]
    metadata = project.parent / f"{content['name'].replace('-', '_')}-{content['version']}.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Name: {content['name']}\nVersion: {content['version']}\n")
    groups = content["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in names.items()) for group, names in groups]
    (metadata / "entry_points.txt").write_text("".join(lines))


def answer(request):
    """What the HTTP server of the documents says."""
    if "//down.example" in request.path:
        return Answer(503)
    return Answer(404) if request.path.endswith("/no-such-hook") else Answer()


@pytest.fixture
def blocks_of():
    """The fenced code blocks of a document."""
    return blocks


@pytest.fixture
def commands_of():
    """The commands of a block, each with what it prints."""
    return commands


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """Runs a document in a folder of its own, with the settings that lead to real servers."""
    from pulp_events.testing.smtp_sink import SmtpSink
    from pulp_events_amqp.testing import AmqpBroker

    bin_folder = Path(sys.executable).parent
    with HttpSink(answer) as http, SmtpSink() as smtp, AmqpBroker() as broker:
        config = tmp_path / "server.conf"
        config.write_text(
            f"[events]\ndata_dir = {tmp_path}/data\nsource = pulp.example\n"
            f"[email]\nenabled = true\nhost = {smtp.host}\nport = {smtp.port}\n"
            f"[messaging]\nurl = {broker.url}\n"
        )
        for name, value in {
            "PULP_EVENTS_CONFIG": str(config),
            "HTTP_PROXY": http.url,
            "http_proxy": http.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONPATH": str(tmp_path),
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "TZ": "UTC",
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        made = Runner(tmp_path, http, dict(os.environ))
        made.smtp = smtp
        yield made
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
