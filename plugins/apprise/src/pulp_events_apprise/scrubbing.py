"""Keeps URLs and what is secret in them out of logs and failures.

Apprise masks URLs that it logs, but not their parts in what else it says; at DEBUG it, and urllib3 below it, log the
addresses that they send to, in which a web hook's token stands.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import quote, unquote

from pulp_events import Scrubber

_SHORTEST = 4
"""Characters of a part of a URL that is masked; a shorter one is no secret, and would be found in any text."""


def scrubber(urls: Iterable[tuple[str, str]]) -> Scrubber:
    """Masks URLs and their parts in a text. `urls`: pairs of a URL and the same as Apprise would show it."""
    return Scrubber(part for url, shown in urls for part in _secrets(url, shown))


def _secrets(url: str, shown: str) -> Iterator[str]:
    """The URL, its user information, the segments of its path, headers and parameters that are passed on, and whatever
    else in it Apprise would not show.

    A host may be a secret (`slack://TOKEN/…`), so it is public only where Apprise shows it. URLs are taken apart by
    hand: Apprise takes many that are none by RFC 3986.
    """
    address, _, query = url.partition("://")[2].partition("?")
    user, _, place = address.rpartition("@")
    host, _, path = place.partition("/")
    given = [pair.partition("=") for pair in query.split("&")]
    passed_on = [value for name, _, value in given if unquote(name)[:1] in ("+", "-", ":", " ")]
    own = [part for _, _, value in given for part in _parts(value)]
    public = set(_parts(shown.lower()))
    hidden = [part for part in (*_parts(host), *own) if not {part.lower(), _quoted(part).lower()} & public]
    for text in (url, user, *_parts(user), *_parts(path), *passed_on, *hidden):
        for form in {text, unquote(text), _quoted(text)}:
            if len(form) >= _SHORTEST:
                yield form


def _parts(text: str) -> list[str]:
    return re.split(r"[/@:?&=#]+", text)


def _quoted(text: str) -> str:
    return quote(text, safe="")


Rule = Callable[[str], str | None]
"""What becomes of a record's text; None: nobody sees the record."""

_rule: ContextVar[Rule | None] = ContextVar("pulp_events_apprise_rule", default=None)


class _Filter(logging.Filter):
    """Applies the rule that is in force where a record is made; records of anybody else pass untouched."""

    def filter(self, record: logging.LogRecord) -> bool:
        rule = _rule.get()
        if rule is None:
            return True
        try:
            text = rule(record.getMessage())
        except Exception:  # noqa: BLE001  # a record that cannot be made into text cannot be scrubbed
            text = None
        if text is None:
            return False
        record.msg, record.args = text, None
        if record.exc_info:
            record.exc_text = rule("".join(traceback.format_exception(*record.exc_info)))
            record.exc_info = None
        return True


_filter = _Filter()
for _name in ("apprise", "urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_filter)


@contextmanager
def scrubbed(scrub: Scrubber) -> Iterator[None]:
    """Whatever Apprise and urllib3 log in this context is scrubbed."""
    yield from _in_force(scrub)


@contextmanager
def silenced() -> Iterator[None]:
    """Nothing of what Apprise logs in this context is seen: it repeats the parts of a URL that it refuses."""
    yield from _in_force(lambda _: None)


def _in_force(rule: Rule) -> Iterator[None]:
    token = _rule.set(rule)
    try:
        yield
    finally:
        _rule.reset(token)
