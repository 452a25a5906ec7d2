"""The ways to log in to an `SmtpSink` that aiosmtpd does not have itself."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, AuthResult

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")

_CHALLENGE = b"<1896.697170952@sink.test>"
_INVALID_TOKEN = b'{"status":"401","schemes":"bearer"}'


class ExtraMechanisms:
    """aiosmtpd finds these by their names."""

    def __init__(self, credentials: tuple[str, str] | None) -> None:
        self._credentials = credentials or ("", "")

    async def auth_CRAM__MD5(self, server: SMTP, _args: list[str]) -> AuthResult:  # noqa: N802
        """RFC 2195: the digest of a challenge, keyed by the password."""
        user, password = self._credentials
        answer: Any = await server.challenge_auth(_CHALLENGE)
        if answer is MISSING:
            return AuthResult(success=False, handled=True)
        expected = hmac.new(password.encode(), _CHALLENGE, "md5").hexdigest()
        return self._result(user, answer == f"{user} {expected}".encode())

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """As Google and Microsoft have it: a refusal is a challenge with the reason, which the client answers empty."""
        user, token = self._credentials
        try:
            given = base64.b64decode(args[1], validate=True)
        except (IndexError, binascii.Error):
            await server.push("501 5.5.2 Cannot decode the token")
            return AuthResult(success=False, handled=True)
        right = given == f"user={user}\x01auth=Bearer {token}\x01\x01".encode()
        if not right:
            await server.challenge_auth(_INVALID_TOKEN)
        return self._result(user, right)

    @staticmethod
    def _result(user: str, right: bool) -> AuthResult:
        return AuthResult(success=right, handled=right, auth_data=user if right else None)
