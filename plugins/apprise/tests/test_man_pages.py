"""The manual pages that the package brings are those of today."""

from pathlib import Path

from pulp_events.testing.manual_pages import check_manual_pages

KEPT = Path(__file__).parents[1] / "man" / "man1"


def test_they_are_what_the_command_line_writes_now(tmp_path):
    remedy = "write them with .venv-extra/bin/python docs/generate.py"
    check_manual_pages(KEPT, "pulp-admin-event-listener-apprise", tmp_path, remedy)
