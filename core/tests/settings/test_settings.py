"""server.conf: what is right is taken, what is wrong is one line with file, section, key, value and remedy."""

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events import EventBus, SettingsError
from pulp_events.bus.stores import outbox_path
from pulp_events.fields import Duration, Words, format_duration, parse_duration
from pulp_events.settings import server_conf
from pulp_events.settings.settings import Settings


class Mail(Schema):
    host = fields.String(load_default="localhost", metadata={"help": "server"})
    port = fields.Integer(load_default=25, metadata={"help": "port"})
    password = fields.Integer(metadata={"help": "password", "secret": True})


@pytest.fixture
def load(tmp_path):
    def load_it(text):
        path = tmp_path / "server.conf"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Settings.load(path, {"email": Mail})

    return load_it


def test_without_a_file_the_defaults_hold(monkeypatch):
    monkeypatch.delenv("PULP_EVENTS_CONFIG", raising=False)
    monkeypatch.setattr(server_conf, "DEFAULT_PATH", Path("/nowhere/server.conf"))
    settings = Settings.load()
    assert settings.path is None
    assert settings.section("events")["max_event_bytes"] == 262144
    assert settings.section("delivery")["retry_schedule"] == [5, 300, 1800, 7200, 18000, 36000, 36000]
    assert settings.section("delivery")["lease"] == 60


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        Settings.load(tmp_path / "server.conf")


def test_values_are_read_and_other_peoples_sections_left_alone(load):
    settings = load("[email]\nhost = mail.example.com\n[database]\nname = pulp\nseeds: a:1,b:2\n%odd = 100%\n")
    assert settings.section("email") == {"host": "mail.example.com", "port": 25}
    assert settings.is_set("email", "host") and not settings.is_set("email", "port")
    assert settings.section("database") == {}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[email]\nprot = 26\n", ["[email]", "prot = '26'", "unknown key", "; did you mean 'port'?", "host"]),
        ("[email]\nport = many\n", ["[email]", "port = 'many'", "Not a valid integer"]),
        ("[delivery]\nlease = soon\n", ["[delivery]", "lease = 'soon'", "15s, 30m, 2h or 7d"]),
        ("[delivery]\nretry_schedule = 5s, often\n", ["[delivery]", "retry_schedule", "15s, 30m, 2h or 7d"]),
        ("[delivery]\nlanes = 0\n", ["[delivery]", "lanes = '0'", "1"]),
        ("[delivery]\ndurability = some\n", ["durability = 'some'", "full, normal"]),
        ("[events]\nmax_event_bytes = 5\n", ["max_event_bytes = '5'", "1024"]),
        ("[events]\ndata_dir =\n", ["data_dir = ''", "Name a folder"]),
        ("[events]\ndata_dir = /x\n  lanes = 3\n", ["key data_dir has several lines", "at the start of its line"]),
        ("[events]\ndata_dir =\n  /x\n", ["key data_dir has several lines"]),
        ("[events]\nsource = x\n\n\ty\n", ["key source has several lines"]),
        ("[delivery]\nlanes = 3\n  lease = 5s\n", ["key lanes has several lines"]),
        ('[events]\ndata_dir = "/x/y"\n', ["key data_dir is in quotes", "without them"]),
        ("[events]\noutbox = '/x/y'\n", ["key outbox is in quotes", "without them"]),
        ("[events]\ndata_dir = /x # ours\n", ["key data_dir has a comment behind it", "a line of its own"]),
        ("[delivery]\nlanes = \u0663\n", ["key lanes is not written in the digits 0 to 9"]),
        ("[delivery]\nlease = \u0663s\n", ["[delivery]", "15s, 30m, 2h or 7d"]),
        ("[delivery]\nlanes = 3 # each\n", ["lanes = '3 # each'", "integer", "a comment needs a line of its own"]),
        ("[email]\nport = 1\nport = 2\n", ["[email]", "port", "set twice", "line 3"]),
        ("[email]\n[email]\n", ["[email]", "appears twice", "line 2"]),
        ("port = 1\n", ["line 1", "before the first section"]),
        ("[email]\nnonsense\n", ["line 2", "neither"]),
        (b"[email]\nhost = \xff\n", ["not UTF-8", "UTF-8"]),
    ],
)
def test_a_mistake_is_one_line_that_says_what_where_and_how_to_fix_it(load, tmp_path, text, parts):
    with pytest.raises(SettingsError) as refused:
        load(text)
    message = str(refused.value)
    assert str(tmp_path / "server.conf") in message and "\n" not in message
    assert all(part in message for part in parts), message


