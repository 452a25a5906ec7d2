"""TLS contexts, shared by all listeners that trust the same authorities and present the same certificate."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import ssl
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi

from pulp_events.system.file_version import FileVersions
from pulp_events.tls import ca_unusable, certificate_unusable, client_context

DEFAULT_AGE = 60.0
"""Seconds for which the system's authorities are taken to be as they were."""

NAMED_AGE = 0.5
"""Seconds for which files that a configuration names are taken to be as they were; an opening channel looks again."""

MOST_FILES = 256
"""Sets of files whose contexts are kept beyond the channels that use them."""

MOST_SESSIONS = 1024
"""Sessions that are kept for each context."""

SESSION_AGE = 3600.0
"""Seconds after which a session is not resumed: what was verified at its beginning is verified again."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a context is made of, by name."""

    ca_path: str | None = None
    """File or directory of authorities; None: the system's."""
    cert: str | None = None
    key: str | None = None
    insecure: bool = False

    @property
    def named(self) -> list[str]:
        """Those that a configuration names."""
        return [path for path in (self.ca_path, self.cert, self.key) if path]


class Trust:
    """A context, and the sessions that were begun in it. Two are never equal: a session belongs to one context."""

    __slots__ = ("__weakref__", "_lock", "_sessions", "context")

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self._sessions: OrderedDict[Any, tuple[ssl.SSLSession | None, float]] = OrderedDict()
        self._lock = threading.Lock()

    def session(self, place: Any) -> ssl.SSLSession | None:
        """The latest one with this receiver, to be resumed."""
        with self._lock:
            found = self._sessions.get(place)
        return found[0] if found is not None and time.monotonic() - found[1] < SESSION_AGE else None

    def keep(self, place: Any, made: ssl.SSLSocket) -> None:
        """Keep the session of a connection, from the second one to this receiver on.

        Taking a session costs as much as a third of a handshake, which a receiver that hears from us once does not
        repay.
        """
        with self._lock:
            before = self._sessions.pop(place, None)
            session = made.session if before is not None else None
            # A session that was resumed goes on with the one before, whose certificate was verified when that began.
            resumed = before is not None and before[0] is not None and made.session_reused
            self._sessions[place] = session, before[1] if resumed and before is not None else time.monotonic()
            if len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)

    def forget(self, place: Any) -> None:
        """A handshake with this session failed."""
        with self._lock:
            self._sessions.pop(place, None)


@dataclass(slots=True)
class _Known:
    versions: tuple[Hashable, ...]
    """Of the files that are named; none where one of them is a folder, whose files are all to be looked at."""
    trust: Trust
    at: float = field(default_factory=time.monotonic)


class Trusts:
    """The contexts of the process. Files are compared by their contents: equal ones make one context."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files = FileVersions()
        self._known: OrderedDict[TlsFiles, _Known] = OrderedDict()
        self._by_contents: weakref.WeakValueDictionary[tuple[Any, ...], Trust] = weakref.WeakValueDictionary()

    def get(self, files: TlsFiles, *, look: bool = False) -> Trust:
        """The context for these files as they are; `look`: do not rely on what was read a moment ago.

        Raises TransientFailure if one of them cannot be read or used: an administrator can fix it.
        """
        known, now = self._known.get(files), time.monotonic()
        limit = NAMED_AGE if files.ca_path or files.cert else DEFAULT_AGE
        if known is not None and now - known.at < limit and not (look and limit == NAMED_AGE):
            return known.trust
        if known is not None and known.versions and known.versions == self._versions(files):
            known.at = now
            return known.trust
        versions = () if any(map(os.path.isdir, files.named)) else self._versions(files)
        contents = _contents(files)
        with self._lock:
            trust = self._by_contents.get(contents)
            if trust is None:
                trust = self._by_contents[contents] = Trust(_context(files))
            self._known[files] = _Known(versions, trust)
            self._known.move_to_end(files)
            if len(self._known) > MOST_FILES:
                self._known.popitem(last=False)
        return trust

    def _versions(self, files: TlsFiles) -> tuple[Hashable, ...]:
        return tuple([self._files.of(path, 0.0) for path in files.named])


TRUSTS = Trusts()


def _contents(files: TlsFiles) -> tuple[Any, ...]:
    if files.ca_path is None:
        cafile, capath = _system()
        found: list[Any] = [_digest(cafile) if cafile else None, _digest(capath) if capath else None]
    else:
        try:
            found = [_digest(files.ca_path)]
        except OSError as error:
            raise ca_unusable(files.ca_path, error) from error
    for path in (files.cert, files.key):
        try:
            found.append(_digest(path) if path else None)
        except OSError as error:
            raise certificate_unusable(str(files.cert), files.key, error) from error
    return (files.insecure, *found)


def _digest(name: str) -> Any:
    """Stands for the contents of a file, or of those files in a directory that OpenSSL reads."""
    path = Path(name)
    with contextlib.suppress(IsADirectoryError):
        return hashlib.sha256(path.read_bytes()).digest()
    found = sorted(entry for entry in path.iterdir() if re.fullmatch(r"[0-9a-f]{8}\.r?\d+", entry.name))
    return tuple((entry.name, hashlib.sha256(entry.read_bytes()).digest()) for entry in found if entry.exists())


def _system() -> tuple[str | None, str | None]:
    """File and directory of OpenSSL's default authorities, which `SSL_CERT_FILE` and `SSL_CERT_DIR` name; certifi's
    where the system has none."""
    paths = ssl.get_default_verify_paths()
    capath = paths.capath if paths.capath and any(Path(paths.capath).iterdir()) else None
    if paths.cafile or capath:
        return paths.cafile, capath
    return certifi.where(), None


def _context(files: TlsFiles) -> ssl.SSLContext:
    cafile, capath = (files.ca_path, None) if files.ca_path is not None else _system()
    context = client_context(cafile or capath, files.cert, files.key, verify=not files.insecure)
    if cafile and capath:
        context.load_verify_locations(capath=capath)
    context.set_alpn_protocols(["http/1.1"])
    return context
