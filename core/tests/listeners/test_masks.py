"""Masks that come back keep what is stored in their place, and give no secret to another one's neighbour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events.listeners.masks import has_mask, kept
from pulp_events.secrets import MASK, redact


class Account(Schema):
    user = fields.String()
    url = fields.String()
    password = fields.String(metadata={"secret": True})


class Config(Schema):
    note = fields.String()
    url = fields.String()
    token = fields.String(metadata={"secret": True})
    account = fields.Nested(Account)
    accounts = fields.List(fields.Nested(Account))
    by_name = fields.Dict(keys=fields.String(), values=fields.Nested(Account))
    tokens = fields.List(fields.String(metadata={"secret": True}))
    keys = fields.List(fields.String(metadata={"secret": True}))


def account(user, password, **more):
    return {"user": user, "password": password, **more}


STORED = {
    "note": "n",
    "url": "https://u:pw@one.example/",
    "token": "t0ken",
    "account": account("ann", "pw-ann"),
    "accounts": [account("ann", "pw-1"), account("bob", "pw-2")],
    "by_name": {"a": account("ann", "pw-a")},
    "tokens": ["t1", "t2", {"$env": "T3"}],
    "keys": ["k1", "k2"],
}
SHOWN = redact(Config(), STORED)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"account": account("eve", MASK)}, {"account": account("eve", "pw-ann")}),
        ({"account": {"password": MASK}}, {"account": {"password": "pw-ann"}}),
        ({"by_name": {"a": account("eve", MASK), "b": account("b", "new")}},
         {"by_name": {"a": account("eve", "pw-a"), "b": account("b", "new")}}),
        ({"accounts": [account("bob", MASK), account("ann", MASK)]},
         {"accounts": [account("bob", "pw-2"), account("ann", "pw-1")]}),
        ({"accounts": [account("bob", MASK), account("new", "pw-3")]},
         {"accounts": [account("bob", "pw-2"), account("new", "pw-3")]}),
        ({"tokens": ["new", MASK, "env:T3"]}, {"tokens": ["new", "t2", {"$env": "T3"}]}),
        ({"keys": [MASK]}, {"keys": ["k1", "k2"]}),
    ],
)  # fmt: skip
def test_a_mask_keeps_the_stored_value_of_its_place(change, expected):
    assert kept(change, STORED, SHOWN) == (expected, [])


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"accounts": [account("eve", MASK), account("bob", MASK)]}, [("accounts", "0", "password")]),
        ({"by_name": {"eve": account("ann", MASK)}}, [("by_name", "eve", "password")]),
        ({"tokens": [MASK]}, [("tokens", "0")]),
        ({"tokens": [MASK, MASK]}, [("tokens", "0"), ("tokens", "1")]),
        ({"keys": [MASK, "k3"]}, [("keys", "0")]),
        ({"url": f"https://u:{MASK}@two.example/"}, [("url",)]),
        ({"account": account("ann", f"{MASK}!")}, [("account", "password")]),
        ({"account": {"user": {MASK: "x"}}}, [("account", "user", MASK)]),
        ({"none": MASK, "token": [MASK]}, [("none",), ("token", "0")]),
    ],
)
def test_a_mask_that_has_no_place_is_named(change, places):
    assert kept(change, STORED, SHOWN)[1] == places


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"token": MASK}, True),
        ({"account": account("ann", MASK)}, True),
        ({"url": f"https://u:{MASK}@two.example/"}, True),
        ({"token": "other"}, False),
        ({"note": f"* {MASK}"}, False),
        ({"account": account(MASK, "pw")}, False),
    ],
)
def test_asterisks_that_anybody_may_see_are_no_mask(change, expected):
    ((key, value),) = change.items()
    assert has_mask(Config(), key, value) is expected


_ACCOUNTS = st.builds(account, st.sampled_from(["ann", "bob", "cid"]), st.sampled_from(["p1", "p2", "p3"]))


@given(st.lists(_ACCOUNTS, max_size=4), st.permutations(range(4)))
def test_whatever_is_sent_back_in_any_order_each_secret_stays_with_its_user(accounts, order):
    stored = {"accounts": accounts}
    back = [redact(Config(), stored)["accounts"][each] for each in order if each < len(accounts)]
    found, lost = kept({"accounts": back}, stored, redact(Config(), stored))
    for each in found["accounts"]:
        assert each in accounts or (each["password"] == MASK and lost)
