"""`event erase` and `event erasures`."""

from __future__ import annotations

import io

import pytest

from pulp_events_cli.commands import event_erase

WHERE = "--where=payload.user == 'ruth'"
"""A name that no id contains: those are hexadecimal digits."""


@pytest.fixture
def kept(admin):
    admin.configure("keep = all\n")
    admin.listener("http", "create", "--event-type=repo.sync.start", "--url=http://127.0.0.1:9/")
    for number, user in enumerate(["ruth", "bob", "ruth"]):
        admin.ok(
            "event", "emit", "repo.sync.start", f'--payload={{"user": "{user}", "text": "of {user}"}}', "--no-wait",
            f"--id=event-{number}",
        )  # fmt: skip
    return admin


def files(admin):
    return [each.name for each in admin.data.rglob("*") if each.is_file() and b"of ruth" in each.read_bytes()]


def test_what_is_asked_for_is_gone_from_tables_and_files(kept):
    assert files(kept)
    run = kept.ok("event", "erase", WHERE)
    assert run.out == "2 events, 2 pending deliveries and 0 details of attempts erased\n"
    assert files(kept) == []
    shown = kept.ok("event", "show", "event-0").out
    assert "erased by an administrator" in shown and "Erased" in shown and "ruth" not in shown
    assert "of bob" in kept.ok("event", "show", "event-1").out
    assert [each["erased"] is not None for each in kept.ok("--json", "event", "list").json] == [True, False, True]
    assert kept.ok("event", "erase", WHERE).out.startswith("0 events, ")


def test_it_is_recorded_without_what_was_looked_for(kept):
    kept.ok("event", "erase", WHERE)
    [record] = kept.ok("--json", "event", "erasures").json
    assert (record["asked"], record["events"], record["pending"]) == ("where payload.user == '…'", 2, 2)
    assert record["ended"] and record["by"]
    text = kept.ok("event", "erasures").out
    assert "payload.user == '…'" in text and "ruth" not in text
    assert len(text.splitlines()) == 2


def test_a_dry_run_changes_nothing(kept):
    run = kept.ok("event", "erase", WHERE, "--dry-run")
    assert run.out == "2 events, 2 pending deliveries and 0 details of attempts would be erased\n"
    found = kept.ok("--json", "event", "erase", "--all", "--dry-run").json
    assert (found["events"], found["dry_run"], found["clean"]) == (3, True, False)
    assert files(kept) and kept.ok("event", "erasures").out == ""


def test_on_a_terminal_it_is_asked_and_yes_goes_on(kept, monkeypatch):
    asked = []
    monkeypatch.setattr(event_erase, "can_ask", lambda: True)
    monkeypatch.setattr(event_erase, "agreed", lambda question: asked.append(question) or len(asked) > 1)
    run = kept("event", "erase", WHERE)
    assert (run.code, run.out) == (1, "") and "nothing was erased" in run.err
    assert asked == ["Erase 2 events, 2 pending deliveries and 0 details of attempts? It cannot be undone."]
    assert files(kept)
    kept.ok("event", "erase", WHERE)
    assert files(kept) == [] and len(asked) == 2
    kept.ok("event", "erase", "--all", "--yes")
    assert len(asked) == 2


def test_the_expression_is_read_from_standard_input(kept, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("payload.user == 'ruth'\n"))
    assert kept.ok("event", "erase", "--where=-").out.startswith("2 events")


def test_where_nobody_could_answer_on_a_terminal_nothing_is_erased_without_yes(kept, monkeypatch):
    monkeypatch.setattr(event_erase, "is_watched", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("payload.user == 'ruth'\n"))
    run = kept("event", "erase", "--where=-")
    assert run.code == 2 and "nobody can be asked" in run.err and "add --yes" in run.err
    assert files(kept)
    monkeypatch.setattr("sys.stdin", io.StringIO("payload.user == 'ruth'\n"))
    assert kept.ok("event", "erase", "--where=-", "--yes").out.startswith("2 events")


@pytest.mark.parametrize("given", ["", "\n"])
def test_an_expression_that_is_not_there_is_said(kept, monkeypatch, given):
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    run = kept("event", "erase", "--where=-")
    assert run.code == 2 and "reads the expression from standard input, and no line with one was there" in run.err


def test_a_malformed_expression_is_not_quoted(kept):
    run = kept("event", "erase", "--where=payload.user == 'ruth' &&")
    assert run.code == 2 and "ruth" not in run.err
    assert "error: --where is not valid JMESPath at character 26; write for example" in run.err


def test_events_on_which_it_fails_are_counted_and_no_success(kept, monkeypatch):
    where = "--where=contains(payload.nick, 'ruth')"
    for words in ([], ["--dry-run"]):
        run = kept("event", "erase", where, *words)
        assert run.code == 1 and run.out.startswith("0 events, ")
        assert "warning: the expression fails on 3 of the 3 events" in run.err
        assert "the expression fails on 3 events, which nobody knows whether to erase" in run.err
        found = kept("--json", "event", "erase", where, *words)
        assert (found.code, found.json["failed"], len(found.json["remarks"])) == (1, 3, 1)
    monkeypatch.setattr(event_erase, "can_ask", lambda: True)
    monkeypatch.setattr(event_erase, "agreed", lambda question: False)
    assert "warning: the expression fails on 3 of the 3 events" in kept("event", "erase", where).err


@pytest.mark.parametrize("words", [[], ["--all", WHERE], ["--all", "--id=event"]])
def test_which_events_must_be_said_in_one_way(kept, words):
    run = kept("event", "erase", *words)
    assert run.code == 2 and "choose the events to erase" in run.err
    assert files(kept)


def test_its_deliveries_are_not_sent_again(kept):
    kept.ok("event", "erase", WHERE)
    run = kept("event", "delivery", "retry", "event-0.0")
    assert run.code == 1 and "delivery event-0.0 was erased: there is nothing to send" in run.err
    kept.ok("event", "delivery", "retry", "--all")
    assert [each["state"] for each in kept.ok("--json", "event", "delivery", "list").json] == [
        "dead",
        "pending",
        "dead",
    ]


def test_an_erasure_that_was_interrupted_is_a_finding(kept, monkeypatch):
    from pulp_events.bus import erasing
    from pulp_events.errors import StoreBusy

    def busy(outbox, *more):
        outbox.erase(["event-0", "event-2"], outbox.erasures(1)[0].id)
        raise StoreBusy("outbox.sqlite-wal is being read")

    monkeypatch.setattr(erasing, "erase", busy)
    run = kept("event", "erase", WHERE)
    assert run.code == 1 and "outbox.sqlite-wal is being read" in run.err
    assert "not yet" in kept.ok("event", "erasures").out
    assert "is not finished: what it removed may still be in the files" in kept("event", "config", "check").out
    monkeypatch.undo()
    kept.ok("event", "erase", WHERE)
    assert "is not finished" not in kept("event", "config", "check").out
    assert files(kept) == []


def test_copies_beside_the_outbox_are_named(kept):
    copy = kept.data / "outbox.sqlite.corrupt-20260101T000000000000"
    copy.write_bytes((kept.data / "outbox.sqlite").read_bytes())
    run = kept.ok("event", "erase", WHERE)
    assert f"warning: {copy} is a copy of an earlier state" in run.err
    [remark] = kept.ok("--json", "event", "erase", WHERE).json["remarks"]
    assert remark.startswith(str(copy))
