"""Sessions of the console: a signed cookie that names a token, of bounded life, ended by logout or with its token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface

from pulp_events_web.access.one_time import OneTimeLink
from pulp_events_web.access.store import AccessStore
from pulp_events_web.access.tokens import Token, Tokens
from pulp_events_web.principal import Principal

COOKIE = "pulp_events_session"
_ENDED, _KEYS = "ended sessions", "keys"
_ID, _TOKEN, _LINK, _BEGAN = "id", "token", "link", "began"


class CookieInterface(SecureCookieSessionInterface):
    """Secure wherever the browser speaks https, to us or to the proxy."""

    def get_cookie_path(self, app: Flask) -> str:
        """Other applications of the server do not get it."""
        return request.script_root or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


class Sessions:
    """`life`: seconds from login, however busy it is meanwhile. `clock`: seconds since 1970."""

    def __init__(
        self, store: AccessStore, tokens: Tokens, link: OneTimeLink | None, life: float, clock: Callable[[], float]
    ) -> None:
        self._store, self._tokens, self._link, self._life, self._clock = store, tokens, link, life, clock

    def key(self) -> str:
        """What cookies are signed with; made when it is first needed, the same for each process. Raises StoreError."""
        known = self._store.table(_KEYS).get("sessions")
        if known is None:
            with self._store.changing() as tables:
                known = tables.setdefault(_KEYS, {}).setdefault("sessions", secrets.token_hex(32))
        return str(known)

    def begin(self, token: Token | None = None) -> None:
        """Log in with a token, or without one by the one-time link; nothing of an earlier session is kept."""
        session.clear()
        session.permanent = True  # the browser forgets it after its life, too
        session[_ID], session[_BEGAN] = secrets.token_hex(16), self._clock()
        if token is not None:
            session[_TOKEN] = token.id
        elif self._link is not None:
            session[_LINK] = self._link.process

    def end(self) -> None:
        """Log out: a copy of the cookie opens nothing either. Raises StoreError."""
        identity, began = session.get(_ID), session.get(_BEGAN, 0.0)
        session.clear()
        if identity is None:
            return
        now = self._clock()
        with self._store.changing() as tables:
            table = tables.setdefault(_ENDED, {})
            for each in [key for key, until in table.items() if until <= now]:
                del table[each]
            table[identity] = began + self._life

    def who(self) -> tuple[str, Principal] | None:
        """A key that stays the same for this person, and who they are; None without a session that holds."""
        return self._who(session)

    def _who(self, session: Mapping[str, Any]) -> tuple[str, Principal] | None:
        identity: Any = session.get(_ID)
        if identity is None or not 0 <= self._clock() - session[_BEGAN] < self._life:
            return None
        found = self._proved(session)
        if found is None or identity in self._store.table(_ENDED):
            return None
        key, known = found
        return key, Principal(known.name, known.role, trusted=known.trusted, session=True)

    def holding(self) -> Callable[[], bool]:
        """Whether this session still holds, to be asked also when the request is over whose session it is."""
        kept = dict(session)
        return lambda: self._who(kept) is not None

    def _proved(self, session: Mapping[str, Any]) -> tuple[str, Principal] | None:
        if _TOKEN in session:
            token = self._tokens.by_id(session[_TOKEN])
            return None if token is None else (f"token {token.id}", token.principal)
        if self._link is not None and session.get(_LINK) == self._link.process:
            return "link", self._link.principal
        return None
