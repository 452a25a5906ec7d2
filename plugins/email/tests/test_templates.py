"""Subjects and bodies by the administrator's own templates."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from marshmallow import ValidationError

from pulp_events_email.notifier import EmailNotifier
from pulp_events_email.report import read

SUBJECT = "{{ event.payload.repo_id }}: {{ event.event_type }}"


def check(**config: str) -> None:
    notifier = EmailNotifier()
    notifier.check(notifier.config_schema().load({"subject": "s", "addresses": "a@b.example", **config}))


def body(message, kind: str) -> str:
    return message.get_body((kind,)).get_content()


def test_the_subject_is_made_from_the_event(composed, parsed, made) -> None:
    check(subject=SUBJECT)
    message = parsed(composed(made("repo.sync.finish", {"repo_id": "pülp"}), SUBJECT))
    assert message["Subject"] == "pülp: repo.sync.finish"


def test_a_subject_without_braces_is_used_verbatim(composed, parsed, made) -> None:
    check(subject="100 % {of} <them>")
    assert parsed(composed(made("x", {}), "100 % {of} <them>"))["Subject"] == "100 % {of} <them>"


@pytest.mark.parametrize(
    "value", ["x\r\nBcc: evil@example.com", "x\nBcc: y@z", "x\rBcc: y@z", "x\x85B", "x\u2028B", "\0"]
)
def test_no_value_makes_a_second_header(composed, parsed, made, value) -> None:
    raw = composed(made("repo.sync.start", {"repo_id": value}), SUBJECT)
    message = parsed(raw)
    assert message["Bcc"] is None
    assert len(message.get_all("Subject")) == 1
    assert message.defects == []
    assert raw.count(b"\r\n\r\n") >= 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a  b   c", "a  b   c"), ("a \r\n  b", "a b"), ("a\tb", "a b"), ("  é  ü\u00a0\u00a0x ", "é  ü\u00a0\u00a0x")],
)
def test_spaces_in_a_subject_stay_and_line_breaks_become_one(composed, parsed, made, value, shown) -> None:
    message = parsed(composed(made("x", {"repo_id": value}), "{{ payload.repo_id }}  -  {{ event.event_type }}"))
    assert message["Subject"] == f"{shown}{' ' if value.endswith(' ') else ''}  -  x"


def test_a_long_or_empty_subject_is_mended(composed, parsed, made) -> None:
    long = parsed(composed(made("x", {"repo_id": "y" * 5000}), "{{ payload.repo_id }}"))["Subject"]
    assert (len(long), long[-1]) == (255, "…")
    assert parsed(composed(made("disk.full", {}), "{{ payload.repo_id }}"))["Subject"] == "disk.full"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("{{ payload.repo_id", "subject, line 1"),
        ("{{ payload.repo_id.foo() }}", "subject: "),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "is unsafe"),
        ("{% include '/etc/passwd' %}{{", "subject"),
    ],
)
def test_a_subject_that_does_not_work_is_refused_when_it_is_made(subject, text) -> None:
    with pytest.raises(ValidationError) as caught:
        check(subject=subject)
    assert text in str(caught.value.normalized_messages()["subject"])


def test_a_template_may_make_the_text_the_html_or_both(delivery, composed, parsed, made, tmp_path: Path) -> None:
    delivery = made("repo.sync.finish", {"repo_id": "<b>&", "result": "failed"})
    (tmp_path / "message.html").write_text("<p>{{ payload.repo_id }}|{{ summary.state }}|{{ delivery_id }}</p>")
    check(template=str(tmp_path))
    message = parsed(composed(delivery, template=str(tmp_path)))
    assert body(message, "html").strip() == f"<p>&lt;b&gt;&amp;|failed|{delivery.id}</p>"
    assert "The event report:" in body(message, "plain"), "our own text"
    (tmp_path / "message.txt").write_text("{{ payload.repo_id }} {{ summary.title }}\n{{ report }}")
    message = parsed(composed(delivery, template=str(tmp_path)))
    assert body(message, "plain").startswith("<b>& Sync of <b>& failed\n{")
    (tmp_path / "message.html").unlink()
    message = parsed(composed(delivery, template=str(tmp_path)))
    assert "<!DOCTYPE html>" in body(message, "html"), "our own HTML"


def test_an_html_template_of_any_characters_makes_a_valid_message(composed, made, tmp_path: Path) -> None:
    (tmp_path / "message.html").write_text("<p>ü\r\n.\r\n{{ payload.x }}" + "y" * 3000)
    raw = composed(made("x", {"x": "\ud800\0\r"}), template=str(tmp_path))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in raw.split(b"\r\n"))


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, "it contains no readable message.txt or message.html"),
        ({"message.txt": b"{% if %}"}, "message.txt, line 1"),
        ({"message.html": b"ok\n{{ payload.a.b() }}"}, "message.html"),
        ({"message.txt": b"\xff"}, "it is not UTF-8 text"),
        ({"message.txt": b"x" * 1_000_001}, "it is larger than 1000000 bytes"),
    ],
)
def test_a_directory_that_does_not_work_is_refused_when_it_is_named(files, text, tmp_path: Path) -> None:
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    with pytest.raises(ValidationError) as caught:
        check(template=str(tmp_path))
    assert text in str(caught.value.normalized_messages()["template"])


def test_a_relative_directory_and_one_for_the_report_are_refused() -> None:
    with pytest.raises(ValidationError, match="absolute path"):
        check(template="templates")
    with pytest.raises(ValidationError, match="The report format has no template"):
        check(template="/tmp", format="report")


@pytest.mark.parametrize("how", ["broken", "raises", "gone"])
def test_a_template_that_breaks_later_sends_the_report_with_a_note(
    delivery, composed, parsed, made, tmp_path: Path, caplog, how
) -> None:
    file = tmp_path / "message.txt"
    file.write_text("fine")
    delivery = made("repo.sync.start", {"repo_id": "pulp2"})
    assert body(parsed(composed(delivery, template=str(tmp_path))), "plain").strip() == "fine"
    if how == "gone":
        file.unlink()
    else:
        file.write_text("{% if %}" if how == "broken" else "{{ 1 / 0 }}")
    caplog.set_level(logging.WARNING)
    message = parsed(composed(delivery, template=str(tmp_path)))
    note, _, report = message.get_content().partition("\n\n")
    assert note.startswith("The template of this listener could not be used: ")
    assert report.strip() == read(delivery.report).text
    assert delivery.id in caplog.text


def test_a_subject_that_breaks_later_is_replaced_and_noted(composed, parsed, made) -> None:
    message = parsed(composed(made("repo.sync.start", {"n": 0}), "{{ 1 // payload.n }}", format="readable"))
    assert message["Subject"] == "repo.sync.start"
    assert message.get_content().startswith("The subject's template of this listener could not be used: subject: Zero")


def test_a_changed_file_is_used_for_the_next_message(made, open_channel, tmp_path: Path) -> None:
    from pulp_events.testing.smtp_sink import SmtpSink

    file = tmp_path / "message.txt"
    file.write_text("one")
    with SmtpSink() as sink, open_channel(sink, listener={"template": str(tmp_path)}) as channel:
        channel.send(made("x", {}))
        file.write_text("three")
        channel.send(made("x", {}))
        found = [body(one.message, "plain").strip() for one in sink.wait_for(2)]
    assert found == ["one", "three"]
