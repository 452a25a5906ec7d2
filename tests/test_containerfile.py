"""What the image promises beyond the rules of hadolint, which `.ci/check-release` holds the Containerfile to."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from pulp_events_cli.main import main

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Containerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def instructions():
    """(name, rest) of each, of the last stage only: what is in the image."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
    found = [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]
    last = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def of(instructions, name):
    [rest] = [rest for each, rest in instructions if each == name]
    return rest


def test_the_user_is_a_number_so_that_a_cluster_can_see_that_it_is_not_root(instructions):
    user = int(of(instructions, "USER"))
    assert user > 999 and f"--uid {user}" in of(instructions, "RUN")


def test_only_the_data_folder_is_written_to(instructions):
    [volume] = json.loads(of(instructions, "VOLUME"))
    variables = dict(re.findall(r"(\w+)=(\S+)", of(instructions, "ENV")))
    assert variables["PULP_EVENTS__EVENTS__DATA_DIR"] == volume and variables["PYTHONDONTWRITEBYTECODE"] == "1"
    assert f"--owner=pulp --mode=0700 {volume}" in of(instructions, "RUN")


def test_what_it_runs_and_how_it_is_asked_for_its_health_are_commands_that_there_are(instructions, capsys):
    [program] = json.loads(of(instructions, "ENTRYPOINT"))
    health = json.loads(of(instructions, "HEALTHCHECK").partition("CMD ")[2])
    assert program == health[0] == "pulp-admin"
    for words in (json.loads(of(instructions, "CMD")), health[1:]):
        assert main([*words, "--help"]) == 0
        told = capsys.readouterr().out
        assert all(word.partition("=")[0] in told for word in words if word.startswith("--"))


def test_the_base_is_named_with_its_release_and_ours_with_the_version():
    version = tomllib.loads((ROOT / "core/pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert re.search(r"^ARG BASE=[a-z]+:\d[\w.-]*$", TEXT, re.MULTILINE)
    assert '"pulp-events[${PLUGINS}]==${VERSION}"' in TEXT and TEXT.count(version) == 3
