"""server.conf: what is right is taken, what is wrong is one line with file, section, key, value and remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events import EventBus, SettingsError
from pulp_events.fields import Duration, Words, format_duration, parse_duration
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
    monkeypatch.setenv("PULP_EVENTS_CONFIG", "/nowhere/server.conf")
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
        ("[email]\nprot = 26\n", ["[email]", "prot = '26'", "unknown key", "Did you mean 'port'?", "host"]),
        ("[email]\nport = many\n", ["[email]", "port = 'many'", "Not a valid integer"]),
        ("[delivery]\nlease = soon\n", ["[delivery]", "lease = 'soon'", "15s, 30m, 2h or 7d"]),
        ("[delivery]\nretry_schedule = 5s, often\n", ["[delivery]", "retry_schedule", "15s, 30m, 2h or 7d"]),
        ("[delivery]\nlanes = 0\n", ["[delivery]", "lanes = '0'", "1"]),
        ("[delivery]\ndurability = some\n", ["durability = 'some'", "full, normal"]),
        ("[events]\nmax_event_bytes = 5\n", ["max_event_bytes = '5'", "1024"]),
        ("[events]\ndata_dir =\n", ["data_dir = ''", "Name a folder"]),
        ("[email]\nport = 1\nport = 2\n", ["[email]", "port", "set twice", "line 3"]),
        ("[email]\n[email]\n", ["[email]", "begun twice", "line 2"]),
        ("port = 1\n", ["line 1", "before the first section"]),
        ("[email]\nnonsense\n", ["line 2", "neither"]),
        (b"[email]\nhost = \xff\n", ["not UTF-8", "UTF-8"]),
    ],
)
def test_a_mistake_is_one_line_that_says_what_where_and_how_to_mend_it(load, tmp_path, text, parts):
    with pytest.raises(SettingsError) as refused:
        load(text)
    message = str(refused.value)
    assert str(tmp_path / "server.conf") in message and "\n" not in message
    assert all(part in message for part in parts), message


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
