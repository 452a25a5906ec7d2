"""Logging in to the mail server: AUTH (RFC 4954) with PLAIN, LOGIN, CRAM-MD5 or XOAUTH2."""

from __future__ import annotations

import base64
import binascii
import hmac
import smtplib
from collections.abc import Callable
from pathlib import Path

from pulp_events import TransientFailure
from pulp_events.notifier import Config
from pulp_events_email.settings import AUTO, CRAM_MD5, LOGIN, PLAIN, XOAUTH2

Answer = tuple[int, bytes]


def log_in(connection: smtplib.SMTP, settings: Config, encrypted: bool) -> str:
    """Log in as the section [email] says; the name of the mechanism.

    Raises TransientFailure, an administrator can mend it, and never with what was sent or the server's text, which may
    repeat it; what smtplib raises for a broken connection is the caller's to judge.
    """
    username, secret = settings["username"], _secret(settings)
    mechanism = _choose(settings["auth"], connection.esmtp_features.get("auth", "").upper().split(), encrypted)
    code, _ = _EXCHANGES[mechanism](connection, username, secret)
    if code not in (235, 503):  # 503: logged in already
        if code == 421:
            raise smtplib.SMTPServerDisconnected("421 in answer to AUTH")
        what = "user name and access token" if mechanism == XOAUTH2 else "user name and password"
        raise TransientFailure(
            f"the mail server refused the {what} with {code}; "
            "check username and password in the section [email] of server.conf"
        )
    return mechanism.upper()


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


def _choose(wanted: str, offered: list[str], encrypted: bool) -> str:
    if not offered:
        raise TransientFailure("the mail server offers no log-in on this connection; check `security`")
    # In the clear CRAM-MD5 at least keeps the password; within TLS there is nothing to keep it from, and servers that
    # store passwords hashed offer it without being able to take it.
    order = (PLAIN, LOGIN, CRAM_MD5) if encrypted else (CRAM_MD5, PLAIN, LOGIN)
    for mechanism in order if wanted == AUTO else (wanted,):
        if mechanism.upper() in offered:
            return mechanism
    names = "none of CRAM-MD5, PLAIN and LOGIN" if wanted == AUTO else f"no {wanted.upper()}"
    raise TransientFailure(f"the mail server offers {names} to log in with, but {', '.join(offered)}; check `auth`")


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
        return 0, b""
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
