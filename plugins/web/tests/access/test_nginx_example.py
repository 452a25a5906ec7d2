"""The example of a reverse proxy: whom it names, by a real nginx where there is one."""

import re
from pathlib import Path

import pytest

CONF = (Path(__file__).parents[2] / "examples" / "nginx.conf").read_text()
SUBJECTS = [
    ("CN=alice", "alice"),
    ("CN=alice,OU=Build,O=Ops\\, Inc", "alice"),
    ("OU=Build,CN=alice,O=Ops\\, Inc", "alice"),
    ("O=Ops\\, Inc", ""),
    ("O=Ops\\,CN=root,CN=alice", "alice"),  # who may choose an organisation does not choose the name
    ("O=Ops\\\\,CN=alice", "alice"),
    ("emailAddress=x@pulp.example,CN=Alice Smith", "Alice Smith"),
    ("CN=alice+UID=7,O=x", "alice"),
    ("xCN=root,CN=alice", "alice"),
    ("", ""),
]


@pytest.mark.parametrize(("subject", "name"), SUBJECTS)
def test_the_user_is_the_common_name(subject, name):
    pattern = re.search(r'^    "~(.*)" \$cn;$', CONF, re.MULTILINE)[1].replace("\\\\", "\\")  # as nginx reads it
    found = re.search(pattern.replace("(?<cn>", "(?P<cn>"), subject)
    assert (found["cn"] if found else "") == name


def test_the_subject_itself_names_nobody():
    assert CONF.count("X-Remote-User     $client_name;") == 2
    assert "X-Remote-User     $ssl" not in CONF
