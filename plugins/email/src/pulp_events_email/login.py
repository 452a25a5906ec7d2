"""Logging in to the mail server: AUTH (RFC 4954) with PLAIN, LOGIN, CRAM-MD5 or XOAUTH2."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import smtplib
from collections.abc import Callable
from pathlib import Path

from pulp_events import TransientFailure
from pulp_events.notifier import Config
from pulp_events_email.answer import TurnedAway
from pulp_events_email.settings import AUTO, CRAM_MD5, LOGIN, PLAIN, XOAUTH2

Answer = tuple[int, bytes]

_ENCODED = re.compile(r"[A-Za-z0-9+/=]{20,}")
"""Longer than words are."""


def log_in(connection: smtplib.SMTP, settings: Config, encrypted: bool) -> str:
    """Log in as the section [email] says; the name of the mechanism.

    With `auth = auto` within TLS every mechanism that is offered is tried: some servers offer one that they, or the
    account, cannot use. In the clear only one is, as the next might show what this one did not.

    Raises TransientFailure, an administrator can fix it, and never with what was sent or the server's text, which may
    repeat it; TurnedAway, and what smtplib raises for a broken connection, are the caller's to judge.
    """
    username, secret = settings["username"], _secret(settings)
    mechanisms = _choose(settings["auth"], connection.esmtp_features.get("auth", "").upper().split(), encrypted)
    refusals: list[str] = []
    for mechanism in mechanisms:
        try:
            code, text = _EXCHANGES[mechanism](connection, username, secret)
        except smtplib.SMTPServerDisconnected:
            if not refusals:
                raise
            break  # it has had enough of the refused ones
        if code in (235, 503):  # 503: logged in already
            return mechanism.upper()
        if code == 421:
            if not refusals:
                raise TurnedAway("AUTH", code, _without(text, username, secret))
            break
        refusals.append(f"{mechanism.upper()} with {code if code > 0 else 'no SMTP answer'}")
    what = "the access token" if mechanisms == [XOAUTH2] else "the password"
    raise TransientFailure(
        f"the mail server refused to log {username} in by {', by '.join(refusals)}; "
        f"check username, {what} and auth in the section [email]",
        credentials=True,
    )


def _without(text: bytes, username: str, secret: str) -> bytes:
    """The server's words, unless they repeat what was sent, or anything that looks as if it were encoded."""
    said = text.decode("utf-8", "replace")
    sent = (secret, _encode(secret), _encode(f"\0{username}\0{secret}"))
    if any(one in said for one in sent) or _ENCODED.search(said):
        return b""
    return text


def _secret(settings: Config) -> str:
    path = settings.get("password_file")
    if path is None:
        return str(settings["password"])
    try:
        text = Path(path).read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise TransientFailure(f"password_file {path} cannot be read: {reason}") from None
    if not text:
        raise TransientFailure(f"password_file {path} is empty")
    return text


def _choose(wanted: str, offered: list[str], encrypted: bool) -> list[str]:
    """The mechanisms to try, in order."""
    if not offered:
        raise TransientFailure(
            "the mail server does not offer login on this connection; check `security`", credentials=True
        )
    # In the clear CRAM-MD5 at least keeps the password; within TLS there is nothing to keep it from, and servers that
    # store passwords hashed offer it without being able to take it.
    order = (PLAIN, LOGIN, CRAM_MD5) if encrypted else (CRAM_MD5, PLAIN, LOGIN)
    found = [one for one in (order if wanted == AUTO else (wanted,)) if one.upper() in offered]
    if found:
        return found if encrypted else found[:1]
    names = "none of CRAM-MD5, PLAIN and LOGIN" if wanted == AUTO else f"no {wanted.upper()}"
    raise TransientFailure(
        f"the mail server offers {names} for logging in, only {', '.join(offered)}; check `auth`", credentials=True
    )


def _plain(connection: smtplib.SMTP, username: str, secret: str) -> Answer:
    return connection.docmd("AUTH", "PLAIN " + _encode(f"\0{username}\0{secret}"))  # RFC 4616


def _login(connection: smtplib.SMTP, username: str, secret: str) -> Answer:
    answer = connection.docmd("AUTH", "LOGIN")
    for text in (username, secret):
        if answer[0] != 334:
            break
        answer = connection.docmd(_encode(text))
    return answer


def _cram_md5(connection: smtplib.SMTP, username: str, secret: str) -> Answer:
    code, challenge = connection.docmd("AUTH", "CRAM-MD5")
    if code != 334:
        return code, challenge
    try:
        asked = base64.b64decode(challenge)
    except binascii.Error:
        return connection.docmd("*")  # RFC 4954 §4: this exchange is over
    digest = hmac.new(secret.encode(), asked, "md5").hexdigest()  # RFC 2195
    return connection.docmd(_encode(f"{username} {digest}"))


def _xoauth2(connection: smtplib.SMTP, username: str, secret: str) -> Answer:
    answer = connection.docmd("AUTH", "XOAUTH2 " + _encode(f"user={username}\x01auth=Bearer {secret}\x01\x01"))
    # A refusal comes as a challenge that says why; an empty answer ends the exchange.
    return connection.docmd("") if answer[0] == 334 else answer


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_EXCHANGES: dict[str, Callable[[smtplib.SMTP, str, str], Answer]] = {
    PLAIN: _plain,
    LOGIN: _login,
    CRAM_MD5: _cram_md5,
    XOAUTH2: _xoauth2,
}