def test_a_list_may_go_on_in_indented_lines_and_text_have_quotes(load):
    settings = load('[delivery]\nretry_schedule = 5s,\n  5m\n[events]\nsource = "x" # 1\n')
    assert settings.section("delivery")["retry_schedule"] == [5, 300]
    assert settings.section("events")["source"] == '"x" # 1'


def test_text_that_lists_several_may_go_on_after_a_comma(load):
    assert load("[email]\nhost = a,\n  b\n").section("email")["host"] == "a,\nb"


def test_a_secret_in_several_lines_is_refused_without_a_word_of_it(load):
    with pytest.raises(SettingsError, match="key password has several lines") as refused:
        load("[email]\npassword = 4711\n  host = 4712\n")
    assert "471" not in str(refused.value)


def test_an_application_may_give_text_of_several_lines_and_a_folder_with_a_quote(tmp_path):
    settings = Settings.load(given={"events": {"source": "a\nb", "data_dir": f'{tmp_path}/a "b" # c'}})
    assert settings.section("events")["source"] == "a\nb"
    assert settings.data_dir == tmp_path / 'a "b" # c'


def test_the_password_of_a_url_is_never_shown(load):
    for text in ("[email]\nport = amqp://u:hunter2@h\n", "[email]\nurl = amqp://u:hunter2@h\n"):
        with pytest.raises(SettingsError) as refused:
            load(text)
        assert "hunter2" not in str(refused.value) and "amqp://u:" in str(refused.value)


def test_a_secret_setting_is_never_shown(load):
    with pytest.raises(SettingsError) as refused:
        load("[email]\npassword = hunter2\n")
    assert "hunter2" not in str(refused.value) and "(secret)" in str(refused.value)


@given(seconds=st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000))
def test_a_duration_is_read_back_as_it_was_written(seconds):
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=0.0006)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5s", 1.5), ("1h 30m", 5400), ("7d", 604800), ("250ms", 0.25)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-5s", "5 parsecs", "1h-", "5s5", "inf", "nan", "1e5", True, "9" * 30])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError):
        parse_duration(text)


def test_a_list_may_be_written_in_one_line():
    class Lists(Schema):
        waits = Words(Duration())

    assert Lists().load({"waits": "5s, 1m,,2h "}) == {"waits": [5, 60, 7200]}
    assert Lists().load({"waits": ["5s"]}) == {"waits": [5]}


@pytest.mark.parametrize(("url", "remedy"), [("postgresql://u:hunter2@h/db", "pip install pulp-events-postgres"), ("mysql://u:hunter2@h", "'mysql'")])  # fmt: skip  # noqa: E501
def test_a_storage_url_without_its_plugin_is_one_clear_line_and_nothing_goes_to_files(tmp_path, url, remedy):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n[storage]\nurl = {url}\n")
    with pytest.raises(SettingsError) as refused:
        EventBus.open(config, plugins=False)
    assert remedy in str(refused.value) and "hunter2" not in str(refused.value) and "[storage]" in str(refused.value)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "text",
    [
        "password = hunter2\n[email]\n",
        "[database]\npassword hunter2\n",
        "[email]\nhunter2\n",
        "[email]\npasword = hunter2\n",
        "[email]\nsmtp_secret = hunter2\n",
        "[email]\npassword = hunter2\npassword = hunter2\n",
        "[email]\npassword = hunter2\n",
        "[storage]\nurl = postgresql://u:hunter2@h/\npool_size = x\n",
        b"[email]\npassword = hunter2\xff\n",
    ],
)
def test_no_mistake_brings_a_password_to_light(load, text):
    """Not even with -vv, which shows the whole traceback; and in nobody's section."""
    with pytest.raises(SettingsError) as refused:
        load(text)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value)).replace(repr(text), "")


