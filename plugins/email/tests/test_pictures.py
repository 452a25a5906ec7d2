"""Readable messages as a browser shows them; docs/pictures.py takes the pictures."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from PIL import Image

from pulp_events_email.colours import COLOURS

DOCS = Path(__file__).resolve().parents[3] / "docs"

spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
pictures = importlib.util.module_from_spec(spec)
sys.modules["pictures"] = pictures
spec.loader.exec_module(pictures)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def browser(missing):
    if pictures.browser() is None:
        missing("no browser is installed; .ci/install-mta does it")


def pixels(path: Path) -> list[list[tuple[int, int, int]]]:
    """The rows of a picture."""
    with Image.open(path) as image:
        width, height = image.size
        octets = image.convert("RGB").tobytes()
    found = list(zip(octets[0::3], octets[1::3], octets[2::3], strict=True))
    return [found[y * width : (y + 1) * width] for y in range(height)]


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


@pytest.mark.parametrize("picture", pictures.PICTURES, ids=lambda picture: picture.name)
def test_a_message_fits_its_screen_and_shows_its_state_by_its_colour(picture, tmp_path) -> None:
    width, height, behind = pictures.measure(picture)
    assert width <= picture.width, "nothing to scroll sideways for"
    assert behind == ("rgb(20, 22, 26)" if picture.dark else "rgb(238, 240, 243)")
    rows = pixels(pictures.take(picture, tmp_path))
    assert (len(rows[0]), len(rows)) == (picture.width, height)
    state = next(state for state in ("started", "succeeded", "failed") if f" {state}</title>" in picture.html)
    head = [row[picture.width // 2] for row in rows[:110]]
    assert head.count(rgb(COLOURS[state].strong)) > 40
    card = (31, 34, 40) if picture.dark else (255, 255, 255)
    assert sum(row.count(card) for row in rows) > 0.25 * picture.width * height
    text = (236, 238, 241) if picture.dark else (27, 30, 36)
    assert sum(row.count(text) for row in rows) > 500, "text is there"


@pytest.mark.parametrize("name", ["pulp2", pictures.LONG_NAME, "x" * 80])
@pytest.mark.parametrize("width", [320, 680])
def test_the_disc_with_the_symbol_is_round_however_many_lines_the_title_has(name, width, tmp_path) -> None:
    html = pictures.single("repo.sync.finish", {**pictures.sample.FAILED, "repo_id": name})
    rows = pixels(pictures.take(pictures.Picture("disc", html, width), tmp_path))
    disc = rgb(COLOURS["failed"].badge)
    lines = [number for number, row in enumerate(rows) if disc in row]
    columns = [x for row in rows for x, pixel in enumerate(row) if pixel == disc]
    assert 42 <= lines[-1] - lines[0] + 1 <= 44
    assert 42 <= max(columns) - min(columns) + 1 <= 44


def test_states_look_different_at_a_glance(tmp_path) -> None:
    heads = {}
    for picture in pictures.PICTURES[:3]:
        rows = pixels(pictures.take(picture, tmp_path))
        heads[picture.name] = [row[60:320] for row in rows[40:95]]
    assert len({str(head) for head in heads.values()}) == 3


def test_the_documents_show_each_picture_and_have_no_other() -> None:
    names = {f"email-{picture.name}.png" for picture in pictures.PICTURES}
    assert {path.name for path in (DOCS / "pictures").glob("email-*.png")} == names
    text = (DOCS.parent / "plugins" / "email" / "README.md").read_text() + (DOCS / "user-guide.md").read_text()
    assert all(name in text for name in names)
