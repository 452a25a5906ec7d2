"""The manual pages that the package brings are those of today."""

from pathlib import Path

from pulp_events.testing.manual_pages import check_manual_pages

KEPT = Path(__file__).parents[1] / "man" / "man1"


def test_they_are_what_the_command_line_writes_now(tmp_path):
    remedy = "write them with .venv-extra/bin/python docs/generate.py"
    check_manual_pages(KEPT, "pulp-admin-event-web", tmp_path, remedy)


def test_the_document_of_access_has_the_settings_of_today():
    import runpy

    generator = runpy.run_path(str(KEPT.parents[3] / "docs/generate.py"))
    document = KEPT.parents[1] / "docs/access.md"
    text = document.read_text("utf-8")
    assert generator["renewed"](text) == text, "copy the table of [web] from docs/generate.py"
