"""Manual pages of everything, as `man` takes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from marshmallow import Schema, fields

from pulp_events import Notifier, hookimpl


@pytest.fixture
def pages(admin, tmp_path):
    folder = tmp_path / "man"
    admin.ok("--man-pages", str(folder))
    return folder


def test_there_is_a_page_for_every_level(pages):
    names = {page.name for page in pages.iterdir()}
    assert {
        "pulp-admin.1",
        "pulp-admin-event.1",
        "pulp-admin-event-emit.1",
        "pulp-admin-event-listener.1",
        "pulp-admin-event-listener-list.1",
        "pulp-admin-event-listener-http-create.1",
        "pulp-admin-event-delivery-tail.1",
    } <= names


def test_a_page_describes_its_options(pages):
    text = (pages / "pulp-admin-event-listener-email-create.1").read_text()
    assert r"\-\-subject" in text and "(required) text of the email's subject" in text
    assert (
        r"\-\-retry\-schedule" in text and r"pulp\-admin\-event\-listener\-email\-create \- create a listener" in text
    )


@pytest.mark.slow
def test_man_has_nothing_to_warn_of(pages):
    if shutil.which("man") is None:
        pytest.skip("there is no man here")
    for page in sorted(pages.iterdir()):
        command = ["man", "--warnings", "-l", str(page)]
        environment = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert done.stderr == "", page.name
        assert "SYNOPSIS" in done.stdout


def test_the_module_writes_them_too(admin, tmp_path):
    command = [sys.executable, "-m", "pulp_events_cli.manpages", str(tmp_path / "pages")]
    subprocess.run(command, check=True, capture_output=True, env=admin.environment)
    assert (tmp_path / "pages" / "pulp-admin.1").exists()


def test_a_folder_that_cannot_be_made_is_named(admin, tmp_path):
    (tmp_path / "file").write_text("")
    run = admin("--man-pages", str(tmp_path / "file"))
    assert run.code == 2 and str(tmp_path / "file") in run.err


class Clashing(Schema):
    filter = fields.String(metadata={"help": "x"})
    clash_filter = fields.String(metadata={"help": "x"})


class Undescribed(fields.String):
    @property
    def load_default(self):
        raise RuntimeError("no default today")

    @load_default.setter
    def load_default(self, value):
        pass


class OddSettings(Schema):
    host = Undescribed(metadata={"help": "x"})


def broken(**attributes):
    attributes = {"type_id": "clash", "config_schema": Schema.from_dict({}), **attributes}
    return type("Broken", (Notifier,), {"deliver": lambda *_: None, **attributes})


class BadCommand:
    @hookimpl
    def pulp_admin_commands(self, commands):
        def fill(parser):
            raise SystemExit("not today")

        commands.add_parser("clash", help="clash", fill=fill)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("plugin", "named"),
    [
        (broken(config_schema=Clashing), "`pulp-admin event listener clash`"),
        (broken(update_help=5), "`pulp-admin event listener clash`"),
        (BadCommand(), "`pulp-admin event clash`"),
        (broken(settings_section="clash", settings_schema=OddSettings), "section [clash]"),
    ],
    ids=["clash of options", "help that is no text", "command", "settings"],
)
def test_a_plugin_that_breaks_is_left_out_and_named_and_all_others_have_their_pages(
    admin, with_plugin, pages, tmp_path, plugin, named
):
    with_plugin("clash", plugin)
    run = admin.ok("--man-pages", str(tmp_path / "again"))
    assert f"{named} is left out of the manual" in run.err
    there = {path.name: path.read_text() for path in (tmp_path / "again").iterdir()}
    for path in pages.iterdir():
        assert there.pop(path.name) == path.read_text() or named.startswith("section"), path.name
    assert not [name for name in there if not named.startswith("section")]


def test_two_fields_that_would_be_one_option_are_named(admin, with_plugin):
    with_plugin("clash", broken(config_schema=Clashing))
    run = admin("event", "listener", "clash", "create", "--help")
    assert run.code == 1 and "fields filter and clash_filter would both be the option --clash-filter" in run.err
    assert "would both be the option" in admin("event", "plugin", "check", "clash").out


def test_the_head_of_a_page_says_which_it_is_and_fits(pages):
    heads = {page.name: page.read_text().split(" ", 2)[1].replace("\\", "") for page in pages.glob("*.1")}
    assert len({*heads.values()}) == len(heads) > 40
    assert heads["pulp-admin-event-delivery-list.1"] == "PULP-ADMIN-EVENT-DELIVERY-LIST"
    assert heads["pulp-admin-event-listener-email-create.1"] == "EVENT-LISTENER-EMAIL-CREATE"
    assert all(name.removesuffix(".1").upper().endswith(head) and len(head) <= 30 for name, head in heads.items())


def test_pages_are_ascii_so_that_no_locale_changes_them(pages):
    assert all(page.read_bytes().isascii() for page in pages.iterdir())


def test_where_there_is_a_table_the_page_says_what_makes_it_wider(pages):
    tables = [text for page in pages.glob("*.1") if r"\-\-columns" in (text := page.read_text())]
    assert len(tables) > 10
    for text in tables:
        environment = text.partition(".SH ENVIRONMENT\n")[2].partition(".SH ")[0]
        assert "COLUMNS" in environment and "NO_COLOR" in environment


@pytest.mark.parametrize(
    "command",
    ["backup", "delivery-discard", "delivery-purge", "delivery-retry", "delivery-tail", "emit", "erase", "recover"]
    + ["listener-apply", "listener-backfill", "restore", "top", "worker"],
)
def test_what_takes_a_while_says_what_a_signal_does(command):
    from importlib.resources import files

    page = files("pulp_events_cli.manual") / "pages" / f"pulp-admin-event-{command}.txt"
    assert "SIGINT" in page.read_text("utf-8").partition("[SIGNALS]\n")[2].partition("\n[")[0]
