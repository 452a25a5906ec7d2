"""Whether a secret can be read somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pulp_events import Notifier
from pulp_events.redaction.scrubber import Scrubber
from pulp_events.testing.notifier_contract.subject import secrets_of


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
    """Whether it is in the text as it is, as base64, URL-quoted, or in JSON or HTML."""
    return secret in text or Scrubber([secret])(text) != text


def words_of(error: BaseException) -> list[str]:
    """What can be read of an exception and its causes."""
    return [text for each in (error, *causes(error)) for text in (str(each), repr(each))]
