"""Help in the user guide's layout."""

from __future__ import annotations

import pytest

from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.root import build
from pulp_events_cli.session import Session

GUIDE_SECTION = """\
Usage: pulp-admin listener [SUB_SECTION, ..] COMMAND
Description: manage server-side event listeners

Available Sections:
  amqp  - manage amqp listeners
  email - manage email listeners
  http  - manage http listeners

Available Commands:
  delete - delete an event listener
  list   - list all of the event listeners in the system
"""
GUIDE_CREATE = """\
Command: create
Description: create a listener

Available Arguments:

  --event-type - (required) one of "repo.sync.start", "repo.sync.finish",
                 "repo.publish.start", "repo.publish.finish". May be specified
                 multiple times. To match all types, use value "*"
  --subject    - (required) text of the email's subject
  --addresses  - (required) this is a comma separated list of email addresses
                 that should receive these notifications. Do not include spaces.
"""


def everything() -> list[list[str]]:
    """The words of every section and command."""

    def below(parser: Parser) -> list[list[str]]:
        parser.complete()
        found = [parser.prog.split()[1:]]
        for command in parser.commands.choices.values() if parser.commands else ():
            found += below(command)
        return found

    return below(build(Session(GlobalOptions())))


EVERYTHING = everything()


def test_the_listener_section_begins_as_in_the_guide(admin):
    assert admin.ok("event", "listener").out.startswith(GUIDE_SECTION)


def test_create_help_begins_as_in_the_guide(admin):
    assert admin.ok("event", "listener", "email", "create", "--help").out.startswith(GUIDE_CREATE)


@pytest.mark.parametrize("words", EVERYTHING, ids=" ".join)
def test_every_level_has_help_that_fits_80_columns(admin, words):
    run = admin.ok(*words, "--help")
    assert run.err == ""
    assert run.out.startswith(("Usage: ", "Command: "))
    assert max(map(len, run.out.splitlines())) <= 80
    assert "%%" not in run.out and "None" not in run.out


def test_a_bare_section_prints_its_help(admin):
    sections = [words for words in EVERYTHING if admin(*words, "--help").out.startswith("Usage: ")]
    assert ["event", "delivery"] in sections and [] in sections
    for does_something in (["event", "types"], ["event", "worker"]):  # the first lists them, the second runs one
        sections.remove(does_something)
    for words in sections:
        assert admin.ok(*words).out == admin.ok(*words, "--help").out


def test_update_help_has_the_notifiers_description(admin):
    assert "Description: update a listener" in admin.ok("event", "listener", "http", "update", "--help").out
    assert "Description: update an event listener" in admin.ok("event", "listener", "email", "update", "-h").out


def test_update_requires_the_listener_and_nothing_else(admin):
    lines = admin.ok("event", "listener", "email", "update", "--help").out.splitlines()
    assert [line.split()[0] for line in lines if "(required)" in line] == ["--listener-id"]


def test_help_follows_the_width_that_columns_states(admin, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, admin.ok("event", "listener", "http", "create", "--help").out.splitlines())) <= 72


def test_without_a_notifier_the_section_says_which_packages_bring_one(admin, with_plugin):
    with_plugin(None, alone=True)
    text = " ".join(admin.ok("event", "listener").out.split())
    for package in ("pulp-events-email", "pulp-events-http", "pulp-events-amqp"):
        assert f"pip install {package}" in text


def test_the_version_is_printed(admin):
    assert admin.ok("--version").out.startswith("pulp-admin ")
