"""The message that is sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pulp_events import Delivery
from pulp_events.notifier import Config
from pulp_events.templates import Template, TemplateError
from pulp_events_email.addresses import envelope_form, split_sender
from pulp_events_email.config import MARK
from pulp_events_email.digest import Digest, digest_id, digest_of, names, reports
from pulp_events_email.digest_body import digest_html, digest_text
from pulp_events_email.headers import address_header, date, header, list_id, message_id, often, one_line, thread_id
from pulp_events_email.parts import Part, attachment, multipart, text_part
from pulp_events_email.readable_html import html_body
from pulp_events_email.readable_text import text_body
from pulp_events_email.report import Report, read
from pulp_events_email.settings import READABLE
from pulp_events_email.summary import Summary, summarise
from pulp_events_email.unsubscribe import can_be_sent
from pulp_events_email.wording import DIGEST, MESSAGE, Wording

TEST_MARK = "[test] "

FULL = 0
WITHOUT_REPORT = 1
SHORTEST = 2
"""Forms of a message, for servers that take none so large: all; what happened, without the report; a few lines."""

_NO_ANSWERS = "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nPrecedence: list\r\n"
"""No vacation notes, please: RFC 3834 §5; what Exchange looks at; what older programs do."""

_logger = logging.getLogger(__name__)


class Composer:
    """Makes the messages of one listener: what is the same for all of them is made once."""

    def __init__(self, config: Config, settings: Config) -> None:
        name, address = split_sender(settings["from_"])
        self.sender = envelope_form(address)
        self._from = address_header("From", name, self.sender)
        self._domain = self.sender.rpartition("@")[2]
        if not self._domain.isascii():  # the local part has kept it from its ASCII form, which ids are made with
            self._domain = envelope_form(f"x@{self._domain}").rpartition("@")[2]
        where = config.get("unsubscribe", "")
        self._unsubscribe = header("List-Unsubscribe", f"<{where}>") if can_be_sent(where) else ""
        self._subject: str = config["subject"]
        self._fixed_subject = header("Subject", self._subject)
        self._template: Template | None = None
        self._window: float | None = config.get("digest")
        stem = MESSAGE if self._window is None else DIGEST
        self._wording = Wording(Path(config["template"]), stem) if "template" in config else None
        self._readable = self._wording is not None or config.get("format", settings["format"]) == READABLE

    def compose(self, delivery: Delivery, recipient: str, form: int = FULL) -> bytes:
        """The whole message as it goes over the wire, its lines ended by CRLF.

        Everything in it comes from the delivery and none of it from the attempt, so that each attempt's message is the
        same; receivers drop repeats by its Message-ID (RFC 5322 §3.6.4).
        """
        report = read(delivery.report)
        notes: list[str] = []
        subject = self._subject_header(delivery, report, notes)
        body = self._body(delivery, report, notes) if form == FULL else self._brief(delivery, report, notes, form)
        fields = (
            f"{self._thread(report)}"
            f"{_NO_ANSWERS}"
            f"{self._list(delivery)}"
            f"{often('X-Pulp-Event-Type', delivery.event_type)}"
            f"{header('X-Pulp-Event-Id', delivery.event_id)}"
            f"{self._trace(delivery)}"
        )
        return self._message(subject, recipient, delivery.event_time, delivery.id, fields, body)

    def compose_digest(self, deliveries: Sequence[Delivery], recipient: str, form: int = FULL) -> bytes:
        """The same with the reports of several deliveries of one listener: of those of a window.

        Its Message-ID is made of what is in it: the same deliveries make the same message.
        """
        digest = digest_of(deliveries, self._window or 1.0, attached=form == FULL)
        notes: list[str] = []
        more = self._digest_names(deliveries, digest, notes)
        subject = self._digest_subject(deliveries[-1], digest, more, notes)
        body = self._digest_body(deliveries, digest, more, notes) if form == FULL else self._brief_digest(digest, form)
        fields = (
            f"{_NO_ANSWERS}"
            f"{self._list(deliveries[0])}"
            f"X-Pulp-Event-Count: {digest.count}\r\n"
        )  # fmt: skip
        time = max(one.event_time for one in deliveries)
        return self._message(subject, recipient, time, f"digest.{digest_id(deliveries)}", fields, body)

    def _message(self, subject: str, recipient: str, time: datetime, id: str, fields: str, body: Part) -> bytes:
        head = (
            f"Content-Type: {body.kind}\r\n"
            "MIME-Version: 1.0\r\n"
            f"Content-Transfer-Encoding: {body.encoding}\r\n"
            f"{subject}"
            f"{self._from}"
            f"{address_header('To', '', recipient)}"
            f"Date: {date(time.replace(microsecond=0))}\r\n"
            f"Message-ID: {message_id(id, self._domain)}\r\n"
            f"{fields}"
            "\r\n"
        )
        return head.encode() + body.octets

    def _trace(self, delivery: Delivery) -> str:
        # Never folded or encoded, for receivers that look at the bytes: it is ASCII, and far from the 998 of RFC 5322.
        return "".join(f"{name.capitalize()}: {value}\r\n" for name, value in delivery.trace_context.items())

    def _list(self, delivery: Delivery) -> str:
        return often("List-Id", list_id(delivery.listener_id, self._domain)) + self._unsubscribe

    def _subject_header(self, delivery: Delivery, report: Report, notes: list[str]) -> str:
        if MARK not in self._subject:
            return header("Subject", TEST_MARK + self._subject) if report.is_test else self._fixed_subject
        more = {"delivery_id": delivery.id, "summary": _summary(delivery, report)}
        subject = self._from_template(delivery, more, notes) or one_line(delivery.event_type)
        return header("Subject", TEST_MARK + subject if report.is_test else subject)

    def _digest_names(self, deliveries: Sequence[Delivery], digest: Digest, notes: list[str]) -> dict[str, Any]:
        if self._wording is None and MARK not in self._subject:
            return {}
        try:
            return names([one.event for one in deliveries], digest)
        except Exception as error:  # noqa: BLE001  # a report that is nested too deeply
            notes.append(_note("template", deliveries[-1], error))
            return {}

    def _digest_subject(self, last: Delivery, digest: Digest, more: Mapping[str, Any], notes: list[str]) -> str:
        subject = f"{self._subject}: {digest.title}"
        if MARK in self._subject:
            subject = self._from_template(last, more, notes) if more else ""
        return header("Subject", f"{TEST_MARK if digest.is_test else ''}{subject or digest.title}")

    def _from_template(self, delivery: Delivery, more: Mapping[str, Any], notes: list[str]) -> str:
        try:
            if self._template is None:
                self._template = Template(self._subject, name="subject")
            return one_line(self._template.render(delivery.event, **more))
        except Exception as error:  # noqa: BLE001  # a subject is no reason to lose an event
            notes.append(_note("subject's template", delivery, error))
            return ""

    def _thread(self, report: Report) -> str:
        """Start and finish of one task are answers to the same message, so that clients show them as one thread."""
        if report.task_id is None:
            return ""
        thread = thread_id(report.task_id, self._domain)
        return header("In-Reply-To", thread) + header("References", thread)

    def _body(self, delivery: Delivery, report: Report, notes: list[str]) -> Part:
        if self._readable and not notes:
            try:
                return self._readable_body(delivery, report)
            except Exception as error:  # noqa: BLE001  # nor is a body: the report says all there is to say
                notes.append(_note("template" if self._wording else "readable format", delivery, error))
        return text_part("\n".join([*notes, "", report.text]) if notes else report.text)

    def _readable_body(self, delivery: Delivery, report: Report, left_out: str = "") -> Part:
        """`left_out`: what to say in place of the report."""
        summary = _summary(delivery, report)
        text = html = None
        if self._wording is not None:
            self._wording.refresh()
            more = {"delivery_id": delivery.id, "summary": summary}
            text = self._wording.text(delivery.event, more)
            html = self._wording.html(delivery.event, more)
        shown = None if left_out else report.text
        both = multipart(
            "alternative",
            text_part(text_body(summary, shown, left_out) if text is None else text),
            text_part(html_body(summary, shown, left_out) if html is None else html, "html"),
        )
        if not left_out:
            return multipart("mixed", both, attachment(delivery.report, "event.json"))
        return both if self._wording is None else multipart("mixed", both, text_part(left_out))

    def _brief(self, delivery: Delivery, report: Report, notes: list[str], form: int) -> Part:
        """The body where the whole of it is more than the mail server takes."""
        size = len(delivery.report)
        left_out = (
            f"The event report, {size} bytes, is larger than the mail server accepts, so it was left "
            f"out. `pulp-admin event delivery show {delivery.id}` shows it."
        )
        if form == WITHOUT_REPORT and self._readable and not notes:
            try:
                return self._readable_body(delivery, report, left_out)
            except Exception as error:  # noqa: BLE001  # as in `_body`
                notes.append(_note("template" if self._wording else "readable format", delivery, error))
        facts = {
            "Event type": one_line(delivery.event_type),
            "Event id": delivery.event_id,
            "Delivery id": delivery.id,
            "Size of the report": f"{size} bytes",
        }
        return text_part("\n".join([*notes, left_out, "", *(f"{name}: {value}" for name, value in facts.items())]))

    def _brief_digest(self, digest: Digest, form: int) -> Part:
        if form == SHORTEST:
            return text_part(
                f"{digest.title}\n{digest.period}\n\n"
                f"Everything else is larger than the mail server accepts. {digest.see}"
            )
        text = text_part(digest_text(digest))
        return multipart("alternative", text, text_part(digest_html(digest), "html")) if self._readable else text

    def _digest_body(
        self, deliveries: Sequence[Delivery], digest: Digest, more: Mapping[str, Any], notes: list[str]
    ) -> Part:
        if self._readable and not notes:
            try:
                text = html = None
                if self._wording is not None:
                    self._wording.refresh()
                    text = self._wording.text(deliveries[-1].event, more)
                    html = self._wording.html(deliveries[-1].event, more)
                both = multipart(
                    "alternative",
                    text_part(digest_text(digest) if text is None else text),
                    text_part(digest_html(digest) if html is None else html, "html"),
                )
                return multipart(
                    "mixed", both, attachment(reports(deliveries, as_report=False).encode(), "events.json")
                )
            except Exception as error:  # noqa: BLE001  # nor is a body
                notes.append(_note("template" if self._wording else "readable format", deliveries[-1], error))
        text = reports(deliveries, as_report=True)
        return text_part("\n".join([*notes, "", text]) if notes else text)


def _summary(delivery: Delivery, report: Report) -> Summary:
    return summarise(delivery.event_type, delivery.event_time, delivery.source, report)


def _note(what: str, delivery: Delivery, error: Exception) -> str:
    reason = str(error) if isinstance(error, TemplateError) else type(error).__name__
    note = one_line(f"The {what} of this listener could not be used: {reason}. The event report follows.", 500)
    _logger.warning("listener %s, delivery %s: %s", delivery.listener_id, delivery.id, note)
    return note
