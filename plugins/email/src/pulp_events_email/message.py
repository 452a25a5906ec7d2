"""The message that is sent. No input or output here."""

from __future__ import annotations

import base64
import binascii
import json
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pulp_events import Delivery

LINE_LIMIT = 998
"""Octets of a line at the most, its CRLF not counted (RFC 5322 §2.1.1)."""

_READABLE = 1.5
"""Quoted-printable is chosen while it is at most so many times as long as base64: it can be read as it stands."""


class Composer:
    """Makes the messages of one listener: what is the same for all of them is made once.

    `subject`: any text without a line break; `sender_name` and `sender`: display name (may be empty) and ASCII address.
    """

    def __init__(self, subject: str, sender_name: str, sender: str) -> None:
        self._subject = _header("Subject", subject)
        self._from = _header("From", str(Address(sender_name, addr_spec=sender)) if sender_name else sender)
        self._domain = sender.rpartition("@")[2]

    def compose(self, delivery: Delivery, recipient: str) -> bytes:
        """The whole message as it goes over the wire, its lines ended by CRLF. `recipient`: an ASCII address.

        Everything in it comes from the delivery and none of it from the attempt, so that each attempt's message is the
        same; receivers drop repeats by its Message-ID (RFC 5322 §3.6.4).
        """
        charset, encoding, body = encode_body(report_text(delivery.report))
        head = (
            f'Content-Type: text/plain; charset="{charset}"\r\n'
            "MIME-Version: 1.0\r\n"
            f"Content-Transfer-Encoding: {encoding}\r\n"
            f"{self._subject}"
            f"{self._from}"
            f"To: {recipient}\r\n"
            f"Date: {format_datetime(delivery.event_time)}\r\n"
            f"Message-ID: <{delivery.id}@{self._domain}>\r\n"
            "Auto-Submitted: auto-generated\r\n"  # RFC 3834 §5: no vacation notes, please
            f"{_header('X-Pulp-Event-Type', delivery.event_type)}"
            f"{_header('X-Pulp-Event-Id', delivery.event_id)}"
            "\r\n"
        )
        return head.encode("ascii") + body


def report_text(report: bytes) -> str:
    """The JSON report indented by two, as the guide shows it; its characters as they are, not as `\\u` escapes."""
    try:
        value = json.loads(report)
        text = json.dumps(value, indent=2, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON may hold and UTF-8 may not
        text = json.dumps(value, indent=2)
    except RecursionError:  # nested too deeply to be indented: still better as it is than not at all
        text = report.decode()
    return text


def encode_body(text: str) -> tuple[str, str, bytes]:
    """(charset, content transfer encoding, octets) for `text`, which has `\\n` line ends; the octets have CRLF.

    Plain where the text is ASCII in lines of at most LINE_LIMIT, else UTF-8 as quoted-printable or, if that is much
    longer, as base64 (RFC 2045 §6): no server need be able to take 8-bit data or long lines.
    """
    if text.isascii() and max(map(len, text.split("\n"))) <= LINE_LIMIT:
        return "us-ascii", "7bit", (text + "\n").replace("\n", "\r\n").encode()
    data = (text + "\n").encode()
    charset = "us-ascii" if text.isascii() else "utf-8"
    quoted = binascii.b2a_qp(data, istext=True)
    encoded = base64.encodebytes(data.replace(b"\n", b"\r\n"))
    if len(quoted) <= _READABLE * len(encoded):
        return charset, "quoted-printable", quoted.replace(b"\n", b"\r\n")
    return charset, "base64", encoded.replace(b"\n", b"\r\n")


def _header(name: str, value: str) -> str:
    """One header field, folded and, where it must be, encoded (RFC 2047), with its CRLF."""
    plain = f"{name}: {value}\r\n"
    if value.isascii() and value.isprintable() and "=?" not in value and len(plain) <= 78 and value == value.strip():
        return plain  # what nearly all are, and the email package takes its time
    message = EmailMessage(policy=SMTP)
    message[name] = value
    return message.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii") + "\r\n"
