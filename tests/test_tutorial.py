"""The tutorials, done step by step as their reader would: one shell, real environments, a real package index.

Our packages come from wheels made of this checkout; everything else from the index, and the test
is skipped where there is none. The page's port is replaced by a free one.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "docs/tutorial.md", ROOT / "docs/notifier-tutorial.md"]
PACKAGES = [ROOT / name for name in ("core", "cli", "plugins/http")]
FILE = re.compile(r"(?:# |<!-- )(?P<name>[\w./-]+\.\w+)(?: -->)?\n")
END = "=== end of step ==="

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Shell:
    """A bash that stays open, so that `cd`, `export` and an activated environment hold for the steps that follow."""

    def __init__(self, folder, variables):
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"], cwd=folder, env=variables, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, command):
        """What the command printed."""
        self._process.stdin.write(f"{command}\necho '{END}'\n")
        self._process.stdin.flush()
        lines = iter(self._process.stdout.readline, f"{END}\n")
        return "".join(self._until_closed(lines))

    def _until_closed(self, lines):
        for line in lines:
            assert line, "the shell ended"
            if line.endswith(f"{END}\n"):
                yield line.removesuffix(f"{END}\n")
                return
            yield line

    def close(self):
        self._process.stdin.write("kill $(jobs -p) 2>/dev/null; exit\n")
        self._process.stdin.close()
        self._process.wait(60)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Our packages as a package index would have them."""
    folder = tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("tests", "build", "*.egg-info", "__pycache__")
        shutil.copytree(package, folder / "source" / package.name, ignore=ignored)
    sources = [str(folder / "source" / package.name) for package in PACKAGES]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), *sources]
    done = subprocess.run(command, capture_output=True, text=True)
    if "Could not find a version that satisfies the requirement hatchling" in done.stderr:
        pytest.skip("there is no package index here")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def shell(tmp_path, wheels):
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("PULP_", "PYTHON", "VIRTUAL_"))
    }
    variables |= {
        "PATH": f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{variables['PATH']}",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "COLUMNS": "100",
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    opened = Shell(tmp_path, variables)
    yield opened
    opened.close()


@pytest.fixture
def port():
    """One that nobody else gets: it is bound here, and a server that binds with SO_REUSEADDR is let in beside that."""
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        yield str(place.getsockname()[1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_step_of_a_tutorial_does_what_the_page_says(page, runner, shell, port, blocks_of, commands_of):
    """`runner` compares what is printed, as for the other documents."""
    for block in blocks_of(page):
        named = FILE.match(block.text)
        if block.language == "console":
            for command, shown in commands_of(block):
                printed = shell.run(runner.varying.as_here(command).replace("8765", port))
                if "pip install" in command:  # what pip has to say about this machine
                    printed = re.sub(r"^WARNING: .*\n", "", printed, flags=re.MULTILINE)
                runner.varying.compare(shown, printed.replace(port, "8765"), f"line {block.line}\n$ {command}")
                if "passed" in shown:  # how many there are may grow, but all of them
                    wrong = r"\d+ (failed|errors?)" if "skipped" in shown else r"\d+ (failed|errors?|skipped)"
                    assert not re.search(wrong, printed), printed
                if "receive" in command:
                    wait_for_server(int(port))
        elif named:
            folder = Path(shell.run("pwd").strip())
            (folder / named["name"]).write_text(
                block.text.replace(named[0], "", 1) if "<!--" in named[0] else block.text
            )


def wait_for_server(port):
    for _ in range(1200):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        subprocess.run(["sleep", "0.05"])
    raise AssertionError("the server does not come up")
