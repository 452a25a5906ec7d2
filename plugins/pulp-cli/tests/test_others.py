"""`pulp event delivery|notifier|type`, domains, formats, profiles."""

from importlib.metadata import version

import pytest
import yaml


@pytest.fixture
def dead(fake):
    return fake.deliver(fake.add(name="ci", notifier_type_id="http"))


def test_deliveries_of_all_and_of_one(cli, fake, dead):
    other = fake.deliver(fake.add(name="other", notifier_type_id="http"), "delivered")
    ids = lambda *options: [each["id"] for each in cli.json("event", "delivery", "list", *options)]  # noqa: E731
    assert ids() == [dead["id"], other["id"]]
    assert ids("--state=delivered") == [other["id"]]
    assert ids("--listener=ci") == ids("--listener-id", dead["listener_id"]) == [dead["id"]]
    assert ids("--listener", dead["listener"], "--state=delivered") == []


def test_show_and_retry_by_id(cli, fake, dead):
    assert cli.json("event", "delivery", "show", "--delivery-id", dead["id"])["report"]
    assert cli.json("event", "delivery", "retry", "--delivery-id", dead["id"])["state"] == "pending"
    assert fake.paths()[-1] == f"POST {dead['listener']}deliveries/{dead['id']}/retry/"


def test_retry_of_a_listeners(cli, fake, dead):
    assert cli.json("event", "delivery", "retry", "--listener=ci", "--event-type=repo.*") == {"count": 3}
    assert fake.requests[-1][3] == {"event_type": "repo.*"}


@pytest.mark.parametrize("options", [[], ["--delivery-id=a.1", "--listener=ci"], ["--delivery-id=a.1", "--state=dead"]])
def test_retry_says_which(cli, options):
    assert "say which" in cli("event", "delivery", "retry", *options, status=2).stderr


@pytest.mark.parametrize("delivery_id", ["nothing", "a.1", "../x.1"])
def test_no_such_delivery(cli, delivery_id):
    said = cli("event", "delivery", "show", "--delivery-id", delivery_id, status=1).stderr
    assert said == f"Error: Could not find a delivery with the id '{delivery_id}'.\n"


def test_notifiers_and_types(cli):
    assert [each["type_id"] for each in cli.json("event", "notifier", "list")] == ["http", "chat", "local"]
    assert cli.json("event", "notifier", "show", "--type=chat")["schema"]["required"] == ["room"]
    assert len(cli.json("event", "type", "list")) == 2
    assert cli.json("event", "type", "show", "--name=repo.sync.finish")["example"] == {"a": 1}
    assert "no event type 'x'" in cli("event", "type", "show", "--name=x", status=1).stderr


def test_domains(cli, other_pulp):
    with other_pulp(domains=True) as pulp:
        cli.options[1] = pulp.url
        cli.options += ["--domain", "blue"]
        listener = pulp.add(name="ci", pulp_href="/pulp/blue/api/v3/event-listeners/1/", notifier_type_id="http")
        delivery = pulp.deliver(listener)
        cli("event", "listener", "create", "http", "--event-type=*", "--url=http://a.example/")
        cli("event", "delivery", "retry", "--delivery-id", delivery["id"])
        cli("event", "listener", "update", "--name=ci", "--url=http://a.example/")
        assert {path.split(" ")[1].split("/api/")[0] for path in pulp.paths()} == {"/pulp/blue"}
        assert delivery["state"] == "pending"


def test_formats(cli, dead):
    cli.options += ["--format", "yaml"]
    assert yaml.safe_load(cli("event", "listener", "list").stdout)[0]["name"] == "ci"


def test_profiles(cli, fake, dead, tmp_path):
    config = tmp_path / "cli.toml"
    config.write_text(
        f'[cli]\nbase_url = "http://127.0.0.1:9"\n[cli-lab]\nbase_url = "{fake.url}"\nusername = "a"\npassword = "b"\n'
    )
    cli.options[:] = ["--config", str(config), "--profile", "lab"]
    assert len(cli.json("event", "listener", "list")) == 1


def test_a_wrong_password(cli, fake):
    fake.answers["GET", "/event-listeners/"] = 401, {"detail": "Invalid username/password."}
    assert (
        cli("event", "listener", "list", status=1).stderr == "Error: Authentication failed for event_listeners_list.\n"
    )


def test_pulps_own_commands_know_the_plugin(cli):
    cli("debug", "has-plugin", "--name", "events")
    cli("debug", "has-plugin", "--name", "events", "--specifier", ">=9", status=1)
    assert f"events: {version('pulp-cli-events')}" in cli("--version").stdout


def test_completion_without_a_server_offers_nothing(cli):
    import pulp_cli
    from click.shell_completion import ShellComplete

    found = ShellComplete(pulp_cli.main, {}, "pulp", "_PULP_COMPLETE").get_completions(
        ["event", "listener", "create"], ""
    )
    assert [each.value for each in found] == []
