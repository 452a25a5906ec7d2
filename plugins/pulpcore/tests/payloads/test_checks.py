"""The system check names what pulpcore lacks; Pulp runs on without it."""

import pytest

pytestmark = pytest.mark.slow

REMOVED = {
    "method": ("del models.Task.set_running", "Task.set_running is missing"),
    "argument": (
        "models.Task.set_failed = lambda self, exc: None",
        "Task.set_failed() takes no tb",
    ),
    "field": (
        "get = models.Task._meta.get_field\n"
        "def missing(name):\n"
        "    if name == 'started_at': raise FieldDoesNotExist(name)\n"
        "    return get(name)\n"
        "models.Task._meta.get_field = missing",
        "Task has no field started_at",
    ),
    "constant": ("del constants.TASK_FINAL_STATES", "pulpcore.constants.TASK_FINAL_STATES is missing"),
}

CHECK = """
import os
from django.core.exceptions import FieldDoesNotExist
from pulpcore import constants
from pulpcore.app import models
from pulp_events_pulpcore.app import checks
assert checks.check_pulpcore() == [] and checks.fits()
for kind, removal in {removals!r}.items():
    if os.fork() == 0:
        exec(removal)
        for each in checks.check_pulpcore():
            print(kind, each.id, each.msg, each.hint, type(each).__name__, flush=True)
        os._exit(checks.fits())
    assert os.wait()[1] == 0
"""


@pytest.fixture(scope="module")
def said(pulp):
    """What is said of each, line by line."""
    return pulp.python(CHECK.format(removals={kind: removal for kind, (removal, _) in REMOVED.items()})).splitlines()


@pytest.mark.parametrize("kind", REMOVED)
def test_what_is_missing_is_an_error_that_says_what_and_what_to_do(said, kind):
    (line,) = [each for each in said if each.startswith(kind)]
    assert "events.E001" in line and REMOVED[kind][1] in line
    assert "Install a pulp-events-pulpcore that knows this pulpcore" in line and line.endswith("Error")


SETTINGS = """
from django.conf import settings
from pulp_events_pulpcore.app import checks
settings.PULP_EVENTS = {given}
for each in checks.check_settings():
    print(each.id, each.msg, type(each).__name__)
"""


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"email": {"enabeld": True}}, "PULP_EVENTS['email']['enabeld']"),
        ({"delivery": {"lanes": -1}}, "PULP_EVENTS['delivery']['lanes']"),
        ("x", "PULP_EVENTS"),
    ],
)
def test_settings_that_are_not_valid_are_an_error(pulp, given, named):
    said = pulp.python(SETTINGS.format(given=repr(given)))
    assert said.startswith("events.E003") and named in said and said.strip().endswith("Error"), said


def test_pulp_itself_finds_nothing(pulp):
    assert "no issues" in pulp.manage("check")
