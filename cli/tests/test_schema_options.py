"""Options made from every kind of schema field, as a third party may declare them."""

from __future__ import annotations

import io
import json

import pytest
from marshmallow import Schema, fields, validate

from pulp_events import Notifier, hookimpl
from pulp_events.fields import Duration, Words


class EverythingConfig(Schema):
    room = fields.String(required=True, metadata={"help": "room to post to, 100% of the time"})
    retries = fields.Integer(strict=True, load_default=3, validate=validate.Range(1, 9), metadata={"help": "tries"})
    ratio = fields.Float()
    verify = fields.Boolean(load_default=True, metadata={"help": "whether to verify"})
    level = fields.String(validate=validate.OneOf(["low", "high", "@home"]), metadata={"help": "how loud"})
    tags = fields.List(fields.String(), metadata={"help": "tags"})
    words = Words(fields.Integer())
    urls = fields.List(fields.Url(), metadata={"help": "places", "secret": True})
    headers = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"help": "headers"})
    secret_words = Words(fields.String(), metadata={"help": "words", "secret": True})
    pairs = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.Length(max=5)),
        metadata={"help": "pairs", "secret": True},
    )
    nested = fields.Nested(Schema.from_dict({"a": fields.Integer()}))
    wait = Duration(load_default=90.0, metadata={"help": "how long"})
    filter = fields.String(metadata={"help": "a name that an option of ours has"})
    json = fields.String(metadata={"help": "and another"})
    script = fields.String(metadata={"help": "what to say", "read_file": True})
    rare = fields.Boolean(metadata={"help": "seldom needed", "group": "Rare Arguments"})
    made = fields.String(dump_only=True)


class Everything(Notifier):
    type_id = "everything"
    config_schema = EverythingConfig

    def deliver(self, event, config):
        pass


class Plugin:
    @hookimpl
    def pulp_notifiers(self):
        return [Everything()]


@pytest.fixture(autouse=True)
def installed(with_plugin):
    with_plugin("everything", Plugin())


CREATE = ("event", "listener", "everything", "create", "--event-type=*", "--room=x")


def config(admin, *words):
    return admin.ok(*CREATE, *words, "--json").json["notifier_config"]


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--retries=5"], "retries", 5),
        (["--ratio", "0.5"], "ratio", 0.5),
        (["--ratio", "-0.5"], "ratio", -0.5),
        (["--verify"], "verify", True),
        (["--no-verify"], "verify", False),
        (["--verify=false"], "verify", False),
        (["--verify", "true"], "verify", True),
        (["--level=high"], "level", "high"),
        (["--tags=a,b", "--tags=c"], "tags", ["a", "b", "c"]),
        (["--words=1,2"], "words", [1, 2]),
        (["--headers=A=1", "--headers", "B=x=y"], "headers", {"A": "1", "B": "x=y"}),
        (['--headers={"A": "1"}'], "headers", {"A": "1"}),
        (['--nested={"a": 1}'], "nested", {"a": 1}),
        (["--wait=2m"], "wait", "2m"),
        (["--everything-filter=f"], "filter", "f"),
        (["--everything-json=j"], "json", "j"),
        (["--script=as it is"], "script", "as it is"),
        (["--script=\\@at"], "script", "@at"),
        (["--script=\\-"], "script", "-"),
        (["--script=\\\\x"], "script", "\\x"),
        (["--script=\\x"], "script", "\\x"),
        (["--script=env:HOME"], "script", "env:HOME"),
        (["--level=@home"], "level", "@home"),
        (["--urls=env:URLS"], "urls", ["env:URLS"]),
        (
            ["--urls=env:URLS", "--urls=http://a.example/", "--urls=file:/b"],
            "urls",
            ["env:URLS", "********", "file:/b"],
        ),
        (["--secret-words=env:WORDS"], "secret_words", "env:WORDS"),
        (["--pairs=A=env:KEY", "--pairs=B=x"], "pairs", {"A": "env:KEY", "B": "********"}),
        (["--pairs=A=x"], "pairs", "********"),
        (["--urls=http://a.example/?a,b", "--urls=http://b.example/"], "urls", "********"),
    ],
)
def test_a_value_reaches_the_configuration(admin, words, key, value):
    assert config(admin, *words) == {"room": "x", key: value}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--retries=0"], "retries"),
        (["--retries=many"], "retries"),
        (["--verify=perhaps"], "verify"),
        (["--level=middle"], "low, high"),
        (["--words=1,x"], "words"),
        (["--headers=A"], "KEY=VALUE"),
        (["--nested={"], "JSON"),
        (["--wait=soon"], "15s"),
        (["--urls=http://hunter22", "--urls=env:X"], "urls"),
        (["--pairs=A=hunter22", "--pairs=B=env:X"], "pairs"),
        (["--tags=a", "--room=env:X", '--headers={"A": {"$env": "X"}}'], "headers.A is not a secret"),
        (["--urls=hunter22"], "urls"),
        (["--script=@/nowhere"], "--script: cannot read the file named after @: No such file"),
        (["--script=@/dev/null/x"], "--script: cannot read"),
        (["--made=x"], "unknown option --made"),
    ],
)
def test_a_bad_value_is_refused_in_the_schemas_words(admin, words, hint):
    run = admin(*CREATE, *words)
    assert (run.code, run.out) == (2, "") and run.err.count("\n") == 1
    assert hint in run.err and "hunter22" not in run.err
    assert admin.stored() == ""


