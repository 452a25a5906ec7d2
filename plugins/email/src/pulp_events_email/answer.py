"""What a mail server's answer means for the delivery. No input or output here."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from pulp_events import PermanentFailure, TransientFailure, network_errors
from pulp_events.errors import DeliveryFailure
from pulp_events.visible import one_line


class TlsFailed(OSError):
    """The connection could not be encrypted; its cause says why."""


@dataclass
class Refused(Exception):
    """The server gave another answer than success."""

    command: str
    code: int
    text: bytes
    data_is_open: bool = False
    """It waits for a message all the same, as RFC 2920 §3.1 allows where commands came in one go."""


class TurnedAway(smtplib.SMTPResponseException):
    """Before any message was offered, the server ended this connection."""

    def __init__(self, command: str, code: int, text: bytes) -> None:
        super().__init__(code, text)
        self.command = command


class Unasked(smtplib.SMTPServerDisconnected):
    """The server said something that nothing was asked for, or closed the connection, before anything more was sent.

    No answer that follows can be told from that of another command, so the connection was closed.
    """

    def __init__(self, said: bytes) -> None:
        line = said.partition(b"\n")[0].rstrip()
        code, text = (int(line[:3]), line[4:]) if line[:3].isdigit() else (-1, line)
        super().__init__(describe(code, text)[:300] if said else "")


class NoAddressAnswers(OSError):
    """The server has several addresses, and none of them can be used."""

    SHOWN = 5
    """Addresses whose failures are told."""

    def __init__(self, failures: Sequence[tuple[str, Exception]]) -> None:
        told = "; ".join(f"{place}: {explain(error)}" for place, error in failures[: self.SHOWN])
        super().__init__(f"none of its {len(failures)} addresses can be used: {told}")
        self.failed_in_tls = any(isinstance(error, TlsFailed) for _, error in failures)


_WAIT = re.compile(r"\b(?:in|for|after|wait)\s+(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?)\b", re.IGNORECASE)
_ENHANCED = re.compile(r"(?:^\s*|\(#)[245]\.(\d{1,3})\.(\d{1,3})\b(?!\.)")
"""RFC 3463 §2, at the beginning (RFC 2034 §4) or as qmail writes it: `(#5.7.1)`."""

_CREDENTIALS = frozenset((530, 534, 535, 538))
"""RFC 4954 §6, RFC 3207 §4: log in first, by another mechanism, with other credentials, or encrypted."""

_SESSION_CODES = frozenset((500, 502, 503, 504, 521, 555))
"""Of 5yz: the command or a parameter of it is not known, in this order not expected, or no mail is taken at all."""

_SENDERS = frozenset((7, 8))
"""Details of X.1: what is wrong with the address is that it is the sender's (RFC 3463 §3.2)."""

_ABOUT_US = re.compile(
    r"\b(relay(ing)?|authenticat\w*|log ?in|sender|client|helo|ehlo|your (ip|host|address|server)|black ?list\w*|"
    r"block ?list\w*|blocked|banned|dnsbl|rbl|spamhaus|reputation|spam|spf|dkim|dmarc|tls|encrypt\w*|polic(y|ies)|"
    r"administrative\w*|prohibit\w*|access (is )?denied|permission denied|(not|un)[ -]?authori[sz]ed)\b",
    re.IGNORECASE,
)
"""How servers that send no enhanced codes, such as Exim, say that it is not the recipient, or not the message, which
they do not like: what RFC 3463 has X.7 for."""

_ADDRESS = re.compile(r"<[^>]*>|\S*@\S*")


def judge(command: str, code: int, text: bytes | str) -> DeliveryFailure:
    """The failure that this answer, other than success, to `command` stands for.

    Final is a 5yz (RFC 5321 §4.2.1) that is about this recipient or this message. What is about the sender, the
    connection, or a policy is transient: an administrator can fix it, and it would hit every other delivery as well.
    """
    message = f"{command}: {describe(code, text)}"
    if is_final(command, code, text):
        return PermanentFailure(message)
    # A wait that is asked for pauses the whole listener. Who greylists one recipient (RFC 6647 §2) says so at RCPT, or
    # after the message, and the others are not to wait for it: there the schedule says when.
    wait = None if command in ("RCPT", "DATA") else retry_after(message)
    return TransientFailure(message, wait, credentials=is_about_credentials(code, text))


