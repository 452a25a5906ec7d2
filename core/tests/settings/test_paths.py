"""Paths and files that settings name: absolute from the start, and an error where they stand for nothing."""

import os
import subprocess
import sys
import threading

import pytest
from marshmallow import Schema, fields

from pulp_events import SettingsError
from pulp_events.bus.stores import outbox_path
from pulp_events.settings.settings import Settings


class Mail(Schema):
    host = fields.String(load_default="localhost")
    password = fields.String(load_default="", metadata={"secret": True})


@pytest.fixture
def load(tmp_path):
    def load_it(text, **options):
        path = tmp_path / "server.conf"
        path.write_text(text)
        return Settings.load(path, {"email": Mail}, **options)

    return load_it


def test_relative_paths_begin_at_the_folder_of_server_conf(load, tmp_path, monkeypatch):
    settings = load("[events]\ndata_dir = data\noutbox = application.sqlite\n")
    monkeypatch.chdir("/")
    assert settings.data_dir == tmp_path / "data"
    assert outbox_path(settings, settings.data_dir) == tmp_path / "application.sqlite"


def test_a_relative_server_conf_stays_the_same_file_when_the_process_moves(tmp_path, monkeypatch):
    (tmp_path / "server.conf").write_text("[events]\ndata_dir = data\n")
    monkeypatch.chdir(tmp_path)
    settings = Settings.load("server.conf")
    monkeypatch.chdir("/")
    assert settings.path == tmp_path / "server.conf" and settings.data_dir == tmp_path / "data"


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_file_that_was_named_must_be_there_however_it_was_named(tmp_path, monkeypatch, by):
    name = str(tmp_path / "absent.conf")
    if by == "environment":
        monkeypatch.setenv("PULP_EVENTS_CONFIG", name)
    with pytest.raises(SettingsError, match="no such file") as refused:
        Settings.load(name if by == "argument" else None)
    assert ("PULP_EVENTS_CONFIG" in str(refused.value)) == (by == "environment")


def test_a_folder_is_no_server_conf(tmp_path):
    with pytest.raises(SettingsError, match="it is a folder; name the"):
        Settings.load(tmp_path)


def test_a_pipe_is_read_and_its_relative_paths_begin_where_the_process_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("[events]\ndata_dir = data\n"))
    writer.start()
    settings = Settings.load(pipe)
    writer.join()
    monkeypatch.chdir("/")
    assert settings.data_dir == tmp_path / "data"


SHOW = """
import os, sys, platformdirs, pulp_events.fields
from pulp_events import EventsError
from pulp_events.settings.settings import Settings
os.setgid(54321)
os.setuid(54321)
try:
    print(Settings.load().data_dir)
except EventsError as error:
    print(error)
"""


def homeless(**environment):
    """What the default data folder is to a user who has no entry in passwd."""
    return subprocess.run([sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody without an entry in passwd")
@pytest.mark.parametrize(
    "environment", [{}, *({"HOME": home} for home in ("/", "", "rel", "./rel", "~", "~nobody-here"))]
)
def test_who_has_no_home_is_told_to_name_a_data_dir(environment):
    done = homeless(**environment)
    assert "has no home folder" in done.stdout and "data_dir" in done.stdout, done
    assert not done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody without an entry in passwd")
def test_who_has_no_home_but_a_folder_for_data_uses_that(tmp_path):
    assert homeless(XDG_DATA_HOME="/data").stdout == "/data/pulp/events\n"


@pytest.mark.parametrize("text", ["env:EV_DIR", "file:/etc/data_dir"])
def test_a_value_that_looks_like_a_reference_and_is_no_secret_is_refused(load, text):
    with pytest.raises(SettingsError, match="key data_dir = .* only secrets are read from") as refused:
        load(f"[events]\ndata_dir = {text}\n")
    assert text in str(refused.value)


def test_a_secret_may_be_a_reference_and_is_read_when_it_is_asked_for(load, tmp_path, monkeypatch):
    monkeypatch.delenv("MAIL_PW", raising=False)
    settings = load("[email]\npassword = env:MAIL_PW\n")
    assert settings.section_as_written("email")["password"] == "env:MAIL_PW"
    with pytest.raises(SettingsError, match=r"\[email\], key password: environment variable MAIL_PW is not set"):
        settings.section("email")
    monkeypatch.setenv("MAIL_PW", "open sesame")
    assert settings.section("email")["password"] == "open sesame"
    (tmp_path / "pw").write_text("from a file\n")
    assert load("[email]\npassword = file:pw\n").section("email")["password"] == "from a file"


@pytest.mark.parametrize("text", ["/", "folder"])
def test_an_outbox_that_is_a_folder_is_refused(load, tmp_path, text):
    (tmp_path / "folder").mkdir()
    settings = load(f"[events]\noutbox = {text}\n")
    with pytest.raises(SettingsError, match=r"key outbox = .* it is a folder; name a file"):
        outbox_path(settings, tmp_path)


class Proxy(Schema):
    proxy = fields.Url()


@pytest.mark.parametrize(
    "value", ["http://u:PASSWORD", "http://u:PASSWORD@", "socks://u:PASSWORD/x", "http://u:1PASSWORD"]
)
def test_the_password_of_a_url_that_is_none_is_not_shown(tmp_path, value):
    path = tmp_path / "server.conf"
    path.write_text(f"[http]\nproxy = {value}\n")
    with pytest.raises(SettingsError) as refused:
        Settings.load(path, {"http": Proxy})
    assert "PASSWORD" not in str(refused.value) and "://u:****" in str(refused.value)
