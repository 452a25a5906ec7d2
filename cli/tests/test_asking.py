"""What cannot be undone asks first on a terminal; in a pipe nothing is asked."""

import json

import pytest

from cli.tests.test_mute import on_terminal

LISTENER = ("event", "listener")
HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")


def names(admin):
    return [each["name"] for each in admin.ok(*LISTENER, "list", "--json").json]


@pytest.fixture
def pruning(admin, tmp_path):
    """The words of an `apply` that deletes the listener `two`."""
    for name in ("one", "two"):
        admin.listener(*HTTP, f"--name={name}")
    [kept] = json.loads(admin.ok(*LISTENER, "export", "--listener-id=one", "--json").out)["listeners"]
    file = tmp_path / "listeners.json"
    file.write_text(json.dumps({"version": 1, "listeners": [kept]}))
    return (*LISTENER, "apply", "--prune", f"--file={file}")


@pytest.mark.slow
def test_a_listener_is_deleted_after_a_yes(admin, pruning):
    words = (*LISTENER, "delete", "--listener-id=two")
    text, code = on_terminal(admin, *words, answer="n\n")
    assert "Delete event listener two, with its pending deliveries? [y/N]" in text and "nothing was changed" in text
    assert code == 1 and names(admin) == ["one", "two"]
    assert on_terminal(admin, *words, answer="y\n")[1] == 0 and names(admin) == ["one"]
    assert on_terminal(admin, *LISTENER, "delete", "--listener-id=one", "--yes")[1] == 0 and names(admin) == []


@pytest.mark.slow
def test_apply_asks_before_it_prunes_and_shows_what(admin, pruning):
    text, code = on_terminal(admin, *pruning, answer="n\n")
    assert "- http" in text and "Delete 1 listener, with pending deliveries? [y/N]" in text
    assert code == 1 and names(admin) == ["one", "two"]
    text, code = on_terminal(admin, *pruning, "--dry-run")
    assert "[y/N]" not in text and code == 0
    assert on_terminal(admin, *pruning, "--yes")[1] == 0 and names(admin) == ["one"]
    text, code = on_terminal(admin, *pruning)
    assert "[y/N]" not in text and code == 0, "there is nothing to delete"


def test_nothing_is_asked_in_a_pipe(admin, pruning):
    admin.ok(*pruning)
    admin.ok(*LISTENER, "delete", "--listener-id=one")
    assert names(admin) == []
