"""What is done with a listener by REST."""

from datetime import UTC, datetime, timedelta

import pytest

from pulp_events.testing import Answer, HttpSink
from pulp_events_web import trying
from pulp_events_web.api import listener_asking, listener_operating
from pulp_events_web.principal import Principal, Role

from .conftest import PEOPLE, Person, pointers

LATER = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


@pytest.fixture
def path(root, new):
    """Of a listener."""
    return f"listeners/{root('POST', 'listeners', new()).json['id']}"


def test_a_listener_is_disabled_with_a_reason_and_enabled(otto, path):
    found = otto("POST", f"{path}/disable", {"reason": "moves house"}).json
    assert (found["enabled"], found["disabled_reason"]) == (False, "moves house")
    assert otto("POST", f"{path}/disable").status_code == 200  # a body may be left out
    found = otto("POST", f"{path}/enable").json
    assert (found["enabled"], found["disabled_reason"]) == (True, None)


def test_a_listener_is_muted_and_unmuted(otto, path):
    found = otto("POST", f"{path}/mute", {"until": LATER, "reason": "disks", "drop": True}).json
    assert (found["muted_by"], found["mute_reason"], found["mute_drops"]) == ("otto (untrusted)", "disks", True)
    assert found["muted_until"].endswith("Z")
    found = otto("POST", f"{path}/unmute").json
    assert (found["muted_until"], found["muted_by"], found["mute_drops"]) == (None, None, False)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/seconds"),
        ({"seconds": 1, "until": LATER}, "/seconds"),
        ({"seconds": 0}, "/seconds"),
        ({"seconds": 1e300}, "/seconds"),
        ({"until": "2020-01-01T00:00:00"}, "/until"),
        ({"until": "0001-01-01T00:00:00+23:59"}, "/until"),
        ({"until": "9999-12-31T23:59:59-23:59"}, "/until"),
        ({"seconds": 5, "reason": "x" * 1001}, "/reason"),
    ],
)
def test_a_mute_that_is_not_valid_is_refused(otto, path, body, where):
    answer = otto("POST", f"{path}/mute", body)
    assert answer.status_code == 422 and where in pointers(answer)


def test_a_mute_until_a_moment_that_is_past_is_refused(otto, path):
    answer = otto("POST", f"{path}/mute", {"until": "2020-01-01T00:00:00Z"})
    assert answer.status_code == 422 and pointers(answer) == {"/until"}


def test_a_test_event_is_sent(otto, path, sink):
    (result,) = otto("POST", f"{path}/test").json["results"]
    assert result["outcome"] == "delivered" and len(sink.requests) == 1


def test_a_receiver_that_hangs_keeps_no_request_waiting(person, otto, root, new, monkeypatch):
    monkeypatch.setattr(trying, "LONGEST", 0.2)
    with HttpSink(Answer(fault="hang")) as silent:
        path = f"listeners/{root('POST', 'listeners', new(notifier_config={'url': silent.url})).json['id']}"
        for who in (otto, root):  # half of the tests are anybody's
            for _ in range(trying.AT_ONCE // 2):
                (result,) = who("POST", f"{path}/test").json["results"]
                assert result["outcome"] == "timeout" and "0.2 seconds" in result["detail"]
            answer = who("POST", f"{path}/test")
            assert answer.status_code == 429 and answer.headers["Retry-After"] and "of yours" in answer.json["detail"]
        answer = person("ada")("POST", f"{path}/test")
        assert answer.status_code == 429 and "of yours" not in answer.json["detail"]


def test_a_secret_is_rotated_and_the_old_one_overlaps(root, path, bus):
    first, second = "whsec_" + "QUFB" * 11, "whsec_" + "QkJC" * 11
    root("POST", f"{path}/rotate-secret", {"secret": first})
    answer = root("POST", f"{path}/rotate-secret", {"secret": second, "overlap": 60})
    assert answer.status_code == 200
    config = bus.listeners.get(path[10:]).notifier_config
    assert (config["secret"], config["previous_secret"]) == (second, first)
    assert root("POST", f"{path}/rotate-secret", {"secret": first, "overlap": 0}).status_code == 200
    assert "previous_secret" not in bus.listeners.get(path[10:]).notifier_config


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/secret"),
        ({"secret": "too-short"}, "/secret"),
        ({"secret": "generate"}, "/secret"),
        ({"secret": "whsec_" + "QUFB" * 11, "overlap": 1e300}, "/overlap"),
    ],
)
def test_a_rotation_that_is_not_valid_is_refused(root, path, body, where):
    answer = root("POST", f"{path}/rotate-secret", body)
    assert answer.status_code == 422 and where in pointers(answer), answer.json


def test_a_type_without_such_a_secret_says_so(root, new):
    body = new(notifier_type_id="email", notifier_config={"addresses": ["a@b.example"], "subject": "x"})
    made = root("POST", "listeners", body)
    assert made.status_code == 201, made.json
    answer = root("POST", f"listeners/{made.json['id']}/rotate-secret", {"secret": "whsec_" + "QUFB" * 11})
    assert answer.status_code == 409 and "email" in answer.json["detail"]


