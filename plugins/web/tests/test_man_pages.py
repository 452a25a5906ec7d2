"""The manual pages that the package brings are those of today."""

from pathlib import Path

from pulp_events.testing.admin import Admin

KEPT = Path(__file__).parents[1] / "man" / "man1"


def test_they_are_what_the_command_line_writes_now(tmp_path):
    assert Admin()("--man-pages", str(tmp_path), "--quiet").code == 0
    written = {path.name: path.read_text("utf-8") for path in tmp_path.glob("pulp-admin-event-web*.1")}
    kept = {path.name: path.read_text("utf-8") for path in KEPT.glob("*.1")}
    assert len(kept) >= 3
    for name, text in written.items():
        for heading in ("EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
            assert text.count(f"\n.SH {heading}\n") == 1, (name, heading)
    assert written == kept, "write them with .venv-extra/bin/python docs/generate.py"


def test_the_document_of_access_has_the_settings_of_today():
    import runpy

    generator = runpy.run_path(str(KEPT.parents[3] / "docs/generate.py"))
    document = KEPT.parents[1] / "docs/access.md"
    text = document.read_text("utf-8")
    assert generator["renewed"](text) == text, "copy the table of [web] from docs/generate.py"
