"""An administrator's own templates for the bodies, in a directory.

`message.txt` and `message.html` for messages of one event, `digest.txt` and `digest.html` for digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulp_events import Event
from pulp_events.templates import Template, TemplateError

MESSAGE = "message"
DIGEST = "digest"
LARGEST = 1_000_000
"""Octets of a template file at the most."""

_Stamp = tuple[int, int] | None


class Wording:
    """The templates of one directory. A file that is changed is read again for the next message."""

    def __init__(self, directory: Path, stem: str = MESSAGE) -> None:
        """`stem`: MESSAGE or DIGEST."""
        self._directory = directory
        self._text, self._html = f"{stem}.txt", f"{stem}.html"
        self._files: dict[str, tuple[_Stamp, Template | None]] = {}

    def refresh(self) -> None:
        """Read what is new or has changed. Raises TemplateError if there is nothing that can be used."""
        found = [self._template(name) for name in (self._text, self._html)]
        if not any(found):
            raise TemplateError(f"{self._directory}: it contains no readable {self._text} or {self._html}")

    def text(self, event: Event, more: Mapping[str, Any]) -> str | None:
        """The text for the event; None if there is no template for it. Raises TemplateError."""
        return self._render(self._text, event, more)

    def html(self, event: Event, more: Mapping[str, Any]) -> str | None:
        """The same for HTML; what is put in is escaped."""
        return self._render(self._html, event, more)

    def _render(self, name: str, event: Event, more: Mapping[str, Any]) -> str | None:
        template = self._template(name)
        return template.render(event, **more) if template else None

    def _template(self, name: str) -> Template | None:
        path = self._directory / name
        try:
            status = path.stat()
            stamp: _Stamp = (status.st_mtime_ns, status.st_size)
        except (FileNotFoundError, NotADirectoryError):
            stamp = None
        except OSError as error:
            raise TemplateError(f"{path}: {error.strerror}") from error
        if name not in self._files or self._files[name][0] != stamp:
            self._files[name] = stamp, self._read(path) if stamp else None
        return self._files[name][1]

    @staticmethod
    def _read(path: Path) -> Template:
        try:
            with path.open("rb") as file:
                octets = file.read(LARGEST + 1)
            source = octets.decode("utf-8")
        except OSError as error:
            raise TemplateError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise TemplateError(f"{path}: it is not UTF-8 text") from None
        if len(octets) > LARGEST:
            raise TemplateError(f"{path}: it is larger than {LARGEST} bytes")
        return Template(source, html=path.suffix == ".html", name=path.name)
