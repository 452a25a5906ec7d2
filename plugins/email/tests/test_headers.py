"""Header fields: threads, lists, names in any language, one line each."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulp_events_email.headers import address_header, header, list_id, one_line, thread_id
from pulp_events_email.message import Composer

anything = st.text(max_size=300)
# all that a subject or a name may hold, and scripts mixed as people mix them
characters = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
mixed = st.lists(
    st.text(characters, min_size=1, max_size=40)
    | st.text("저장소동기화가 실패했습니다: ", min_size=1)
    | st.text("Пакеты 同期 失敗 é 😀 ", min_size=1)
    | st.text('abcdefghij =?_"\\.,', min_size=1, max_size=90)
    | st.sampled_from(["=?utf-8?q?a?=", "  ", " ", "e\u0301", "👩‍👩‍👧", "‏עברית‎"]),
    min_size=1,
    max_size=12,
).map("".join)
GIVEN = "저장소 동기화가 실패했습니다: 서버에서 오류가 발생했습니다"


def assert_short_lines_and_words(made: str) -> None:
    """RFC 5322 §2.1.1, RFC 2047 §2."""
    assert made.endswith("\r\n")
    lines = made.encode().split(b"\r\n")[:-1]
    assert all(len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in lines)
    assert all(line[:1] == b" " for line in lines[1:])
    assert all(line.strip() for line in lines), "a line of white space alone ends the header for some"
    for line in lines:
        words = re.findall(rb"=\?\S*\?=", line)
        assert all(len(word) <= 75 for word in words)
        assert not words or len(line) <= 76 or b"<" in line


def test_start_and_finish_of_a_task_are_one_thread(composed, parsed, made) -> None:
    messages = [
        parsed(composed(made(event_type, {"repo_id": "x"}, {"task_id": "79be77a8-1a20"}, id=f"event.{number}")))
        for number, event_type in enumerate(("repo.sync.start", "repo.sync.finish"))
    ]
    assert messages[0]["References"] == messages[1]["References"] == "<task.79be77a8-1a20@your.domain>"
    assert messages[0]["Message-ID"] != messages[1]["Message-ID"]
    assert parsed(composed(made("x", {"repo_id": "x"})))["References"] is None


@pytest.mark.parametrize(
    ("event_id", "left"),
    [
        ("01929e5f-0000-7000-8000-000000000001", "01929e5f-0000-7000-8000-000000000001.0"),
        ("order_1.2+3=~x", "order_1.2+3=~x.0"),
        ("urn:uuid:1", r"[0-9a-f]{32}"),
        ("who@example.com", r"[0-9a-f]{32}"),
        ("a..b", r"[0-9a-f]{32}"),
        ("a.", r"[0-9a-f]{32}"),
        ("x" * 200, r"[0-9a-f]{32}"),
    ],
)
def test_any_id_that_an_application_may_choose_makes_a_valid_message(composed, parsed, made, event_id, left) -> None:
    raw = composed(made("x", {}, id=f"{event_id}.0", event_id=event_id))
    message = parsed(raw)
    left = left if "[" in left else re.escape(left)
    assert re.fullmatch(rf"<{left}@your\.domain>", message["Message-ID"])
    assert message["X-Pulp-Event-Id"].replace(" ", "") == event_id and message.defects == []
    other = parsed(composed(made("x", {}, id=f"{event_id}.1", event_id=event_id)))
    assert other["Message-ID"] != message["Message-ID"]


def test_a_task_id_of_the_payload_counts_too_and_any_text_makes_an_id(composed, parsed, made) -> None:
    assert parsed(composed(made("x", {"task_id": "t1"})))["References"] == "<task.t1@your.domain>"
    odd = parsed(composed(made("x", {"task_id": "a b\r\nBcc: x@y>"})))
    assert odd["Bcc"] is None
    assert odd["References"].startswith("<task.")


def test_mail_of_a_listener_can_be_sorted_by_its_list_and_is_not_answered_by_machines(
    delivery, composed, parsed, made
) -> None:
    message = parsed(composed(delivery))
    assert message["List-Id"] == "<5081a42ce19a00ea4300000e.pulp-events.your.domain>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Precedence"] == "list"
    assert message["List-Unsubscribe"] is None
    assert message["X-Pulp-Event-Type"] == "repo.sync.start"
    assert message["X-Pulp-Event-Id"] == delivery.event_id


@pytest.mark.parametrize("digest", [False, True])
@pytest.mark.parametrize("where", ["mailto:ops@b.example", "https://pulp.example/leave?" + "x" * 400])
def test_who_wants_to_leave_is_told_where(delivery, parsed, digest, where) -> None:
    config = {"subject": "s", "unsubscribe": where, **({"digest": 60.0} if digest else {})}
    composer = Composer(config, {"from_": "no-reply@your.domain", "format": "report"})
    raw = composer.compose_digest([delivery], "a@b.example") if digest else composer.compose(delivery, "a@b.example")
    message = parsed(raw)
    assert message["List-Unsubscribe"] == f"<{where}>"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_each_attempt_and_each_recipient_keeps_its_message_id(composed, parsed, made) -> None:
    first = parsed(composed(made("x", {}, attempts=1)))
    assert first["Message-ID"] == parsed(composed(made("x", {}, attempts=7)))["Message-ID"]


@given(st.sampled_from(["Subject", "X-Pulp-Event-Type", "List-Id", "References"]), anything)
def test_any_text_makes_one_header_of_short_lines(name, text) -> None:
    made = header(name, one_line(text) or "x")
    assert made.isascii()
    assert_short_lines_and_words(made)


@given(mixed)
@example(GIVEN)
@example("x" * 1000)
@example("é" * 1000)
@example(" two  spaces ")
def test_what_a_subject_decodes_to_is_what_went_in(subject) -> None:
    made = header("Subject", subject)
    assert_short_lines_and_words(made)
    assert email.message_from_string(made, policy=email.policy.SMTP)["Subject"] == subject
    # another decoder, which knows nothing of lines
    unfolded = made.removeprefix("Subject: ").removesuffix("\r\n").replace("\r\n", "")
    if "=?" in unfolded:
        assert str(make_header(decode_header(unfolded))) == subject
        for word in re.findall(r"=\?\S*?\?[qb]\?\S*?\?=", unfolded):
            ((octets, charset),) = decode_header(word)
            octets.decode(charset)  # a character stands in one word (RFC 2047 §5)


@given(mixed.map(str.strip).filter(bool), st.sampled_from(["no-reply@your.domain", "jösé@bücher.example"]))
@example(GIVEN, "no-reply@your.domain")
@example(GIVEN[:20], "no-reply@your.domain")
@example('Pulp "events" \\o/', "no-reply@your.domain")
@example("Pulp, events <at> work: (all)", "no-reply@your.domain")
def test_what_a_name_before_an_address_decodes_to_is_what_went_in(name, address) -> None:
    made = address_header("From", name, address)
    assert_short_lines_and_words(made)
    if "=?" in made:  # decoded by the rules: Python's parser of addresses has spaces between two encoded words
        phrase = made.removeprefix("From:").replace("\r\n", "").removesuffix(f" <{address}>")
        assert str(make_header(decode_header(phrase))) == name
    if made.count("=?utf-8?") < 2:
        (found,) = email.message_from_string(made, policy=email.policy.SMTPUTF8)["From"].addresses
        assert (found.display_name.split(), f"{found.username}@{found.domain}") == (name.split(), address)
    assert f"<{address}>\r\n" in made


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Pulp", "Pulp"),
        ("Pulp events", "Pulp events"),
        ("Pulp v2.0", '"Pulp v2.0"'),
        ('Pulp "events"', '"Pulp \\"events\\""'),
        ("Pülp", "=?utf-8?q?P=C3=BClp?="),
    ],
)
def test_a_name_is_written_as_plainly_as_it_can_be(name, written) -> None:
    assert address_header("From", name, "a@b.example") == f"From: {written} <a@b.example>\r\n"


@given(anything, st.text(min_size=1, max_size=300))
def test_any_task_or_listener_makes_an_id_of_one_word(task, listener) -> None:
    for made in (thread_id(task, "your.domain"), list_id(listener, "your.domain")):
        assert made.isascii()
        assert made.startswith("<")
        assert made.endswith(">")
        assert len(made) < 150
        assert not set(made[1:-1]) & set("<> \r\n\t")


def test_the_longest_address_stays_in_one_piece() -> None:
    address = "a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".example"
    made = address_header("To", "", address)
    assert made == f"To:\r\n {address}\r\n"


def test_the_trace_is_two_fields_of_one_line_each(composed, parsed, made, assert_valid) -> None:
    trace = {
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate": f"a={'x' * 250},b=y {'z' * 240}",
    }
    octets = composed(made("repo.sync.start", {"repo_id": "x"}, trace_context=trace))
    assert_valid(octets)
    message = parsed(octets)
    assert {name: message[name] for name in trace} == trace
    assert f"\r\nTracestate: {trace['tracestate']}\r\n".encode() in octets
    assert parsed(composed(made("repo.sync.start", {})))["traceparent"] is None