def test_an_unknown_key_with_dots_is_shown_whole_with_its_value(load):
    with pytest.raises(SettingsError, match=r"key tls\.verify = 'no': unknown key"):
        load("[email]\ntls.verify = no\n")


def test_a_file_that_begins_with_a_byte_order_mark_is_read(load):
    assert load(b"\xef\xbb\xbf[email]\nport = 26\n").section("email")["port"] == 26


def test_a_setting_that_a_plugin_demands_is_asked_for_also_where_there_is_no_file(monkeypatch):
    class Demanding(Schema):
        url = fields.Url(required=True)

    monkeypatch.delenv("PULP_EVENTS_CONFIG", raising=False)
    monkeypatch.setattr(server_conf, "DEFAULT_PATH", Path("/nowhere/server.conf"))
    with pytest.raises(SettingsError, match=r"^server\.conf \(there is none\), section \[chat\], key url: Missing"):
        Settings.load(None, {"chat": Demanding})


def test_the_environment_names_the_file_and_an_argument_goes_before_it(tmp_path, monkeypatch):
    for name, port in (("a", 1), ("b", 2)):
        (tmp_path / name).write_text(f"[email]\nport = {port}\n")
    monkeypatch.setenv("PULP_EVENTS_CONFIG", str(tmp_path / "a"))
    assert Settings.load(None, {"email": Mail}).section("email")["port"] == 1
    assert Settings.load(tmp_path / "b", {"email": Mail}).section("email")["port"] == 2


def as_user(uid, code, *arguments, home):
    """Run code as a user of that number, if we may."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    lead = f"import sys, os; sys.path[:0] = {sys.path!r}; import pulp_events.settings.settings, platformdirs.unix\n"
    drop = f"os.environ['HOME'] = {str(home)!r}; os.setgroups([]); os.setgid({uid}); os.setuid({uid})\n" if uid else ""
    done = subprocess.run(
        [sys.executable, "-c", lead + drop + code, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


DATA_DIR = "from pulp_events.settings.sections import default_data_dir; print(default_data_dir())"
READ = """
from pulp_events import SettingsError
from pulp_events.settings.settings import Settings
try:
    Settings.load(sys.argv[1])
except SettingsError as error:
    print(error)
"""


def test_the_default_data_folder_is_the_systems_for_root_and_a_users_own_otherwise(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert as_user(0, DATA_DIR, home=tmp_path) == "/var/lib/pulp/events"
    assert as_user(65534, DATA_DIR, home=tmp_path) == str(tmp_path / ".local/share/pulp/events")


@pytest.mark.parametrize("hidden", ["file", "folder"])
def test_a_file_that_the_user_may_not_read_is_one_clear_line(tmp_path, hidden):
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    folder = tmp_path / "pulp"
    folder.mkdir()
    file = folder / "server.conf"
    file.write_text("[email]\n")
    (file if hidden == "file" else folder).chmod(0)
    assert (
        as_user(65534, READ, file, home=tmp_path)
        == f"{file} cannot be read: Permission denied; give the user of this process the right to read there"
    )


@pytest.mark.parametrize("outbox", [":memory:", "file:///x", "file:/x", "sqlite:///x", "postgresql://h/d"])
def test_an_outbox_that_is_no_path_is_refused(load, outbox):
    with pytest.raises(SettingsError, match=r"key outbox"):
        load(f"[events]\noutbox = {outbox}\n")


@pytest.mark.parametrize("outbox", ["/dev/null", "pipe"])
def test_an_outbox_that_is_a_device_or_pipe_is_refused(load, tmp_path, outbox):
    os.mkfifo(tmp_path / "pipe")
    settings = load(f"[events]\noutbox = {outbox}\n")
    with pytest.raises(SettingsError, match=r"key outbox = .*it is a device or pipe; name a file"):
        outbox_path(settings, tmp_path)
