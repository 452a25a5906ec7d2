"""Writes all manual pages: `pulp-admin --man-pages DIRECTORY`, or `python -m pulp_events_cli.manpages DIRECTORY`.

They are `pulp-admin.1`, a page for each section and command below it, such as
`pulp-admin-event-listener-http-create.1`, those of installed plugins included, `pulp-events.conf.5` and
`pulp-events-notifier.7`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pulp_events_cli.errors import UsageError
from pulp_events_cli.manual import command_page, conf_page, notifier_page
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session


def pages(root: Parser, session: Session) -> Iterator[tuple[str, str]]:
    """File name and text of each page."""
    for parser in command_page.walk(root):
        yield f"{parser.prog.replace(' ', '-')}.1", command_page.page(parser)
    yield f"{conf_page.NAME}.5", conf_page.text(session.plugins.settings_sections)
    yield f"{notifier_page.NAME}.7", notifier_page.text()


def write(root: Parser, session: Session, directory: str | Path) -> list[Path]:
    """Write every page; returns their paths. Raises UsageError for a folder that cannot be written."""
    folder = Path(directory)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages(root, session):
            (folder / name).write_text(text, "utf-8")
            written.append(folder / name)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}; name a folder that can be written") from error
    return written


def main() -> int:
    """Write the pages into the directory that is named on the command line."""
    from pulp_events_cli.main import main as pulp_admin

    if len(sys.argv) != 2:
        print("usage: python -m pulp_events_cli.manpages DIRECTORY", file=sys.stderr)
        return 2
    return pulp_admin([f"--man-pages={sys.argv[1]}"])


if __name__ == "__main__":
    sys.exit(main())
