"""What was public in the last release is there, as it was, or its change was agreed on: docs/stability.md."""

import shutil
import tarfile

import agreed
import pytest
from comparing import breaking
from public_names import PUBLIC, ROOT, names_of


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    with tarfile.open(agreed.last("api", ".tar.xz")) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_every_distribution_says_what_is_public():
    folders = {str(path.parent.relative_to(ROOT)) for path in ROOT.glob("*/pyproject.toml")}
    assert PUBLIC.keys() == folders | {
        str(path.parent.relative_to(ROOT)) for path in ROOT.glob("plugins/*/pyproject.toml")
    }
    for folder, entries in PUBLIC.items():
        for entry in entries:
            assert names_of(ROOT / folder / "src", entry), f"{entry} of {folder} stands for nothing"


@pytest.mark.slow
def test_nothing_public_was_broken_since_the_last_release_that_was_not_agreed_on(earlier):
    found = {line for folder, entries in PUBLIC.items() for line in breaking(entries, earlier, ROOT / folder / "src")}
    agreed.check("api", found, "deprecate it instead")


CHANGES = [
    ("errors.py", "class StoreTooNew(", "class StoreFarTooNew(", "pulp_events.StoreTooNew was removed"),
    ("bus/lifecycle.py", "grace: float | None = None", "patience: float | None = None", "close(grace): Parameter"),
    ("bus/lifecycle.py", "drain: bool = True", "drain: bool = False", "close(drain): Parameter default was changed"),
    ("outbox/delivery.py", "    listener_id: str\n", "    of_listener: str\n", "Delivery.listener_id: Public object"),
    (
        "visible.py",
        "def one_line(",
        "def one_line(now: bool, ",
        "visible.one_line(now): Parameter was added as required",
    ),
]


@pytest.mark.slow
def test_it_would_be_noticed(tmp_path, earlier):
    shutil.copytree(ROOT / "core/src", tmp_path / "src", ignore=shutil.ignore_patterns("*.pyc", "*.egg-info"))
    for file, was, becomes, _ in CHANGES:
        path = tmp_path / "src/pulp_events" / file
        text = path.read_text("utf-8")
        assert was in text, f"nothing to change in {file}"
        path.write_text(text.replace(was, becomes), "utf-8")
    found = [*breaking(["pulp_events:*", "pulp_events.visible"], earlier, tmp_path / "src")]
    assert [told for *_, told in CHANGES if not any(told in line for line in found)] == [], found
