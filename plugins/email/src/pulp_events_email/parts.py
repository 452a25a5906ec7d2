"""The body of a message: one text, or text and HTML with the report attached (RFC 2046). No input or output here."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import NamedTuple

from pulp_events_email.encoded_words import LINE_LIMIT

_READABLE = 1.5
"""Quoted-printable, which people can read, is chosen up to this many times the length of base64."""


class Part(NamedTuple):
    """A body and the header fields that say how to read it."""

    kind: str
    """Content-Type."""

    encoding: str
    """Content-Transfer-Encoding."""

    octets: bytes
    """Lines end with CRLF, the last one too."""

    disposition: str = ""

    def nested(self) -> bytes:
        """As it stands within another."""
        disposition = f"Content-Disposition: {self.disposition}\r\n" if self.disposition else ""
        head = f"Content-Type: {self.kind}\r\nContent-Transfer-Encoding: {self.encoding}\r\n{disposition}\r\n"
        return head.encode() + self.octets


def text_part(text: str, subtype: str = "plain") -> Part:
    """A part of the type `text`."""
    if "\r" in text:  # templates and names in payloads may hold any character
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    charset, encoding, octets = encode_body(text)
    return Part(f'text/{subtype}; charset="{charset}"', encoding, octets)


def attachment(report: bytes, name: str) -> Part:
    """JSON, octet by octet, as a file of this name."""
    octets = base64.encodebytes(report).replace(b"\n", b"\r\n")
    return Part("application/json", "base64", octets, f'attachment; filename="{name}"')


def multipart(subtype: str, *parts: Part) -> Part:
    """The parts as one. Its boundary is made of their content, so that it cannot stand in it."""
    bodies = [part.nested() for part in parts]
    # `=_` stands in no quoted-printable text, nor in base64 (RFC 2045 §6.7)
    boundary = f"=_{hashlib.sha256(b''.join(bodies)).hexdigest()[:32]}"
    line = b"--" + boundary.encode()
    octets = b"".join(line + b"\r\n" + body + b"\r\n" for body in bodies) + line + b"--\r\n"
    return Part(f'multipart/{subtype}; boundary="{boundary}"', "7bit", octets)


def encode_body(text: str) -> tuple[str, str, bytes]:
    """(charset, content transfer encoding, octets) for `text`, which has `\\n` line ends; the octets have CRLF.

    Plain where the text is ASCII in lines of at most LINE_LIMIT, else UTF-8 as quoted-printable or, if that is much
    longer, as base64 (RFC 2045 §6): no server need be able to take 8-bit data or long lines.
    """
    lines = text.split("\n")
    if text.isascii() and max(map(len, lines)) <= LINE_LIMIT and "".join(lines).replace("\t", "").isprintable():
        return "us-ascii", "7bit", (text + "\n").replace("\n", "\r\n").encode()
    data = (text + "\n").encode()
    charset = "us-ascii" if text.isascii() else "utf-8"
    quoted = binascii.b2a_qp(data, istext=True)
    if len(quoted) <= _READABLE * len(data) * 77 / 57:  # base64 makes lines of 77 octets out of 57
        return charset, "quoted-printable", quoted.replace(b"\n", b"\r\n")
    return charset, "base64", base64.encodebytes(data.replace(b"\n", b"\r\n")).replace(b"\n", b"\r\n")