def test_help_says_what_is_required_chosen_from_and_taken_by_default(admin):
    text = " ".join(admin.ok(*CREATE[:4], "--help").out.split())
    assert "--room - (required) room to post to, 100% of the time" in text
    assert "--level - how loud; one of low, high, @home" in text
    assert "--retries - tries; default: 3" in text
    assert "--verify - whether to verify; --no-verify for false; default: true" in text
    assert "--wait - how long; default: 1m 30s" in text
    assert "--script - what to say; @FILE or - is read now; prefix a literal value that starts this way with \\" in text
    assert "env:NAME or file:PATH" in text and "--made" not in text


def test_a_long_text_is_read_now_from_a_file_or_standard_input(admin, tmp_path, monkeypatch):
    (tmp_path / "script").write_text("one\ntwo, three\n")
    listener = admin.listener(*CREATE[2:], f"--script=@{tmp_path / 'script'}")
    show = ("event", "listener", "show", "--listener-id", listener, "--json")
    assert admin.ok(*show).json["notifier_config"]["script"] == "one\ntwo, three"
    monkeypatch.setattr("sys.stdin", io.StringIO("@as it comes\n"))
    admin.ok("event", "listener", "everything", "update", "--listener-id", listener, "--script=-")
    assert admin.ok(*show).json["notifier_config"]["script"] == "@as it comes"


def test_a_list_of_secrets_has_one_in_each_line_of_what_is_read(admin, tmp_path):
    (tmp_path / "urls").write_text("http://a.example/?a,b\n\nhttp://b.example/\n")
    listener = admin.listener(*CREATE[2:], f"--urls=@{tmp_path / 'urls'}", "--urls=http://c.example/")
    (stored,) = json.loads(admin.stored())["listeners"].values()
    assert stored["id"] == listener
    assert stored["notifier_config"]["urls"] == ["http://a.example/?a,b", "http://b.example/", "http://c.example/"]


def test_the_http_notifiers_template_is_read_so_and_tried_out(admin, tmp_path):
    create = ("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/", "--format=template")
    (tmp_path / "body.j2").write_text('{"a": {{ payload | tojson }}}\n')
    made = admin.ok(*create, f"--body-template=@{tmp_path / 'body.j2'}", "--json").json
    assert made["notifier_config"]["body_template"] == '{"a": {{ payload | tojson }}}'
    (tmp_path / "body.j2").write_text("{{ payload")
    run = admin(*create, f"--body-template=@{tmp_path / 'body.j2'}")
    assert run.code == 2 and "body_template" in run.err and "line 1" in run.err


def test_update_takes_the_same_options_and_removes_empty_ones(admin):
    listener = admin.listener(*CREATE[2:], "--tags=a", "--verify", "--headers=A=1", "--retries=4")
    update = ("event", "listener", "everything", "update", "--listener-id", listener, "--json")
    emptied = ("--tags=", "--verify=", "--headers=", "--retries=5")
    assert admin.ok(*update, *emptied).json["notifier_config"] == {"room": "x", "retries": 5}
    run = admin(*update, "--room=")
    assert run.code == 2 and "room" in run.err


def test_options_of_a_group_have_a_section_of_their_own(admin):
    for command in ("create", "update"):
        text = admin.ok("event", "listener", "everything", command, "--help").out
        sections = text.split("\n\nRare Arguments:\n\n")
        assert sections[1].startswith("  --rare - seldom needed") and "--rare" not in sections[0]
    assert config(admin, "--rare")["rare"] is True
    assert config(admin, "--no-rare")["rare"] is False
