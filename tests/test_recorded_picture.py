"""The recorded picture of a terminal shows what the commands print today."""

import importlib.util
from pathlib import Path

import pytest
from varying import Varying

ROOT = Path(__file__).resolve().parents[1]


def load():
    spec = importlib.util.spec_from_file_location("recorded_picture", ROOT / "docs/recorded_picture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_picture_is_what_a_terminal_shows():
    made = load()
    text = made.picture(made.recorded())
    kept = made.PICTURE.read_text("utf-8")
    Varying().compare(kept.replace("&#160;", " "), text.replace("&#160;", " "), "run `python docs/recorded_picture.py`")
    assert "delivered" in text and "200&#160;OK" in text and "250&#160;2.0.0&#160;OK" in text
