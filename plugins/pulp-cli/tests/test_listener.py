"""`pulp event listener`: what is sent, and what people see."""

import json

import pytest
from pulp_glue.events.context import NEEDS

HTTP = ("event", "listener", "create", "http", "--event-type", "repo.sync.*", "--url", "http://ci.example/hook")


def bodies(fake, method):
    return [body for found, _, _, body in fake.requests if found == method]


def test_create_sends_what_the_options_say(cli, fake):
    made = cli.json(
        *HTTP, "--insecure", "--permanent", "410,404", "--permanent=400", "--description", "ci", "--label", "team=ops",
        "--rate=10/s", "--expires=1h30m", "--disabled",
    )  # fmt: skip
    assert made["notifier_config"] == {"url": "http://ci.example/hook", "insecure": True, "permanent": [410, 404, 400]}
    assert bodies(fake, "POST") == [
        {
            "event_types": ["repo.sync.*"],
            "description": "ci",
            "rate": "10/s",
            "expires": 5400,
            "labels": {"team": "ops"},
            "enabled": False,
            "notifier_type_id": "http",
            "notifier_config": {"url": "http://ci.example/hook", "insecure": True, "permanent": [410, 404, 400]},
        }
    ]


def test_nothing_that_was_not_said_is_sent(cli, fake):
    cli(*HTTP)
    assert bodies(fake, "POST") == [
        {
            "event_types": ["repo.sync.*"],
            "notifier_type_id": "http",
            "notifier_config": {"url": "http://ci.example/hook"},
        }
    ]


def test_event_types_may_be_separated_by_commas(cli, fake):
    cli(*HTTP[:5], "repo.sync.start,repo.publish.*", "--event-type=task.*", *HTTP[6:])
    assert bodies(fake, "POST")[0]["event_types"] == ["repo.sync.start", "repo.publish.*", "task.*"]


def test_help_is_made_from_the_schema(cli):
    text = " ".join(cli("event", "listener", "create", "http", "--help").stdout.split())
    for part in (
        "--url TEXT URL that event reports are posted to [required]",
        "--insecure / --no-insecure do not verify {the} certificate; default: false",
        "one of report, cloudevents; default: report",
        "--permanent TEXT default: 410; separated by commas, or repeated",
        "--token TEXT token for bearer authentication; @FILE is read",
        "General Options: --event-type TYPE",
    ):
        assert part in text
    assert "--ca-path" not in text


def test_groups_of_the_notifier_are_sections_of_the_help(cli):
    assert "Timing Options:\n  --wait TEXT" in cli("event", "listener", "create", "chat", "--help").stdout


def test_create_lists_the_types_that_users_may_have(cli, fake):
    text = cli("event", "listener", "create", "--help").stdout
    assert "chat  posts to a room of chat" in text and "http  posts event reports" in text and "local" not in text
    assert fake.paths() == ["GET /pulp/api/v3/event-notifiers/"]


def test_the_server_is_asked_for_its_notifiers_once(cli, fake):
    cli(*HTTP)
    assert fake.paths() == ["GET /pulp/api/v3/event-notifiers/", "POST /pulp/api/v3/event-listeners/"]


@pytest.mark.parametrize("arguments", [[], ["listener"], ["delivery"], ["listener", "label"], ["notifier", "show"]])
def test_help_without_a_server(arguments, cli):
    cli.options[1] = "http://127.0.0.1:9"
    assert "Usage: pulp event" in cli("event", *arguments, "--help").stdout


def test_no_server_is_one_line(cli):
    cli.options[1] = "http://127.0.0.1:9"
    found = cli("event", "listener", "create", "http", "--help", status=1)
    assert found.stderr.startswith("Error: ") and found.stderr.count("\n") == 1


def test_an_unknown_type_names_those_there_are(cli):
    found = cli("event", "listener", "create", "pigeon", status=1)
    assert found.stderr == "Error: The server has no notifier type 'pigeon'. It has: chat, http, local.\n"


def test_a_field_with_the_name_of_a_general_option_gets_the_type_before_it(cli, fake):
    cli(*HTTP, "--filter", "payload.a", "--http-filter", "b")
    body = bodies(fake, "POST")[0]
    assert body["filter"] == "payload.a" and body["notifier_config"]["filter"] == "b"