def test_explain_says_why(vera, otto, root, path):
    ask = {"event_type": "repo.sync.start", "payload": {"repo_id": "a"}}
    assert vera("POST", f"{path}/explain", ask).json["gets"] == "yes"
    assert vera("POST", f"{path}/explain", {"event_type": "repo.publish.start"}).json["cause"] == "event type"
    otto("POST", f"{path}/disable")
    assert vera("POST", f"{path}/explain", ask).json["cause"] == "disabled"
    unknown = vera("POST", f"{path}/explain", {"event_type": "repo.sink.start"})
    assert unknown.status_code == 422 and pointers(unknown) == {"/event_type"}


def test_a_backfill_adds_what_was_missed_once(root, new, bus):
    root("POST", "listeners", new(event_types=["*"]))  # without any, nothing is stored
    for number in range(5):
        bus.emit("repo.sync.start", {"repo_id": f"r{number}"})
    path = f"listeners/{root('POST', 'listeners', new()).json['id']}"
    body = {"since": "2026-01-01T00:00:00Z"}
    dry = root("POST", f"{path}/backfill", {**body, "dry_run": True}).json
    assert (dry["added"], dry["complete"]) == (5, True)
    done = root("POST", f"{path}/backfill", body).json
    assert (done["added"], done["complete"]) == (5, True) and done["until"].endswith("Z")
    again = root("POST", f"{path}/backfill", {**body, "until": done["until"]}).json
    assert again["added"] == 0 and again["there"] in (0, 5)
    assert root("POST", f"{path}/backfill", {"since": LATER}).status_code == 422


def test_a_backfill_that_takes_too_long_goes_on_with_the_same_request(root, new, bus, monkeypatch):
    root("POST", "listeners", new(event_types=["*"]))
    bus.emit_many([("repo.sync.start", {"repo_id": f"r{number}"}) for number in range(1200)])
    path = f"listeners/{root('POST', 'listeners', new()).json['id']}"
    monkeypatch.setattr(listener_operating, "BACKFILL_SECONDS", 0)
    body, added, there, asked = {"since": "2026-01-01T00:00:00Z"}, 0, 0, 0
    while asked == 0 or body["cursor"]:
        done = root("POST", f"{path}/backfill", body).json
        body, asked = {**body, "cursor": done["next"]}, asked + 1
        added, there = added + done["added"], there + done["there"]
        assert done["complete"] == (done["next"] is None) and asked < 20
    assert (added, there) == (1200, 0) and asked > 5  # what one request looked at, no other one looked at again


def test_a_backtest_compares(root, vera, new, bus, monkeypatch):
    path = f"listeners/{root('POST', 'listeners', new(event_types=['*'])).json['id']}"
    for number in range(4):
        bus.emit("repo.sync.start", {"repo_id": f"r{number}"})
    found = vera("POST", f"{path}/backtest", {}).json
    assert found["counts"] == {"both": 4} and found["complete"] and len(found["tested"]) == 4
    found = root("POST", f"{path}/backtest", {"filter": "payload.repo_id == 'r1'", "sample": 1, "previews": True}).json
    assert found["counts"] == {"both": 1, "dropped": 3} and len(found["tested"]) == 2
    assert bus.listeners.get(path[10:]).filter is None
    wrong = root("POST", f"{path}/backtest", {"notifier_config": {"url": "ftp://x"}})
    assert wrong.status_code == 422 and pointers(wrong) == {"/notifier_config/url"}
    monkeypatch.setattr(listener_asking, "BACKTEST_EVENTS", 2)
    found = vera("POST", f"{path}/backtest", {}).json
    assert found["looked_at"] == 2 and not found["complete"]


@pytest.mark.parametrize("name", ["root", "r" * 200])
def test_the_history_does_not_take_an_untrusted_user_for_one_of_the_machine(app, bus, new, root, monkeypatch, name):
    """A token may have any name."""
    monkeypatch.setitem(PEOPLE, "taker", Principal(name, Role.OPERATOR))
    found = root("POST", "listeners", new()).json["id"]
    taker = Person(app, "taker")
    for action, body in (("disable", {}), ("enable", None), ("mute", {"seconds": 60}), ("unmute", None)):
        assert taker("POST", f"listeners/{found}/{action}", body).status_code == 200
        change = bus.listeners.history(found)[0]
        assert change.by.endswith(" (untrusted)") and change.by.startswith(name[:100]), action
    taker("POST", f"listeners/{found}/mute", {"seconds": 60})
    assert root("GET", f"listeners/{found}").json["muted_by"].endswith(" (untrusted)")
    assert root("POST", f"listeners/{found}/disable", {}).status_code == 200
    assert bus.listeners.history(found)[0].by == "root"
