"""Whatever is wrong gets one clear line on standard error and exit code 1 or 2, and nothing is stored."""

from __future__ import annotations

import os

import pytest

HTTP = ("event", "listener", "http", "create")
EMAIL = ("event", "listener", "email", "create")
GOOD_HTTP = (*HTTP, "--event-type=repo.sync.start", "--url=http://ci.example/")
EMIT = ("event", "emit", "repo.sync.start")
NO_ID = "5081a42ce19a00ea4300000e"

CASES = {
    "unknown event type": (2, (*HTTP, "--event-type=repo.sink.start", "--url=http://x.example/"), "repo.sync.start"),
    "a pattern that matches nothing": (2, (*HTTP, "--event-type=foo.#", "--url=http://x.example/"), "'foo.#'"),
    "a malformed pattern": (2, (*HTTP, "--event-type=repo..x", "--url=http://x.example/"), "'repo..x'"),
    "missing required option": (2, (*HTTP, "--event-type=*"), "--url is required"),
    "missing event type": (2, (*HTTP, "--url=http://x.example/"), "--event-type is required"),
    "empty required option": (2, (*HTTP, "--event-type=*", "--url="), "url"),
    "invalid URL": (2, (*HTTP, "--event-type=*", "--url=ftp:/nope"), "ftp:/nope"),
    "invalid e-mail address": (2, (*EMAIL, "--event-type=*", "--subject=s", "--addresses=a@example.com,nope"), "nope"),
    "line break in a subject": (2, (*EMAIL, "--event-type=*", "--subject=a\nb", "--addresses=a@b.example"), "subject"),
    "unknown notifier type": (2, ("event", "listener", "chat", "create"), "'chat'"),
    "misspelt notifier type": (2, ("event", "listener", "htpp", "create"), "did you mean 'http'?"),
    "misspelt command": (2, ("event", "listner"), "did you mean 'listener'?"),
    "misspelt option": (2, (*HTTP, "--event-typ=*", "--url=http://x.example/"), "did you mean '--event-type'?"),
    "a word too many": (2, ("event", "listener", "list", "all"), "'all'"),
    "a bad number": (2, (*GOOD_HTTP, "--lanes=many"), "--lanes"),
    "a number out of range": (2, (*GOOD_HTTP, "--lanes=65"), "64"),
    "a bad duration": (2, (*GOOD_HTTP, "--retry-schedule=soon"), "'soon'"),
    "a bad filter": (2, (*GOOD_HTTP, "--filter=payload."), "JMESPath"),
    "unknown listener id": (1, ("event", "listener", "delete", "--listener-id", NO_ID), NO_ID),
    "unknown listener id to show": (1, ("event", "listener", "show", "--listener-id", "x"), "'x'"),
    "unknown listener id to update": (1, ("event", "listener", "http", "update", "--listener-id", NO_ID), NO_ID),
    "unknown listener id to enable": (1, ("event", "listener", "enable", "--listener-id", NO_ID), NO_ID),
    "payload that is not valid JSON": (2, (*EMIT, "--payload", "{nope"), "--payload is not valid JSON"),
    "payload that is no object": (2, (*EMIT, "--payload", "[1]"), "object"),
    "payload with NaN": (2, (*EMIT, "--payload", '{"a": NaN}'), "payload"),
    "payload with a key twice": (2, (*EMIT, "--payload", '{"a": 1, "a": 2}'), "the key 'a' occurs twice"),
    "payload with a long number": (2, (*EMIT, "--payload", f'{{"a": {"1" * 5000}}}'), "has 5000 digits, and may have"),
    "payload that is deep": (2, (*EMIT, f'--payload={{"a": {"[" * 9999 + "]" * 9999}}}'), "it is nested too deeply"),
    "payload in a file that is not there": (2, (*EMIT, "--payload=@/no/file"), "/no/file"),
    "event of an unknown type": (2, ("event", "emit", "repo.sink.start"), "did you mean"),
    "event of no type": (2, ("event", "emit"), "TYPE"),
    "bad time to wait": (2, (*EMIT, "--timeout=soon"), "'soon'"),
    "unknown delivery": (1, ("event", "delivery", "show", "nope"), "'nope'"),
    "retry of nothing in particular": (2, ("event", "delivery", "retry"), "--all"),
    "bad state": (2, ("event", "delivery", "list", "--state=lost"), "'lost'"),
    "bad moment": (2, ("event", "delivery", "list", "--since=yesterday"), "'yesterday'"),
    "unknown plugin": (1, ("event", "plugin", "show", "htp"), "did you mean 'http'?"),
    "a server.conf that is not there": (1, ("--config=/no/conf", "event", "listener", "list"), "/no/conf"),
    "an option without its value": (2, ("event", "listener", "list", "--config"), "--config"),
    "a flag with a value": (2, ("event", "types", "--json=yes"), "--json"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_gets_one_clear_line_and_stores_nothing(admin, case):
    code, words, hint = CASES[case]
    run = admin(*words)
    assert (run.code, run.out) == (code, "")
    assert run.err.startswith("pulp-admin: error: ") and run.err.count("\n") == 1
    assert hint in run.err and "; please report it" not in run.err
    assert admin.stored() == ""


def test_two_dashes_as_the_value_of_an_option_are_a_value(admin):
    run = admin("event", "listener", "test", "--listener-id=--")
    assert run.code == 1 and run.err.startswith("pulp-admin: error: no listener has the id '--'")
    assert admin("event", "delivery", "list", "--state=--").code == 2


SETTINGS = {
    "unknown key": ("[delivery]\nretry_shedule = 5s\n", ("[delivery]", "retry_shedule", "retry_schedule")),
    "bad value": ("[http]\ntimeout = soon\n", ("[http]", "timeout", "'soon'", "15s")),
    "no INI": ("nonsense\n", ("line",)),
    "section twice": ("[http]\n[http]\n", ("[http]", "merge")),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_mistake_in_server_conf_names_file_section_key_and_value(admin, case):
    text, hints = SETTINGS[case]
    admin.configure(text)
    run = admin(*GOOD_HTTP)
    assert run.code == 1 and run.err.count("\n") == 1
    for hint in (str(admin.config), *hints):
        assert hint in run.err
    assert admin.stored() == ""


def test_sections_that_are_not_ours_are_left_alone(admin):
    admin.configure("[server]\nname = %(nonsense\n[oauth]\nenabled: maybe\n")
    admin.ok(*GOOD_HTTP)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_cannot_be_written_is_named(admin):
    admin.data.mkdir(mode=0o500)
    run = admin(*GOOD_HTTP)
    assert run.code == 1 and str(admin.data) in run.err and run.err.count("\n") == 1


def test_a_data_folder_that_cannot_be_made_is_named(admin):
    admin.data.write_text("a file")
    run = admin(*GOOD_HTTP)
    assert run.code == 1 and str(admin.data) in run.err and run.err.count("\n") == 1
    assert admin.data.read_text() == "a file"


def test_a_torn_file_of_listeners_is_reported_and_left_as_it_is(admin):
    admin.data.mkdir()
    file = admin.data / "listeners.json"
    file.write_text('{"format": {"1"')
    for words in (("event", "listener", "list"), GOOD_HTTP):
        run = admin(*words)
        assert run.code == 1 and str(file) in run.err and "torn" in run.err
    assert file.read_text() == '{"format": {"1"'


def test_two_values_from_one_standard_input_are_refused(admin):
    run = admin("event", "emit", "repo.sync.start", "--payload=-", "--call-report=-")
    assert run.code == 2 and "@FILE" in run.err


def test_words_that_are_no_text_are_refused(admin):
    run = admin(*HTTP, "--event-type=*", "--url=http://x.example/", "--username=\udcff")
    assert run.code == 2 and "UTF-8" in run.err


def test_vv_shows_where_the_error_arose(admin):
    words = ("event", "listener", "show", "--listener-id", NO_ID)
    assert "Traceback" not in admin(*words, "-v").err
    assert "Traceback" in admin(*words, "-vv").err
