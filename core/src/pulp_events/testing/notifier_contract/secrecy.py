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

    They are no words, as those stand in any text: an end of letters alone is longer by what comes before them. Of a
    URL, its address is no secret; the rest is, and the first of it is the beginning of the path.
    """
    _, scheme, rest = secret.partition("://")
    whole = rest.partition("/")[2] if scheme else secret
    for length in range(PART, len(whole)):
        if not whole[:length].isalpha():
            yield whole[:length]
            break
    for length in range(PART, len(whole)):
        if not whole[-length:].isalpha():
            yield whole[-length:]
            break


def words_of(error: BaseException) -> list[str]:
    """What can be read of an exception and its causes."""
    return [text for each in (error, *causes(error)) for text in (str(each), repr(each))]
