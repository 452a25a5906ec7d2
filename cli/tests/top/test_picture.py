"""The pictures in the documents are what the view shows today."""

from __future__ import annotations

import runpy
import time
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_pictures_are_those_of_today(utc):
    made = runpy.run_path(str(DOCS / "terminal_pictures.py"))["pictures"]()
    for name, text in made.items():
        kept = (DOCS / "pictures" / name).read_text("utf-8")
        assert kept == text, "run `python docs/terminal_pictures.py`, and look at the pictures"
        assert "@font-face" not in kept  # nothing is fetched to show them
