"""Listeners made, shown, changed and deleted."""

from __future__ import annotations

import re

import pytest

HTTP = ("http", "create", "--event-type=repo.sync.start", "--url=http://ci.example/hook")


def test_list_has_the_guides_layout(admin):
    admin.ok("event", "listener", *HTTP)
    addresses = "--addresses=someone@redhat.com,another@redhat.com"
    create = (
        "event",
        "listener",
        "email",
        "create",
        "--event-type",
        "repo.sync.start",
        "--event-type",
        "repo.*.finish",
    )
    run = admin.ok(*create, "--subject=pulp notification", addresses)
    assert run.out == "Event listener successfully created\n"
    text = re.sub(r"\b[0-9a-f]{24}\b", "ID", admin.ok("event", "listener", "list").out)
    assert text == (
        "Event Types:       repo.sync.start\n"
        "Id:                ID\n"
        "Notifier Config:\n"
        "  URL: http://ci.example/hook\n"
        "Notifier Type Id:  http\n"
        "\n"
        "Event Types:       repo.sync.start, repo.*.finish\n"
        "Id:                ID\n"
        "Notifier Config:\n"
        "  Addresses: someone@redhat.com, another@redhat.com\n"
        "  Subject:   pulp notification\n"
        "Notifier Type Id:  email\n"
    )


def test_an_empty_store_lists_nothing(admin):
    assert admin.ok("event", "listener", "list").out == ""
    assert admin.ok("event", "listener", "list", "--json").json == []


def test_attributes_that_differ_from_their_default_are_listed(admin):
    options = ("--filter=payload.result == 'failed'", "--lanes=1", "--retry-schedule=5s,5m", "--disabled")
    admin.ok("event", "listener", *HTTP, *options)
    lines = admin.ok("event", "listener", "list").out.splitlines()
    assert "Enabled:           false" in lines
    assert "Filter:            payload.result == 'failed'" in lines
    assert "Lanes:             1" in lines
    assert "Retry Schedule:    5s, 5m" in lines
    labels = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert labels == sorted(labels)


def test_show_has_times_and_json_has_them_in_utc(admin):
    listener = admin.listener(*HTTP)
    assert "Created:" in admin.ok("event", "listener", "show", "--listener-id", listener).out
    shown = admin.ok("event", "listener", "show", "--listener-id", listener, "--json").json
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", shown["created"])
    assert shown == admin.ok("event", "listener", "list", "--health", "--json").json[0]


def test_show_has_targets_where_a_listener_has_some(admin):
    http = admin.listener(*HTTP)
    assert "Targets" not in admin.ok("event", "listener", "show", "--listener-id", http).out
    email = admin.listener("email", "create", "--event-type=*", "--subject=s", "--addresses=a@x.example,b@x.example")
    shown = admin.ok("event", "listener", "show", "--listener-id", email).out
    assert re.search(r"^Targets: +a@x.example, b@x.example$", shown, re.M)


def test_update_merges_replaces_event_types_and_removes_empty_values(admin):
    listener = admin.listener(*HTTP, "--ca-path=/etc/ca.pem", "--filter=payload.a")
    update = ("event", "listener", "http", "update", "--listener-id", listener)
    run = admin.ok(*update, "--event-type=*", "--ca-path=", "--filter=", "--url=http://other.example/")
    assert run.out == "Event listener successfully updated\n"
    (after,) = admin.ok("event", "listener", "list", "--json").json
    assert after["notifier_config"] == {"url": "http://other.example/"}
    assert after["event_types"] == ["*"] and after["filter"] is None and after["id"] == listener


@pytest.mark.parametrize(
    ("option", "key", "empty"),
    [("--filter=payload.a", "filter", ""), ("--lanes=2", "lanes", ""), ("--retry-schedule=5s", "retry_schedule", ""),
     ("--retry-schedule=5s", "retry_schedule", " , ")],
)  # fmt: skip
def test_an_empty_value_removes_an_attribute_and_sets_none(admin, option, key, empty):
    listener, name = admin.listener(*HTTP, option), option.partition("=")[0]
    assert admin.ok("event", "listener", "list", "--json").json[0][key] is not None
    admin.ok("event", "listener", "http", "update", "--listener-id", listener, f"{name}={empty}")
    admin.listener(*HTTP, f"{name}={empty}")
    assert [each[key] for each in admin.ok("event", "listener", "list", "--json").json] == [None, None]


def test_an_update_that_changes_nothing_writes_nothing(admin):
    listener = admin.listener(*HTTP)
    file = admin.data / "listeners.json"
    before = file.stat().st_mtime_ns
    update = ("event", "listener", "http", "update", "--listener-id", listener)
    assert admin.ok(*update, "--url=http://ci.example/hook").out == "No changes were made\n"
    assert admin.ok(*update).out == "No changes were made\n"
    assert file.stat().st_mtime_ns == before


def test_a_listener_is_updated_in_its_own_section_only(admin):
    listener = admin.listener(*HTTP)
    run = admin("event", "listener", "email", "update", "--listener-id", listener, "--subject=x")
    assert run.code == 2 and "pulp-admin event listener http update" in run.err


def test_disable_and_enable(admin):
    listener = admin.listener(*HTTP)
    one = ("--listener-id", listener)
    assert admin.ok("event", "listener", "disable", *one, "--reason=moved").out.endswith("successfully disabled\n")
    assert "Disabled Reason:   moved" in admin.ok("event", "listener", "list").out
    assert admin.ok("event", "listener", "disable", *one).out == "No changes were made\n"
    assert admin.ok("event", "listener", "enable", *one).out == "Event listener successfully enabled\n"
    assert admin.ok("event", "listener", "enable", *one).out == "No changes were made\n"
    assert "Disabled" not in admin.ok("event", "listener", "list").out


def test_delete(admin):
    listener = admin.listener(*HTTP)
    run = admin.ok("event", "listener", "delete", "--listener-id", listener)
    assert run.out == "Event listener successfully deleted\n"
    assert admin.ok("event", "listener", "list").out == ""


def test_warnings_of_the_notifier_go_to_standard_error(admin):
    create = ("event", "listener", "email", "create", "--event-type=*", "--subject=s", "--addresses=a@example.com")
    run = admin.ok(*create)
    assert run.out == "Event listener successfully created\n"
    assert run.err.startswith("pulp-admin: warning: email is disabled") and "[email]" in run.err
    admin.configure("[email]\nenabled = true\n")
    assert admin.ok(*create).err == ""


def test_a_listener_whose_plugin_is_gone_is_listed_and_deleted(admin):
    listener = admin.listener(*HTTP, "--username=u", "--password=hunter22")
    text = admin.ok("event", "listener", "list", "--no-plugins").out
    assert "http (not installed)" in text and "hunter22" not in text
    admin.ok("event", "listener", "delete", "--listener-id", listener, "--no-plugins")
    assert admin.ok("event", "listener", "list", "--json").json == []


def test_global_options_are_taken_before_and_after_the_words(admin, tmp_path):
    other = tmp_path / "other.conf"
    other.write_text(f"[events]\ndata_dir = {tmp_path / 'elsewhere'}\n")
    admin.ok("--config", str(other), "event", "listener", *HTTP)
    assert admin.ok("event", "listener", "list").out == ""
    for words in (("--json", f"--config={other}", "event", "listener", "list"),
                  ("event", "--json", "listener", "list", "--config", str(other))):  # fmt: skip
        assert len(admin.ok(*words).json) == 1
