"""Secret options: where their values come from, and that they are shown nowhere."""

from __future__ import annotations

import io

import pytest
from marshmallow import Schema, fields

from pulp_events import Notifier

SECRET = "hunter22"
CREATE = ("event", "listener", "http", "create", "--event-type=*", "--url=https://ci.example/", "--username=u")


def kept(admin):
    """The password as it is stored."""
    import json

    (listener,) = json.loads(admin.stored())["listeners"].values()
    return listener["notifier_config"]["password"]


def test_a_value_is_stored_and_never_shown(admin):
    for run in (admin.ok(*CREATE, f"--password={SECRET}"), admin.ok("event", "listener", "list"),
                admin.ok("event", "listener", "list", "--json")):  # fmt: skip
        assert SECRET not in run.out + run.err
    assert kept(admin) == SECRET
    assert "Password: ********" in admin.ok("event", "listener", "list").out


def test_a_file_is_read_now(admin, tmp_path):
    (tmp_path / "pw").write_text(f"{SECRET}\n")
    admin.ok(*CREATE, f"--password=@{tmp_path / 'pw'}")
    assert kept(admin) == SECRET


def test_standard_input_is_read_now(admin, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))
    admin.ok(*CREATE, "--password", "-")
    assert kept(admin) == SECRET


def test_a_terminal_is_asked(admin, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: SECRET if prompt == "Password: " else None)
    admin.ok(*CREATE, "--password=-")
    assert kept(admin) == SECRET


@pytest.mark.parametrize("text", ["env:PW", "file:/run/secrets/pw"])
def test_a_reference_is_stored_as_such_and_shown(admin, text):
    admin.ok(*CREATE, f"--password={text}")
    kind, _, name = text.partition(":")
    assert kept(admin) == {f"${kind}": name}
    assert f"Password: {text}" in admin.ok("event", "listener", "list").out


@pytest.mark.parametrize("value", ["@home", "-", "env:x", "file:x", "\\@x", "\\-"])
def test_a_backslash_keeps_a_value_from_being_read_or_referred_to(admin, value):
    admin.ok(*CREATE, f"--password=\\{value}")
    assert kept(admin) == value


@pytest.mark.parametrize("value", ["\\", "\\x", "a@b", "-x"])
def test_other_values_are_taken_as_they_are(admin, value):
    admin.ok(*CREATE, f"--password={value}")
    assert kept(admin) == value


@pytest.mark.parametrize(
    "words",
    [
        ("--password=@/no/such/hunter22",),
        ("--password", "hunter", "22"),
        ("--password=hunter22", "--no-such-option"),
        ("--pasword=hunter22",),
        ("--pasword", "hunter22"),
        ("--password=hunter22\x07", "--url=nope"),
        ("--password=hunter22", "--lanes=x"),
        ("--url=https://u:hunter22@ci.example/", "--password=p"),
        ("--password=env:",),
    ],
)
def test_no_error_has_a_secret_in_it(admin, words):
    run = admin(*CREATE, *words)
    assert run.code == 2 and run.err.count("\n") == 1
    for secret in ("hunter22", "hunter", "22"):
        assert secret not in run.out + run.err
    assert admin.stored() == ""


