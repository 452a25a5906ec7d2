"""What is taken for signed, and what is not."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from pulp_events_http.signing import Signer
from pulp_events_http.signing_keys import PRIVATE, generate, public_key
from pulp_events_receiver import Rejected, Verifier
from pulp_events_receiver.signatures import MOST_SIGNATURES

ID, BODY, NOW = "01929e5f-0000-7000-8000-000000000001.0", b'{"a": "\xc3\xa9"}', 1_800_000_000.5
OLD, NEW, OTHER = (generate() for _ in range(3))
PAIR = generate(PRIVATE)


def signed(secret, body=BODY, now=NOW, **more):
    """As the HTTP notifier signs."""
    return Signer({"secret": secret, **more}).headers(ID, body, now)


def verifier(*given, now=NOW, **options):
    return Verifier(given, clock=lambda: now, **options)


@pytest.mark.parametrize("secret", [NEW, PAIR], ids=["v1", "v1a"])
def test_what_the_notifier_signs_is_verified(secret):
    given = public_key(secret) if secret == PAIR else secret
    assert verifier(given).verify(signed(secret), BODY) == ID


def test_the_official_librarys_signatures_are_verified():
    moment = datetime.fromtimestamp(int(NOW), UTC)
    fields = {"Webhook-Id": ID, "Webhook-Timestamp": str(int(NOW)),
              "Webhook-Signature": Webhook(NEW).sign(ID, moment, BODY.decode())}  # fmt: skip
    assert verifier(NEW).verify(fields, BODY) == ID
    assert verifier(NEW).verify(list(fields.items()), BODY) == ID


def test_the_specifications_own_example():
    """Standard Webhooks 1.0.0, as its libraries test it."""
    fields = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
              "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}  # fmt: skip
    found = verifier("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now=1614265330)
    assert found.verify(fields, b'{"test": 2432232314}') == fields["webhook-id"]


@pytest.mark.parametrize(
    ("sender", "receiver"),
    [
        ({"secret": NEW, "previous_secret": OLD}, [OLD]),
        ({"secret": NEW, "previous_secret": OLD}, [NEW]),
        ({"secret": OLD}, [NEW, OLD]),
        ({"secret": NEW}, [NEW, OLD]),
        ({"secret": PAIR, "previous_secret": OLD}, [OLD, OTHER]),
        ({"secret": NEW, "previous_secret": PAIR}, [OTHER, public_key(PAIR)]),
    ],
)
def test_while_secrets_are_rotated_one_that_fits_is_enough(sender, receiver):
    assert verifier(*receiver).verify(signed(**sender), BODY) == ID


def changed(name, value):
    return {**signed(NEW), name: value}


SIGNATURE = signed(NEW)["webhook-signature"]


@pytest.mark.parametrize(
    ("fields", "body", "text"),
    [
        (signed(OTHER), BODY, "no signature is by a secret"),
        (signed(NEW), BODY + b" ", "no signature is by a secret"),
        (changed("webhook-id", ID[:-1] + "1"), BODY, "no signature is by a secret"),
        (changed("webhook-timestamp", str(int(NOW) + 1)), BODY, "no signature is by a secret"),
        (changed("webhook-timestamp", "0x10"), BODY, "not a number"),
        (changed("webhook-timestamp", "-1"), BODY, "not a number"),
        (changed("webhook-timestamp", "9" * 400), BODY, "not a number"),
        (changed("webhook-signature", ""), BODY, "no signature is by a secret"),
        (changed("webhook-signature", "v1,"), BODY, "no signature is by a secret"),
        (changed("webhook-signature", "v1,é=="), BODY, "no signature is by a secret"),
        (changed("webhook-signature", SIGNATURE.replace("v1,", "v1a,")), BODY, "no signature is by a secret"),
        (changed("webhook-signature", SIGNATURE.replace("v1,", "v2,")), BODY, "no signature is by a secret"),
        (changed("webhook-signature", SIGNATURE.partition(",")[2]), BODY, "no signature is by a secret"),
        (changed("webhook-signature", " ".join([SIGNATURE] * (MOST_SIGNATURES + 1))), BODY, "more than 16"),
        ({}, BODY, "webhook-id is missing"),
        ({"webhook-id": ID, "webhook-timestamp": "1"}, BODY, "webhook-signature is missing"),
    ],
)
def test_anything_else_is_rejected_with_401(fields, body, text):
    with pytest.raises(Rejected, match=text) as caught:
        verifier(NEW, public_key(PAIR)).verify(fields, body)
    assert caught.value.status == 401


@pytest.mark.parametrize("fields", [signed(OTHER), signed(NEW, now=0), changed("webhook-signature", "v1,c2VjcmV0")])
def test_no_error_tells_a_secret_a_signature_or_the_body(fields):
    with pytest.raises(Rejected) as caught:
        verifier(NEW).verify(fields, BODY)
    text = f"{caught.value!r} {caught.value.__cause__!r}"
    key = base64.b64decode(NEW[6:])
    right = hmac.digest(key, f"{ID}.{int(NOW)}.".encode() + BODY, hashlib.sha256)
    for hidden in (NEW[6:], base64.b64encode(right).decode(), fields["webhook-signature"], BODY.decode()):
        assert hidden not in text


@pytest.mark.parametrize("apart", [-300, -1, 0, 299])
def test_clocks_may_differ_by_the_tolerance(apart):
    assert verifier(NEW, now=int(NOW) + apart).verify(signed(NEW), BODY) == ID


@pytest.mark.parametrize("apart", [-301, 301, 86_400])
def test_an_old_request_that_somebody_kept_is_rejected(apart):
    with pytest.raises(Rejected, match="more than 300 seconds") as caught:
        verifier(NEW, now=int(NOW) + apart).verify(signed(NEW), BODY)
    assert caught.value.status == 401
    assert verifier(NEW, now=int(NOW) + apart, tolerance=100_000).verify(signed(NEW), BODY) == ID


def test_two_headers_of_one_name_are_rejected():
    with pytest.raises(Rejected, match="there twice"):
        verifier(NEW).verify([*signed(NEW).items(), ("Webhook-Id", "another.0")], BODY)


@pytest.mark.parametrize(
    "secret",
    ["", "secret", "whsec_!", "whsec_c2hvcnQ=", pytest.param(PAIR, id="a pair, another one in each process"),
     "whpk_c2hvcnQ=", "whsec_" + "A" * 100, "whpk_é"],
)  # fmt: skip
def test_a_secret_that_is_none_is_refused_without_being_told(secret):
    with pytest.raises(ValueError, match="must|key|encode") as caught:
        Verifier(secret)
    assert len(secret) < 8 or secret[6:] not in str(caught.value)


def test_no_secret_at_all_is_no_verifier():
    with pytest.raises(ValueError, match="needs a secret"):
        Verifier([])


def test_each_signature_is_compared_with_each_secret_in_constant_time(monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *pair: compared.append(pair) or real(*pair))
    fields = signed(NEW, previous_secret=OTHER)
    verifier(NEW, OLD, "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()).verify(fields, BODY)
    assert len(compared) == 6, "the first one that fits does not end it"
