"""What the gallery says of itself is so: each package is short, follows the rules for plugins, and is documented."""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

from pulp_events.testing import endpoint

HERE = Path(__file__).parent
NAMES = ("chat", "kafka", "mqtt", "redis_streams")
PAGE = (HERE.parents[1] / "docs/notifier-gallery.md").read_text("utf-8")
HOOKS = re.findall(r"^    # (?:def )?(\w+)[(:]", Path(endpoint.__file__).read_text("utf-8"), re.MULTILINE)
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def project(name):
    return tomllib.loads((HERE / name / "pyproject.toml").read_text("utf-8"))


def lines_of_code(text):
    """How many lines hold more than blanks, comments and docstrings."""
    strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr))
    docstrings = {
        line for each in strings if isinstance(each, ast.Constant) for line in range(each.lineno, each.end_lineno + 1)
    }
    tokens = [each for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type not in LAYOUT]
    return len({line for each in tokens for line in range(each.start[0], each.end[0] + 1)} - docstrings)


def test_these_are_all():
    folders = {path.parent.name for path in HERE.glob("*/pyproject.toml")}
    assert folders == {*NAMES, "smallest"}
    for name in folders - {"smallest"}:
        assert f"](../examples/gallery/{name})" in PAGE and f"]({name})" in (HERE / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_each_has_at_most_120_lines_of_code(name):
    [module] = project(name)["tool"]["setuptools"]["py-modules"]
    assert lines_of_code((HERE / name / f"{module}.py").read_text("utf-8")) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_each_follows_the_rules_for_plugins(name):
    [plugin] = project(name)["project"]["entry-points"]["pulp_events"]
    command = [sys.executable, "-m", "pulp_events_cli", "event", "plugin", "check", plugin]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_each_readme_installs_its_own_folder_and_creates_a_listener_of_its_type(name):
    text = (HERE / name / "README.md").read_text("utf-8")
    [entry] = project(name)["project"]["entry-points"]["pulp_events"].values()
    module, _, notifier = entry.partition(":")
    type_id = getattr(__import__(module), notifier).type_id
    assert f"pip install ./examples/gallery/{name}\n" in text
    assert f"pulp-admin event listener {type_id} create " in text


def test_the_endpoints_show_all_that_the_contract_can_use():
    tests = "".join(path.read_text("utf-8") for path in HERE.glob("*/test_*.py"))
    assert {"fail", "fail_for", "restart", "other", "secrets", "settings"} <= set(HOOKS)
    of_proxies = set(HOOKS) - {"hang"}  # which is for endpoints without one, and these have one each
    for hook in of_proxies:
        assert re.search(rf"def {hook}\(self|self\.{hook} = |made\.{hook} = |^    {hook} = ", tests, re.MULTILINE), hook
    for hook in of_proxies - {"secrets", "settings"}:
        assert f"`{hook}`" in PAGE, hook
