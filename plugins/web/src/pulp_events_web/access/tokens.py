"""Tokens: 256 random bits behind a prefix that secret scanners can know, kept as SHA-256 hashes, shown once.

A hash without salt and stretching is enough for what nobody can guess; it is not enough for passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulp_events.errors import EventsError
from pulp_events_web.access.store import AccessStore
from pulp_events_web.principal import Principal, Role

PREFIX = "pulpev_"
_OCTETS = 32
_TABLE = "tokens"


class UnknownToken(EventsError):
    """No token has this id or name."""


class TokenNameTaken(EventsError):
    """Another token has this name, and the history tells users by it."""


@dataclass(frozen=True)
class Token:
    """What is known of a token, other than itself."""

    id: str
    name: str
    """Whom the history names."""
    role: Role
    trusted: bool
    created: float
    """Seconds since 1970."""
    expires: float | None
    """Seconds since 1970; None: never."""
    digest: str
    """SHA-256 of the token, in hexadecimal digits."""

    def expired(self, now: float) -> bool:
        """True from the second of `expires` on."""
        return self.expires is not None and now >= self.expires

    @property
    def principal(self) -> Principal:
        """Who asks with it."""
        return Principal(self.name, self.role, trusted=self.trusted)


class Tokens:
    """Those of one data folder. `clock`: seconds since 1970."""

    def __init__(self, store: AccessStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def create(self, name: str, role: Role, lifetime: float | None, trusted: bool = False) -> tuple[str, Token]:
        """Make one; returns the token itself, which nobody can ask for again, and its record.

        `lifetime`: seconds; None: for ever. `name`: empty: its id. Raises TokenNameTaken, StoreError,
        and InvalidConfig for what `Author` takes for no name.
        """
        secret = PREFIX + secrets.token_urlsafe(_OCTETS)
        identity = secrets.token_hex(4)
        now = self._clock()
        made = Token(
            identity, name or f"token {identity}", role, trusted, now,
            None if lifetime is None else now + lifetime, digest_of(secret),
        )  # fmt: skip
        made.principal.author  # noqa: B018  # refuses what the history could not name
        with self._store.changing() as tables:
            table = tables.setdefault(_TABLE, {})
            if any(each["name"] == made.name for each in table.values()):
                raise TokenNameTaken(
                    f"a token is called {made.name} already; choose another --name, or revoke that one first"
                )
            table[identity] = _record(made)
        return secret, made

    def all(self) -> list[Token]:
        """Each that was made and not revoked, also those that have expired; the oldest first."""
        table = self._store.table(_TABLE)
        return sorted((_token(key, value) for key, value in table.items()), key=lambda each: each.created)

    def valid(self) -> list[Token]:
        """Those that open something now."""
        now = self._clock()
        return [each for each in self.all() if not each.expired(now)]

    def revoke(self, identity: str) -> Token:
        """Delete one by its id or name, or by the token itself, as who finds one has: it opens nothing from now on.

        Raises UnknownToken, which does not repeat a token, StoreError.
        """
        digest = digest_of(identity)
        with self._store.changing() as tables:
            table = tables.setdefault(_TABLE, {})
            for key, value in table.items():
                if identity in (key, value["name"]) or hmac.compare_digest(value["sha256"], digest):
                    return _token(key, table.pop(key))
            what = "is this one" if identity.startswith(PREFIX) else f"has the id or name {identity}"
            raise UnknownToken(f"no token {what}; `pulp-admin event web token list` shows them")

    def find(self, secret: str) -> Token | None:
        """The valid token that this is; compared in constant time, with each of them."""
        digest = digest_of(secret)
        found = None
        for each in self.valid():
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found

    def by_id(self, identity: str) -> Token | None:
        """The valid token of this id."""
        return next((each for each in self.valid() if each.id == identity), None)


def digest_of(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _record(token: Token) -> dict[str, Any]:
    return {
        "name": token.name, "role": str(token.role), "trusted": token.trusted, "created": token.created,
        "expires": token.expires, "sha256": token.digest,
    }  # fmt: skip


def _token(identity: str, record: Mapping[str, Any]) -> Token:
    return Token(
        identity, record["name"], Role.of(record["role"]), bool(record["trusted"]), record["created"],
        record["expires"], record["sha256"],
    )  # fmt: skip
