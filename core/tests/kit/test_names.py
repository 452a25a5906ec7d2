"""`pulp_events.testing`: its names are there, and none costs a library that is not used."""

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
