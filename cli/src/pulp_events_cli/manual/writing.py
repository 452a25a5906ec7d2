"""Writes all manual pages: `pulp-admin --man-pages DIRECTORY`.

They are `pulp-admin.1`, a page for each section and command below it, such as
`pulp-admin-event-listener-http-create.1`, those of installed plugins included, `pulp-events.conf.5` and
`pulp-events-notifier.7`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pulp_events.system import guard
from pulp_events.visible import one_line
from pulp_events_cli import paths
from pulp_events_cli.errors import UsageError
from pulp_events_cli.manual import command_page, conf_page, notifier_page
from pulp_events_cli.output import streams
from pulp_events_cli.parser.parser import PLUGINS, Parser
from pulp_events_cli.session import Session


def pages(root: Parser, session: Session) -> Iterator[tuple[str, str]]:
    """File name and text of each page. A plugin whose pages cannot be made is left out, and said."""
    yield from _pages_of(root, session)
    yield f"{conf_page.NAME}.5", conf_page.text(session.plugins.settings_sections, _say_left_out)
    yield f"{notifier_page.NAME}.7", notifier_page.text()


def _pages_of(parser: Parser, session: Session) -> list[tuple[str, str]]:
    """The pages of the parser and all below it. A command whose page could not be made is removed from the parser."""
    parser.complete()
    below: list[tuple[str, str]] = []
    for name, child in command_page.commands(parser):
        if not _is_a_plugins(child, session):
            below += _pages_of(child, session)
            continue
        try:
            with guard.exits():
                found = _pages_of(child, session)
            below += found
        except Exception as error:  # noqa: BLE001  # a plugin may raise anything
            _say_left_out(f"`{child.prog}`", error)
            assert parser.commands is not None
            del parser.commands.choices[name]
    # Afterwards, as a section's page names the pages of its commands.
    return [(f"{parser.prog.replace(' ', '-')}.1", command_page.page(parser)), *below]


def _is_a_plugins(parser: Parser, session: Session) -> bool:
    words = parser.prog.split()
    return parser.group == PLUGINS or (
        words[1:3] == ["event", "listener"]
        and words[3:] == [parser.name]
        and (parser.name in session.plugins.notifiers)
    )


def _say_left_out(what: str, error: BaseException) -> None:
    reason = one_line(f"{type(error).__name__}: {error}")
    streams.warning(f"{what} is left out of the manual because its plugin is broken: {reason}")


def write(root: Parser, session: Session, directory: str | Path) -> list[Path]:
    """Write every page; returns their paths. Raises UsageError for a folder that cannot be written."""
    folder = paths.named("--man-pages", str(directory))
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages(root, session):
            (folder / name).write_text(text, "utf-8")
            written.append(folder / name)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}; name a folder that can be written") from error
    return written
