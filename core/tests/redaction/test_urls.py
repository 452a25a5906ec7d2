"""Secrets in URLs: quoted however often, and in queries under a name that says so."""

import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from pulp_events.redaction.passwords import MASK, mask_passwords, mask_value
from pulp_events.redaction.percent import DEEPEST
from pulp_events.secrets import Scrubber, redact, secret_values

QUOTINGS = {
    "path": quote,
    "all": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "lower": lambda text: re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), quote(text)),
    "every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
}


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=4, max_size=12),
    quotings=st.lists(st.sampled_from(sorted(QUOTINGS)), max_size=DEEPEST),
)
@example(secret="p/w d&é=1", quotings=["path", "path", "path"])
@example(secret="p w&d", quotings=["form", "form"])
@example(secret="100%25", quotings=["all", "lower"])
def test_a_secret_is_found_however_often_a_url_quotes_it(secret, quotings):
    text = secret
    for each in quotings:
        text = QUOTINGS[each](text)
    assert Scrubber([secret])(f"<{text}>") == f"<{MASK}>"


def test_what_is_quoted_beside_a_secret_stays():
    assert Scrubber(["s3cr3t/x"])("%C3%A9%20s3cr3t%252Fx%20%zz%FF") == f"%C3%A9%20{MASK}%20%zz%FF"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("http://h/?token=abc&room=dev", f"http://h/?token={MASK}&room=dev"),
        ("GET /hook?room=dev&API_KEY=abc failed", f"GET /hook?room=dev&API_KEY={MASK} failed"),
        ("'http://h/?sv=1&sig=a%2Fb'", f"'http://h/?sv=1&sig={MASK}'"),
        ("http://h/?access%5Ftoken=abc#top", f"http://h/?access%5Ftoken={MASK}#top"),
        ('<a href="/?a=b&amp;password=abc">', f'<a href="/?a=b&amp;password={MASK}">'),
        ("http://h/?design=7&room=token", "http://h/?design=7&room=token"),
        ("http://h/?token={{ payload.token }}", "http://h/?token={{ payload.token }}"),
        ("token=abc", "token=abc"),
    ],
)
def test_what_a_query_has_under_the_name_of_a_secret_is_masked(text, masked):
    assert mask_passwords(text) == masked == mask_passwords(masked)


class Config(Schema):
    url = fields.String()


def test_a_secret_of_a_query_is_in_no_list_no_error_and_no_detail():
    config = {"url": "http://h/hook?token=s3cr3t%2Fx"}
    assert "s3cr3t" not in str(redact(Config(), config)) + mask_value(config)
    scrub = Scrubber(secret_values(Config(), config))
    assert scrub("refused: s3cr3t/x, s3cr3t%2Fx, s3cr3t%252Fx") == f"refused: {MASK}, {MASK}, {MASK}"