def is_final(command: str, code: int, text: bytes | str) -> bool:
    """True for an answer that no later attempt changes."""
    if not 500 <= code <= 599:
        return False
    if is_about_size(code, text):
        return True
    if command not in ("RCPT", "DATA") or code in _CREDENTIALS or code in _SESSION_CODES:
        return False
    subject, detail = enhanced(text)
    if subject in (None, 0):  # X.0: it says nothing
        # Where a server refuses us, it often waits until then to say so (Postfix: smtpd_delay_reject).
        return _ABOUT_US.search(_ADDRESS.sub("", _decoded(text))) is None
    if code == 501 and command == "RCPT":
        return True  # RFC 5321 §4.3.2: the recipient's address has an error in it
    # X.7: policy, log-in, encryption, SPF, DKIM; X.3: the mail system; X.5: the protocol.
    return subject not in (3, 5, 7) and (subject, detail in _SENDERS) != (1, True)


def is_end(error: Exception) -> bool:
    """True if the server ends the connection: it closed it, or is about to (RFC 5321 §3.8)."""
    match error:
        case Refused():
            return error.code == 421
        case smtplib.SMTPResponseException():
            return error.smtp_code == 421
    return isinstance(error, smtplib.SMTPServerDisconnected)


def is_spent(refused: Refused) -> bool:
    """True for an answer that may mean that the server has had enough of this connection, and of nothing else."""
    if refused.command == "MAIL":  # in whatever words
        return not is_final(refused.command, refused.code, refused.text)
    if not 400 <= refused.code <= 599:  # out of step; after the dot a 2yz is no refusal, so the message was not sent
        return refused.command == "RCPT" or 200 <= refused.code <= 299
    about = enhanced(refused.text)
    # RFC 3463 §3.6: X.5.3, too many recipients. RFC 5321 §4.5.3.1.10: 452, which without that also means a full disk.
    return refused.code == 421 or about == (5, 3) or (refused.code == 452 and about == (None, None))


def is_about_size(code: int, text: bytes | str) -> bool:
    """True where the message is too large, and a shorter one may be taken (RFC 1870 §6.1, RFC 3463 §3.3, §3.4)."""
    subject, detail = enhanced(text)
    if subject is None or (subject, detail) == (0, 0):
        return code == 552
    return 500 <= code <= 599 and (subject, detail) in ((3, 4), (2, 3))


def is_about_credentials(code: int, text: bytes | str) -> bool:
    """True where the answer speaks of log-in or encryption (RFC 3463 §3.8, RFC 4954 §6)."""
    subject, detail = enhanced(text)
    return code in _CREDENTIALS or (code >= 500 and subject == 7 and 8 <= (detail or 0) <= 14)


def enhanced(text: bytes | str) -> tuple[int | None, int | None]:
    """Subject and detail of the enhanced status code (RFC 3463), such as (1, 1) of `5.1.1 No such user`."""
    found = _ENHANCED.search(_decoded(text))
    return (int(found[1]), int(found[2])) if found else (None, None)


def retry_after(text: str) -> float | None:
    """Seconds that the server asks us to wait, as those do that have too much to do: `421 Try again in 5 minutes`."""
    found = _WAIT.search(text)
    return None if found is None else int(found[1]) * (60.0 if found[2].lower().startswith("m") else 1.0)


def describe(code: int, text: bytes | str) -> str:
    """Code and text in one line of at most 1 KiB: `250 2.0.0 OK`."""
    line = one_line(_decoded(text))
    return f"{code if code > 0 else 'not an SMTP answer'} {line}"[:1000].rstrip()


def explain(error: BaseException) -> str:
    """Why the connection failed, in words of one line."""
    match error:
        case DeliveryFailure() | NoAddressAnswers():
            return str(error)
        case Refused():
            return f"{error.command}: {describe(error.code, error.text)}"
        case TlsFailed() if error.__cause__ is not None:
            reason = explain(error.__cause__)
            return reason if isinstance(error.__cause__, ssl.SSLError) else f"TLS failed: {reason}"
        case smtplib.SMTPServerDisconnected() if isinstance(error.__context__, TimeoutError):
            return network_errors.explain(error.__context__)  # which smtplib calls a disconnection too
        case Unasked() if str(error):
            return f"it sent {error} unprompted; the connection was closed"
        case smtplib.SMTPServerDisconnected():
            return "it closed the connection"
        case TurnedAway() if error.command != "connecting":
            return f"{error.command}: {describe(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPResponseException():
            return describe(error.smtp_code, error.smtp_error)
    return network_errors.explain(error)


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
