"""The manual pages that the package brings are those of today."""

from pathlib import Path

from pulp_events.testing.admin import Admin

KEPT = Path(__file__).parents[1] / "man" / "man1"


def test_they_are_what_the_command_line_writes_now(tmp_path):
    assert Admin()("--man-pages", str(tmp_path), "--quiet").code == 0
    written = {path.name: path.read_text("utf-8") for path in tmp_path.glob("pulp-admin-event-storage*.1")}
    kept = {path.name: path.read_text("utf-8") for path in KEPT.glob("*.1")}
    assert len(kept) >= 3
    assert written == kept, f"write them with .venv-extra/bin/pulp-admin --man-pages, and copy them to {KEPT}"
