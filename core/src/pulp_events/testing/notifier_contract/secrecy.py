"""Whether a secret can be read somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pulp_events import Notifier
from pulp_events.redaction.scrubber import Scrubber
from pulp_events.testing.notifier_contract.subject import secrets_of

PART = 8
"""Characters of a secret, at its beginning or end, that must not be seen."""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """What a traceback of the error would show, too."""
    while error is not None:
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            yield error


def assert_no_secret(notifier: Notifier, endpoint: Any, texts: Iterable[str], where: str) -> None:
    """Fail if a secret of the endpoint is in one of the texts, as it is or encoded."""
    given = list(texts)
    for secret in secrets_of(notifier, endpoint):
        assert not any(shows(text, secret) for text in given), f"a secret is in {where}; leave it out"


def shows(text: str, secret: str) -> bool:
    """Whether it is in the text as it is, as base64, URL-quoted, or in JSON or HTML, or its beginning or end is."""
    return secret in text or Scrubber([secret])(text) != text or any(part in text for part in _parts(secret))


def _parts(secret: str) -> Iterator[str]:
    """Beginning and end of it, from which the rest may be guessed.

    Each has a digit: what is letters alone may be a word, which stands in any text. Of a URL, its address is no secret;
    the beginning is that of its path.
    """
    _, scheme, rest = secret.partition("://")
    whole = rest.partition("/")[2] if scheme else secret
    lengths = range(PART, len(whole))
    for parts in ([whole[:length] for length in lengths], [whole[-length:] for length in lengths]):
        yield from [part for part in parts if any(map(str.isdigit, part))][:1]


def words_of(error: BaseException) -> list[str]:
    """What can be read of an exception and its causes."""
    return [text for each in (error, *causes(error)) for text in (str(each), repr(each))]