def test_shapes_of_a_third_partys_fields(cli, fake):
    cli(
        "event", "listener", "create", "chat", "--event-type=*", "--room=#ops", "--wait=5s", "--level=3", "--share=0.5",
        "--extra=a=1", "--extra=b=x=y", "--card", '{"a": 1}', "--colour=2",
    )  # fmt: skip
    assert bodies(fake, "POST")[0]["notifier_config"] == {
        "room": "#ops", "wait": "5s", "level": 3, "share": 0.5, "extra": {"a": "1", "b": "x=y"}, "card": {"a": 1},
        "colour": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--level=x", "--level: 'x' is not a whole number."),
        ("--share=x", "--share: 'x' is not a number."),
        ("--colour=3", "--colour: '3' is not one of 1, 2."),
        ("--extra=a", "--extra takes KEY=VALUE"),
        ("--card={", "--card: the value is not JSON"),
        ("--expires=soon", "--expires: 'soon' is not a duration"),
        ("--card=@/nowhere", "--card: /nowhere cannot be read: No such file or directory."),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_before_anything_is_sent(cli, fake, option, said):
    found = cli("event", "listener", "create", "chat", "--event-type=*", "--room=a", option, status=2)
    assert f"Error: {said}" in found.stderr and not bodies(fake, "POST")


def test_a_missing_option(cli):
    assert "Missing option '--url'" in cli(*HTTP[:6], status=2).stderr


# Secrets


def test_a_secret_from_a_file_a_prompt_or_standard_input(cli, fake, tmp_path):
    file = tmp_path / "token"
    file.write_text("s3cr3t\n")
    shown = cli(*HTTP, f"--token=@{file}").stdout
    shown += cli(*HTTP, "--token=-", stdin="s3cr3t\n").stdout
    cli(*HTTP, r"--token=\@home")
    assert [each["notifier_config"]["token"] for each in bodies(fake, "POST")] == ["s3cr3t", "s3cr3t", "@home"]
    assert "s3cr3t" not in shown and '"is_set": true' in shown


def test_a_secret_list_is_a_line_each_of_a_file_and_keeps_its_commas(cli, fake, tmp_path):
    file = tmp_path / "headers"
    file.write_text("A: 1,2\nB: 3\n")
    cli(*HTTP, f"--header=@{file}", "--header=C: 4, 5")
    assert bodies(fake, "POST")[0]["notifier_config"]["header"] == ["A: 1,2", "B: 3", "C: 4, 5"]


# Refusals


def test_refusals_by_field_are_a_line_each_by_option(cli, fake):
    fake.answers["POST", "/event-listeners/"] = (
        400,
        {
            "notifier_config": {
                "url": ["Not a valid URL."],
                "permanent": {"1": ["Not a status."]},
                "other": ["Unknown."],
            },
            "event_types": ["No event type matches."],
            "non_field_errors": ["Two of them."],
        },
    )
    assert cli(*HTTP, status=1).stderr.splitlines() == [
        "Error: --url: Not a valid URL.",
        "Error: --permanent (1): Not a status.",
        "Error: notifier_config.other: Unknown.",
        "Error: --event-type: No event type matches.",
        "Error: Two of them.",
    ]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (409, {"detail": "You have 10 listeners, which is the most."}, "You have 10 listeners, which is the most."),
        (403, {"detail": "no"}, "Operation event_listeners_create is not authorized."),
        (503, {"detail": "The store is away."}, "The store is away."),
        (400, ["Plain."], "Plain."),
    ],
)
def test_other_refusals_are_one_line(cli, fake, status, body, said):
    fake.answers["POST", "/event-listeners/"] = status, body
    assert cli(*HTTP, status=1).stderr == f"Error: {said}\n"


def test_a_dry_run_changes_nothing(cli, fake):
    cli.options.append("--dry-run")
    assert "Call aborted due to safe mode" in cli(*HTTP, status=1).stderr
    assert not fake.listeners


def test_a_server_without_the_plugin_says_so(cli, other_pulp):
    with other_pulp(version=None) as pulp:
        cli.options[1] = pulp.url
        said = cli("event", "listener", "list", status=1).stderr
    assert f"does not provide the pulp component 'events{NEEDS[0].specifier}'" in said and "pulp event" in said


def test_an_api_document_of_an_older_server_in_the_cache(cli, fake, ci):
    action = next(path for path in fake.document["paths"] if path.endswith("unmute/"))
    new = fake.document["paths"].pop(action)
    said = cli("event", "listener", "unmute", "--name=ci", status=1).stderr
    assert "has no operation event_listeners_unmute" in said and "pulp --refresh-api" in said
    fake.document["paths"][action] = new
    cli("--refresh-api", "event", "listener", "unmute", "--name=ci")


# Choosing a listener


@pytest.fixture
def ci(fake):
    fake.add(name="other", notifier_type_id="chat", event_types=["*"], notifier_config={"room": "a"})
    return fake.add(
        name="ci",
        notifier_type_id="http",
        event_types=["*"],
        notifier_config={"url": "http://a.example/", "token": "t"},
    )


@pytest.mark.parametrize("how", ["name", "listener_id", "pulp_href"])
@pytest.mark.parametrize("type_id", [["http"], []])
def test_update_changes_what_is_said(cli, fake, ci, how, type_id):
    option = {"name": "--name", "listener_id": "--listener-id", "pulp_href": "--href"}[how]
    cli("event", "listener", "update", *type_id, option, ci[how], "--username=me", "--enabled", "--token=")
    assert bodies(fake, "PATCH") == [{"enabled": True, "notifier_config": {"username": "me", "token": None}}]
    assert ci["notifier_config"] == {"url": "http://a.example/", "username": "me"}


