"""`pulp_events.testing`: its names are there, and none costs a library that is not used."""

import re
import subprocess
import sys

import pytest

from pulp_events import testing


@pytest.mark.parametrize("name", testing.__all__)
def test_each_public_name_can_be_imported(name):
    found = getattr(testing, name)
    assert found.__name__ == name and found.__module__.startswith("pulp_events.testing.")


def test_a_name_that_is_not_there_is_an_import_error():
    with pytest.raises(ImportError, match="no_such_thing"):
        from pulp_events.testing import no_such_thing  # noqa: F401


def test_importing_the_kit_imports_no_server_and_no_pytest():
    code = "import sys, pulp_events.testing; print(*sys.modules)"
    names = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not names & {"pytest", "aiosmtpd", "proton", "asyncio", "ssl", "hypothesis"}


@pytest.mark.slow
def test_fixtures_that_every_project_gets_from_us_carry_our_name(tmp_path):
    """One called `clock` would stand in for a fixture that the project's author forgot to write. `emitted_events` says
    what it is of."""
    command = [sys.executable, "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider"]
    listed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    ours = re.findall(r"^(\w+)[^\n]* -- \S*pulp_events\S*pytest_plugin\.py", listed, re.MULTILINE)
    assert len(ours) >= 9, listed
    assert [name for name in ours if not name.startswith("pulp_events_")] == ["emitted_events"]
