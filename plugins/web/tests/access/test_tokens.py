"""Tokens: what opens, what no longer opens, what is kept of them."""

import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulp_events.errors import StoreCorrupt
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import PREFIX, TokenNameTaken, Tokens
from pulp_events_web.principal import Role

VERSION = "/api/v1/version"


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def timed(tmp_path, clock):
    return Tokens(AccessStore(tmp_path), lambda: clock[0])


def test_a_token_is_kept_as_its_hash_alone_in_a_file_for_its_owner(timed, tmp_path):
    secret, made = timed.create("ci", Role.OPERATOR, 60)
    path = tmp_path / "web.json"
    text = path.read_text()
    assert secret.startswith(PREFIX) and len(secret) == len(PREFIX) + 43  # 256 bits, six in each character
    assert secret.removeprefix(PREFIX) not in text
    assert json.loads(text)["tokens"][made.id]["sha256"] == hashlib.sha256(secret.encode()).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if "tmp" in each.name] == []


def test_a_token_opens_nothing_from_the_second_on_in_which_it_expires(timed, clock):
    secret, made = timed.create("ci", Role.OPERATOR, 60)
    clock[0] += 59.9
    assert timed.find(secret) == made
    clock[0] += 0.1
    assert timed.find(secret) is None and timed.by_id(made.id) is None and timed.valid() == []
    assert [each.id for each in timed.all()] == [made.id]


def test_two_tokens_never_share_a_name(timed):
    timed.create("ci", Role.VIEWER, None)
    with pytest.raises(TokenNameTaken, match="ci"):
        timed.create("ci", Role.ADMIN, None)


def test_many_who_make_tokens_at_once_all_get_one(timed):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: timed.create(f"n{number}", Role.VIEWER, None), range(24)))
    assert {each.id for _, each in made} == {each.id for each in timed.all()} and len(timed.all()) == 24


def test_a_file_that_is_not_ours_lets_nobody_in_and_stays_as_it_is(timed, tmp_path):
    (tmp_path / "web.json").write_text("{}")
    with pytest.raises(StoreCorrupt, match="web access file"):
        timed.find(PREFIX + "x")
    with pytest.raises(StoreCorrupt):
        timed.create("ci", Role.VIEWER, None)
    assert (tmp_path / "web.json").read_text() == "{}"


def test_a_bearer_or_the_password_of_basic_authentication(anonymous, tokens):
    secret, _ = tokens.create("ci", Role.VIEWER, None)
    assert anonymous.get(VERSION, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert anonymous.get(VERSION, auth=("admin", secret)).status_code == 200
    assert anonymous.get(VERSION, auth=(secret, "admin")).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["Bearer pulpev_wrong", "Bearer", "Bearer ", "Basic !!!", "Basic YQ==", "Digest a=b", "nonsense", "Bearer \udcff"],
)
def test_what_is_no_token_opens_nothing(anonymous, tokens, header):
    tokens.create("ci", Role.ADMIN, None)
    answer = anonymous.get(VERSION, headers={"Authorization": header.encode("utf-8", "replace").decode()})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_without_anything_nobody_is_let_in(anonymous):
    assert anonymous.get(VERSION).status_code == 401


def test_pulp_2_routes_ask_for_a_password(anonymous):
    answer = anonymous.get("/pulp/api/v2/events/", headers={"Authorization": "Bearer pulpev_wrong"})
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_revoked_it_opens_nothing_at_the_next_request(anonymous, tokens):
    secret, made = tokens.create("ci", Role.VIEWER, None)
    headers = {"Authorization": f"Bearer {secret}"}
    assert anonymous.get(VERSION, headers=headers).status_code == 200
    tokens.revoke("ci")
    assert anonymous.get(VERSION, headers=headers).status_code == 401


def test_no_log_has_a_token_in_it(anonymous, tokens, caplog):
    caplog.set_level("DEBUG")
    secret, _ = tokens.create("ci", Role.VIEWER, None)
    anonymous.get(VERSION, headers={"Authorization": f"Bearer {secret}"})
    wrong = anonymous.get(VERSION, headers={"Authorization": f"Bearer {secret}x"})
    anonymous.get(f"/login?token={secret}")
    assert "not valid was given from 127.0.0.1" in caplog.text
    assert secret not in caplog.text + wrong.get_data(as_text=True)


def test_tokens_are_compared_in_constant_time(anonymous, tokens, monkeypatch):
    from pulp_events_web.access import tokens as module

    compared = []
    monkeypatch.setattr(module.hmac, "compare_digest", lambda one, other: compared.append(one) or one == other)
    made = [tokens.create(name, Role.VIEWER, None) for name in "abc"]
    assert tokens.find(made[0][0]) == made[0][1]
    assert len(compared) == 3  # each, also after the right one
