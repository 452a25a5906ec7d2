"""Help texts as somebody last looked at them: `pytest cli/tests/test_snapshots.py --snapshot-update` renews them.

The manual pages are kept as they are shipped, in cli/man and plugins/*/man; tests/test_documents.py compares them.
"""

from __future__ import annotations

import pytest

from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.manual import command_page
from pulp_events_cli.parser.root import build
from pulp_events_cli.session import Session


def everything():
    """The words of every section and command."""
    return [parser.prog.split()[1:] for parser in command_page.walk(build(Session(GlobalOptions())))]


@pytest.mark.parametrize("words", everything(), ids=lambda words: " ".join(words) or "pulp-admin")
def test_help(admin, snapshot, words):
    assert admin.ok(*words, "--help").out == snapshot


@pytest.mark.parametrize(
    "words", [["event", "delivery", "retry"], ["event", "listener", "http", "create"]], ids=" ".join
)
def test_manual_page_of_a_command(snapshot, words):
    root = build(Session(GlobalOptions()))
    for word in words:
        root = root.command(word)
    assert command_page.page(root) == snapshot
