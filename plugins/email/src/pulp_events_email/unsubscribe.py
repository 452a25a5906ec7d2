"""Where recipients ask to be taken off the list: what an administrator may name, and what is sent of it.

It is judged when a listener is created or updated, and not by its schema: a listener that is stored already, by a
release with other rules, goes on getting its mail.
"""

from __future__ import annotations

from collections.abc import Iterator

from pulp_events_email.addresses import normalise

LONGEST = 500


def check(text: str) -> None:
    """Raise ValueError unless this is an https: or mailto: URL (RFC 2369 §3.2) that every recipient may see.

    A user name and password would be theirs, and over http: what is asked is anybody's on the way, which RFC 8058 §3.1
    forbids where mail programs ask by themselves.
    """
    from urllib.parse import unquote, urlsplit

    scheme, colon, rest = text.partition(":")
    try:
        if not colon:
            normalise(text)
        elif scheme.lower() == "mailto":
            normalise(unquote(rest.partition("?")[0]))
        else:
            url = urlsplit(text)
            if "@" in url.netloc:
                raise ValueError("every recipient would see its user name and password; leave them out")
            if scheme.lower() != "https" or not url.hostname or url.port == 0:
                raise ValueError("write an address, or an https: or mailto: URL")
    except ValueError as error:
        hidden = scheme.lower() != "mailto" and colon and "@" in rest  # there may be a password before it
        raise ValueError(f"{'The URL' if hidden else repr(text[:100])} cannot be used: {error}") from None
    for wrong in _unfit(text):
        raise ValueError(wrong)


def can_be_sent(text: str) -> bool:
    """True for what may stand in a header: one line, for recipients' eyes; http: is bad advice there, and harmless."""
    return ":" in text and not any(_unfit(text)) and (text.lower().startswith("mailto:") or "@" not in text)


def _unfit(text: str) -> Iterator[str]:
    if not text.isascii() or not text.isprintable() or any(character in text for character in ' <>"'):
        yield "Write the URL in ASCII, with anything else in it percent-encoded."
    if len(text) > LONGEST:
        yield f"Must be at most {LONGEST} characters long, not {len(text)}."
