"""Copies of the packages in which there is a state more, by an edit of one file; for the tests of both stores."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MEMBER = """
    WITHDRAWN = "withdrawn", 14 * DAY, True
    \"\"\"its listener was deleted before it could be delivered\"\"\"

    @property
    def finished(self)"""
WAYS = {"Transition.BURY: Way(State.PENDING, State.DEAD)": "Transition.BURY: Way(State.PENDING, State.WITHDRAWN)"}
"""What enters it in this copy. A transition that is new is carried out by somebody, too; the rest needs no more."""

STORE = """
import sys
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import FINISHED, State
from pulp_events.testing.outbox_contract import LISTENER, OTHER, new_event

def claims(outbox):
    outbox.add([new_event(), new_event(OTHER)])
    assert outbox.bury(LISTENER, "the listener was deleted") == 1
    totals = {"pending": 1, "delivered": 0, "dead": 0, "withdrawn": 1}
    assert outbox.stats().totals == totals, outbox.stats()
    assert outbox.stats().by_listener[LISTENER] == totals | {"pending": 0}
    assert [one.state for one in outbox.find(DeliveryQuery(state=State.WITHDRAWN), 9)] == ["withdrawn"]
    assert outbox.count(DeliveryQuery(state=State.WITHDRAWN)) == 1 and outbox.ready().keys() == {OTHER}
    keep = dict.fromkeys(FINISHED, -1.0)
    while outbox.maintain(keep | {State.WITHDRAWN: 1000.0}):
        pass
    assert outbox.stats().totals == totals
    while outbox.maintain(keep):
        pass
    assert outbox.stats().totals == totals | {"withdrawn": 0}
    outbox.add([new_event()])
    assert outbox.bury(LISTENER, "the listener was deleted") == outbox.purge(DeliveryQuery(), 9) == 1
    assert outbox.stats().totals == totals | {"withdrawn": 0}
"""


def copy(target: Path, *sources: str) -> None:
    """Copy packages, and edit the one file."""
    for source in ("core/src/pulp_events", *sources):
        shutil.copytree(ROOT / source, target / Path(source).name, ignore=shutil.ignore_patterns("__pycache__"))
    states = target / "pulp_events/outbox/states.py"
    text = states.read_text("utf-8")
    for before, after in {"\n    @property\n    def finished(self)": MEMBER, **WAYS}.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    states.write_text(text, "utf-8")


def run(folder: Path, code: str, *arguments: str) -> str:
    """Run a program with these packages; returns what it prints."""
    environment = {
        **os.environ, "PYTHONPATH": str(folder), "PULP_EVENTS_CONFIG": str(folder / "server.conf"), "COLUMNS": "100",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), *arguments], env=environment, capture_output=True, text=True,
        check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
