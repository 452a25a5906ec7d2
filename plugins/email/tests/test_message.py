"""The message, whatever the report, subject or sender."""

from __future__ import annotations

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from pulp_events_email.parts import encode_body
from pulp_events_email.report import indented, read

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=990, max_size=1100)
    | st.just("\ud800")
    | st.just("é" * 2000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
subjects = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=255)
subjects = subjects.filter(lambda subject: "{{" not in subject)


def test_the_guides_message_is_made_line_by_line(delivery, composed) -> None:
    report = b'{"call_report": {}, "event_type": "repo.sync.start", "payload": {"repo_id": "pulp2"}}'
    assert composed(dataclasses.replace(delivery, report=report)).decode().split("\r\n") == [
        'Content-Type: text/plain; charset="us-ascii"',
        "MIME-Version: 1.0",
        "Content-Transfer-Encoding: 7bit",
        "Subject: pulp notification",
        "From: no-reply@your.domain",
        "To: someone@redhat.com",
        "Date: Fri, 19 Oct 2012 19:09:16 +0000",
        "Message-ID: <01929e5f-0000-7000-8000-000000000001.1@your.domain>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Precedence: list",
        "List-Id: <5081a42ce19a00ea4300000e.pulp-events.your.domain>",
        "X-Pulp-Event-Type: repo.sync.start",
        "X-Pulp-Event-Id: 01929e5f-0000-7000-8000-000000000001",
        "",
        "{",
        '  "call_report": {},',
        '  "event_type": "repo.sync.start",',
        '  "payload": {',
        '    "repo_id": "pulp2"',
        "  }",
        "}",
        "",
    ]


def test_every_attempt_makes_the_same_message(delivery, composed) -> None:
    assert composed(delivery) == composed(dataclasses.replace(delivery, attempts=3))


@given(values)
def test_any_report_makes_a_valid_message_that_reads_back_as_the_report(
    delivery, composed, parsed, assert_valid, value: object
) -> None:
    report = {"call_report": {}, "event_type": "x", "payload": value}
    raw = composed(dataclasses.replace(delivery, report=json.dumps(report).encode()))
    assert_valid(raw)
    assert json.loads(parsed(raw).get_content()) == report


@given(values)
def test_a_report_is_indented_as_the_library_does_it(value: object) -> None:
    value = json.loads(json.dumps(value))
    try:
        expected = json.dumps(value, indent=2, ensure_ascii=False)
        expected.encode()
    except UnicodeEncodeError:
        expected = json.dumps(value, indent=2)
    assert indented(value) == expected


@given(subjects)
def test_any_subject_makes_one_valid_header_that_reads_back(
    delivery, composed, parsed, assert_valid, subject: str
) -> None:
    raw = composed(delivery, subject)
    assert_valid(raw)
    assert parsed(raw)["Subject"] == subject


@given(st.text(st.characters(categories=["L", "N", "P"]) | st.just(" "), max_size=100))
def test_any_sender_name_makes_one_valid_header(delivery, composed, parsed, assert_valid, name: str) -> None:
    written = name.replace("\\", "\\\\").replace('"', '\\"')
    raw = composed(delivery, sender=f'"{written}" <no-reply@your.domain>')
    assert_valid(raw)
    (address,) = parsed(raw)["From"].addresses
    assert address.addr_spec == "no-reply@your.domain"


def test_text_that_is_not_ascii_is_readable_as_quoted_printable() -> None:
    charset, encoding, _ = encode_body('{\n  "name": "Bücher"\n}')
    assert (charset, encoding) == ("utf-8", "quoted-printable")


def test_a_long_line_and_foreign_script_are_encoded() -> None:
    assert encode_body('"' + "x" * 200_000 + '"')[:2] == ("us-ascii", "quoted-printable")
    assert encode_body("書" * 1000)[:2] == ("utf-8", "base64")
    assert encode_body("x" * 998)[1] == "7bit"
    assert encode_body("x" * 999)[1] == "quoted-printable"


def test_a_report_nested_too_deeply_to_be_indented_is_sent_as_it_is() -> None:
    report = b'{"payload":' + b"[" * 950 + b"]" * 950 + b"}"
    assert read(report).text.replace(" ", "").replace("\n", "").encode() == report
