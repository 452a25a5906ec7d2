"""What may be the name of an exchange."""

from __future__ import annotations

from marshmallow import ValidationError

MAX_BYTES = 255
"""An exchange's name is a `shortstr` in the brokers' model (AMQP 0-9-1 §4.2.5.3): at most 255 bytes."""


def validate_exchange(name: str) -> None:
    """Raise ValidationError, saying what is wrong, unless `name` can name an exchange on every broker."""
    if not name:
        raise ValidationError("Must not be empty; leave it out to use [messaging] topic_exchange.")
    if len(name.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ValidationError(f"Must be at most {MAX_BYTES} bytes long.")
    if not name.isprintable():
        raise ValidationError("Must not contain line breaks or other control characters.")
    if name != name.strip():
        raise ValidationError("Must not begin or end with a space.")
