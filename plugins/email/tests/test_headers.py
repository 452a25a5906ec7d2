"""Header fields: threads, lists, names in any language, one line each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pulp_events_email.headers import address_header, header, list_id, one_line, thread_id

anything = st.text(max_size=300)


def test_start_and_finish_of_a_task_are_one_thread(composed, parsed, made) -> None:
    messages = [
        parsed(composed(made(event_type, {"repo_id": "x"}, {"task_id": "79be77a8-1a20"}, id=f"event.{number}")))
        for number, event_type in enumerate(("repo.sync.start", "repo.sync.finish"))
    ]
    assert messages[0]["References"] == messages[1]["References"] == "<task.79be77a8-1a20@your.domain>"
    assert messages[0]["Message-ID"] != messages[1]["Message-ID"]
    assert parsed(composed(made("x", {"repo_id": "x"})))["References"] is None


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
    assert message["X-Pulp-Event-Type"] == "repo.sync.start"
    assert message["X-Pulp-Event-Id"] == delivery.event_id


def test_each_attempt_and_each_recipient_keeps_its_message_id(composed, parsed, made) -> None:
    first = parsed(composed(made("x", {}, attempts=1)))
    assert first["Message-ID"] == parsed(composed(made("x", {}, attempts=7)))["Message-ID"]


@given(st.sampled_from(["Subject", "X-Pulp-Event-Type", "List-Id", "References"]), anything)
def test_any_text_makes_one_header_of_short_lines(name, text) -> None:
    made = header(name, one_line(text) or "x")
    assert made.endswith("\r\n")
    assert made.isascii()
    lines = made.encode().split(b"\r\n")[:-1]
    assert all(len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in lines)
    assert all(line[:1] in (b" ", b"\t") for line in lines[1:])
    assert all(line.strip() for line in lines), "a line of white space alone ends the header for some"


@given(anything, st.text(min_size=1, max_size=300))
def test_any_task_or_listener_makes_an_id_of_one_word(task, listener) -> None:
    for made in (thread_id(task, "your.domain"), list_id(listener, "your.domain")):
        assert made.isascii()
        assert made.startswith("<")
        assert made.endswith(">")
        assert len(made) < 150
        assert not set(made[1:-1]) & set("<> \r\n\t")


@given(st.text(st.characters(categories=["L", "N", "P"]) | st.just(" "), max_size=100))
def test_any_name_stands_before_an_address_beyond_ascii(name) -> None:
    made = address_header("From", name, "jösé@bücher.example")
    assert "jösé@bücher.example" in made
    assert all(len(line.encode()) <= 998 for line in made.split("\r\n"))


def test_the_longest_address_stays_in_one_piece() -> None:
    address = "a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".example"
    made = address_header("To", "", address)
    assert made == f"To:\r\n {address}\r\n"