def test_an_empty_standard_input_is_refused(admin, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    run = admin(*CREATE, "--password=-")
    assert run.code == 2 and "--password" in run.err and admin.stored() == ""


def test_settings_are_shown_without_their_secrets(admin):
    admin.configure(
        f"[email]\nusername = u\npassword = {SECRET}\n[messaging]\nurl = amqp://u:{SECRET}@broker.example\n"
    )
    for words in (("config", "show"), ("config", "show", "--json"), ("config", "check")):
        run = admin("event", *words)
        assert SECRET not in run.out + run.err
    assert "password = ********" in admin.ok("event", "config", "show").out


class Login(Schema):
    user = fields.String()
    password = fields.String(metadata={"secret": True})


class NestedConfig(Schema):
    login = fields.Nested(Login, metadata={"help": "who we are"})
    tokens = fields.List(fields.String(metadata={"secret": True}), metadata={"help": "keys"})


class Nested(Notifier):
    type_id = "nested"
    config_schema = NestedConfig

    def deliver(self, event, config):
        pass


def test_secrets_within_a_structure_or_a_list_are_read_as_secrets_are_and_never_shown(admin, with_plugin, tmp_path):
    with_plugin("nested", Nested)
    (tmp_path / "login").write_text(f'{{"user": "ann", "password": "{SECRET}"}}')
    create = ("event", "listener", "nested", "create", "--event-type=*")
    listener = admin.listener(
        "nested", "create", "--event-type=*", f"--login=@{tmp_path / 'login'}", f"--tokens={SECRET}"
    )
    assert SECRET in admin.stored()
    runs = [
        admin.ok("event", "listener", "list"),
        admin.ok("event", "listener", "list", "--json"),
        admin.ok("event", "listener", "export"),
        admin.ok("event", "listener", "nested", "update", "--listener-id", listener, "--tokens=env:KEY", "--json"),
        admin(*create, f'--login={{"user": 5, "password": "{SECRET}"}}'),
        admin(*create, f'--login={{"user": "ann", "password": "{SECRET}'),
        admin(*create, "--login", "{", f'"password": "{SECRET}"}}'),
        admin("event", "plugin", "check", "nested"),
    ]
    assert all(SECRET not in run.out + run.err for run in runs)
    assert "user" in runs[0].out.lower() and "ann" in runs[0].out
    assert all(run.code == 2 for run in runs[4:7])
    text = " ".join(admin.ok("event", "listener", "nested", "create", "--help").out.split())
    assert '"env:NAME" or "file:PATH" in the JSON at each delivery' in text  # of --login
    assert "env:NAME or file:PATH" in text and "--login - who we are; JSON, " in text


@pytest.mark.parametrize("where", ["env:HOOK_TOKEN", "file:/nowhere/token", "hunter22"])
def test_a_secret_that_would_be_sent_in_the_clear_is_warned_of_wherever_it_stands(admin, where):
    for option in (f"--token={where}", f"--header={where if ':/' in where or 'env' in where else 'X-Key: hunter22'}"):
        run = admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=http://ci.example/", option)
        assert "will be sent unencrypted; use an https URL" in run.err and "hunter22" not in run.err
        run = admin.ok("event", "listener", "http", "create", "--event-type=*", "--url=https://ci.example/", option)
        assert "unencrypted" not in run.err


@pytest.mark.parametrize("password", ["env:NO_SUCH_VARIABLE_HERE", "hunter22"])
def test_so_it_is_for_one_of_a_section_that_cannot_be_read_here(admin, password):
    admin.configure(
        f"[email]\nenabled = true\nhost = mail.example\nusername = u\npassword = {password}\nsecurity = none\n"
    )
    run = admin.ok("event", "listener", "email", "create", "--event-type=*", "--subject=s", "--addresses=a@b.example")
    assert "the mail server's password will be sent unencrypted" in run.err and "hunter22" not in run.err
    assert ("NO_SUCH_VARIABLE_HERE is not set" in run.err) is password.startswith("env:")
    admin.configure(f"[messaging]\nurl = amqp://mq.example\nusername = u\npassword = {password}\n")
    run = admin.ok("event", "listener", "amqp", "create", "--event-type=*")
    assert "without TLS" in run.err or "no TLS" in run.err, run.err


def test_a_reference_within_an_option_that_is_json_stays_one_in_the_record_and_in_files(admin, with_plugin, tmp_path):
    with_plugin("nested", Nested)
    (tmp_path / "password").write_text(f"{SECRET}\n")
    login = '{"user": "ann", "password": "%s"}'
    listener = admin.listener("nested", "create", "--event-type=*", f"--login={login % 'env:PW'}")
    assert '"$env": "PW"' in admin.stored() and "password=env:PW" in admin.ok("event", "listener", "list").out
    exported = admin.ok("event", "listener", "export").out
    assert "$env: PW" in exported
    file = tmp_path / "listeners.yaml"
    file.write_text(exported)
    before = admin.stored()
    admin.ok("event", "listener", "apply", "-f", str(file))
    assert admin.stored() == before
    file.write_text(exported.replace("$env: PW", "").replace("password:", "password: env:PW"))
    refused = admin("event", "listener", "apply", "-f", str(file))
    assert refused.code == 2 and "login.password: env:NAME is the command-line form" in refused.err
    update = ("event", "listener", "nested", "update", "--listener-id", listener)
    for written, kept in ((f"@{tmp_path / 'password'}", SECRET), ("\\\\env:PW", "env:PW")):
        admin.ok(*update, f"--login={login % written}")
        assert kept in admin.stored() and "$env" not in admin.stored()
        assert SECRET not in admin.ok("event", "listener", "list").out


def login(user, password):
    return f'--login={{"user": "{user}", "password": "{password}"}}'


def test_a_mask_copied_from_what_is_shown_keeps_the_stored_secret(admin, with_plugin):
    with_plugin("nested", Nested)
    listener = admin.listener("nested", "create", "--event-type=*", login("ann", SECRET), "--tokens=k1", "--tokens=k2")
    before = admin.stored()
    update = ("event", "listener", "nested", "update", "--listener-id", listener)
    assert "updated" not in admin.ok(*update, login("ann", "********"), "--tokens=********").out
    assert admin.stored() == before
    admin.ok(*update, login("bob", "********"))
    assert admin.stored().count(SECRET) == 1 and '"bob"' in admin.stored() and "********" not in admin.stored()
    assert "k2" in admin.stored()
    http = admin.listener("http", "create", "--event-type=*", "--url=https://ci.example/?token=hunter33")
    update = ("event", "listener", "http", "update", "--listener-id", http)
    assert "updated" not in admin.ok(*update, "--url=https://ci.example/?token=********").out
    refused = admin(*update, "--url=https://elsewhere.example/?token=********")
    assert refused.code == 2 and "--url: ******** stands for a secret" in refused.err
    assert "ci.example/?token=hunter33" in admin.stored()


@pytest.mark.parametrize("command", ["create", "backtest"])
def test_a_mask_with_nothing_to_keep_is_no_secret(admin, with_plugin, command):
    with_plugin("nested", Nested)
    words = (
        "event",
        "listener",
        *(("backtest", "--type=nested", "--since=1h") if command == "backtest" else ("nested", "create")),
    )
    for option, place in ((login("ann", "********"), "login.password"), ("--tokens=********", "tokens.0")):
        refused = admin(*words, "--event-type=*", option)
        assert refused.code == 2 and f"{place}: ******** stands for a secret" in refused.err, refused.err
        assert refused.err.count("\n") == 1 and admin.stored() == ""
    listener = admin.listener("nested", "create", "--event-type=*", "--tokens=env:KEY")
    refused = admin("event", "listener", "nested", "update", "--listener-id", listener, login("ann", "********"))
    assert refused.code == 2 and "no stored value to keep" in refused.err


def test_asterisks_in_what_anybody_may_see_are_text(admin, with_plugin):
    with_plugin("nested", Nested)
    admin.listener("nested", "create", "--event-type=*", login("********", SECRET))
    assert "********" in admin.stored()


def test_a_name_that_no_shell_could_set_is_refused_by_option_and_not_said(admin, with_plugin):
    with_plugin("nested", Nested)
    for option, place in (("--tokens=env:1 X", "--tokens"), (login("ann", "env:hunter-22"), "--login.password")):
        refused = admin("event", "listener", "nested", "create", "--event-type=*", option)
        assert refused.code == 2 and refused.err.count("\n") == 1 and admin.stored() == ""
        assert f"{place}: The name of an environment variable has only letters" in refused.err.replace(".0:", ":")
        assert "hunter" not in refused.err


@pytest.mark.parametrize("name", ["--password", "--pasword", "--tokn", "--header"])
def test_an_option_that_runs_into_its_secret_is_not_repeated(admin, name):
    run = admin(*CREATE, f"{name}{SECRET}")
    assert run.code == 2 and "unknown option --" in run.err
    assert SECRET not in run.err and "********" in run.err


def test_a_misspelt_option_of_a_secret_is_named(admin):
    assert "unknown option --pasword; did you mean '--password'?" in admin(*CREATE, f"--pasword={SECRET}").err


def test_the_name_of_a_header_that_cannot_be_set_is_told_and_its_value_is_not(admin):
    run = admin(*CREATE[:-1], "--header=X-Team: one", f"--header=Content-Length: {SECRET}")
    assert run.code == 2
    assert "--header: Cannot set Content-Length, which is set for each request." in run.err
    assert SECRET not in run.err


@pytest.mark.parametrize(
    "header", [SECRET, f"{SECRET} x", f"{SECRET} y: z", f"Host: {SECRET}", f"X-Team: {SECRET}\x01"]
)
def test_no_error_about_a_header_has_its_value(admin, header):
    run = admin(*CREATE[:-1], f"--header={header}")
    assert run.code == 2 and SECRET not in run.err
