"""What the next page says of what was done."""

from flask import current_app, flash


def note(text: str) -> None:
    """On the next page of this session; an application without a key has no sessions, and the page itself shows it."""
    if current_app.secret_key:
        flash(text)