def test_update_clears_by_an_empty_value(cli, fake, ci):
    cli("event", "listener", "update", "http", "--name=ci", "--filter=", "--label=", "--expires=")
    assert bodies(fake, "PATCH") == [{"filter": None, "labels": {}, "expires": None}]


def test_update_of_another_type_names_the_right_command(cli, fake, ci):
    found = cli("event", "listener", "update", "chat", "--name=ci", "--room=b", status=2)
    assert "use `pulp event listener update http` for it" in found.stderr and not bodies(fake, "PATCH")


def test_update_without_a_listener(cli):
    assert (
        "say which listener, by one of --href, --name, --listener-id"
        in cli("event", "listener", "update", "--url=http://b.example/", status=2).stderr
    )


def test_show_list_destroy(cli, fake, ci):
    assert cli.json("event", "listener", "show", "--name=ci")["listener_id"] == ci["listener_id"]
    assert [each["name"] for each in cli.json("event", "listener", "list")] == ["other", "ci"]
    assert [each["name"] for each in cli.json("event", "listener", "list", "--type=chat")] == ["other"]
    found = cli("event", "listener", "list", "--limit=1")
    assert "Not all 2 entries were shown." in found.stderr and len(json.loads(found.stdout)) == 1
    cli("event", "listener", "destroy", "--href", ci["pulp_href"])
    assert list(fake.listeners.values())[0]["name"] == "other" and len(fake.listeners) == 1
    assert "Could not find event listener" in cli("event", "listener", "show", "--name=ci", status=1).stderr


def test_test_fails_where_the_endpoint_did(cli, fake, ci):
    assert cli.json("event", "listener", "test", "--name=ci")["results"][0]["outcome"] == "delivered"
    fake.answers["POST", "/test/"] = 200, {"results": [{"outcome": "transient", "detail": "refused"}]}
    assert "refused" in cli("event", "listener", "test", "--name=ci", status=1).stdout


def test_mute_and_unmute(cli, fake, ci):
    muted = cli.json("event", "listener", "mute", "--name=ci", "--for=2h", "--reason", "upgrade")
    assert muted["mute_reason"] == "upgrade"
    assert cli.json("event", "listener", "unmute", "--name=ci")["muted_until"] is None
    cli("event", "listener", "mute", "--name=ci", "--until=2026-11-28T07:00Z", "--drop")
    assert bodies(fake, "POST") == [
        {"seconds": 7200, "reason": "upgrade"}, None, {"until": "2026-11-28T07:00Z", "drop": True}
    ]  # fmt: skip
    assert "--for and --until" in cli("event", "listener", "mute", "--name=ci", status=2).stderr


def test_labels(cli, ci):
    cli("event", "listener", "label", "set", "--name=ci", "--key=team", "--value=ops")
    cli("event", "listener", "label", "set", "--name=ci", "--key=env", "--value=prod")
    assert cli("event", "listener", "label", "show", "--name=ci", "--key=team").stdout == "ops\n"
    cli("event", "listener", "label", "unset", "--name=ci", "--key=team")
    assert ci["labels"] == {"env": "prod"}
    assert cli("event", "listener", "label", "show", "--name=ci", "--key=team", status=1).stderr == (
        "Error: The listener has no label 'team'.\n"
    )


def test_roles(cli, fake, ci):
    for command in (["list"], ["my-permissions"], ["add", "--role=r", "--user=u"], ["remove", "--role=r", "--user=u"]):
        cli("event", "listener", "role", *command, "--name=ci")
    assert [path.rpartition("/event-listeners/")[2].split("/")[1] for path in fake.paths() if "role" in path] == [
        "list_roles", "add_role", "remove_role"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "config"),
    [
        (["--permanent", "[410, 404]", "--permanent=400"], {"permanent": [410, 404, 400]}),
        (["--header", '["X-A: a,b", "X-B: c"]', "--header=X-C: d,e"], {"header": ["X-A: a,b", "X-B: c", "X-C: d,e"]}),
    ],
)
def test_a_list_may_be_a_json_array(cli, fake, words, config):
    cli(*HTTP, *words)
    assert bodies(fake, "POST")[0]["notifier_config"] == {"url": "http://ci.example/hook", **config}


@pytest.mark.parametrize("words", [["--permanent", "[410, 404"], ["--header", '["X-A: hunter2"']])
def test_a_broken_array_is_refused_and_not_split(cli, fake, words):
    refused = cli(*HTTP, *words, status=2).stderr
    assert f"{words[0]} begins with [ and is not a JSON array" in " ".join(refused.replace("│", " ").split())
    assert "hunter2" not in refused and not bodies(fake, "POST")
