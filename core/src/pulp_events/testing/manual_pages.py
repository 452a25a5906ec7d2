"""For packages that bring manual pages of commands of theirs: they are what `pulp-admin --man-pages` writes today."""

from __future__ import annotations

from pathlib import Path

from pulp_events.testing.admin import Admin

HEADINGS = ("EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO")
"""Each page has each of these once."""


def check_manual_pages(kept: Path, beginning: str, scratch: Path, remedy: str = "write them again") -> None:
    """Raise AssertionError unless the pages in the folder `kept` are all that are written, and as they are written.

    `beginning`: of the names of the pages, such as `pulp-admin-event-storage`. `scratch`: a folder to write them into.
    `remedy`: what is said where they differ.
    """
    done = Admin()("--man-pages", str(scratch), "--quiet")
    assert done.code == 0, done.err
    written = {path.name: path.read_text("utf-8") for path in scratch.glob(f"{beginning}*.1")}
    assert written, f"no page begins with {beginning}"
    for name, text in written.items():
        for heading in HEADINGS:
            assert text.count(f"\n.SH {heading}\n") == 1, f"{name} has {heading} not once"
    found = {path.name: path.read_text("utf-8") for path in kept.glob("*.1")}
    assert written.keys() == found.keys(), f"{sorted(written.keys() ^ found.keys())}: {remedy}"
    changed = [name for name in written if written[name] != found[name]]
    assert not changed, f"{changed} are not those of today: {remedy}"
