"""Conditions: why a broker refused or ended something (AMQP 1.0 §2.8.14 to §2.8.18)."""

from __future__ import annotations

from proton import Condition

UNAUTHORISED = ("amqp:unauthorized-access", "amqp:not-allowed")
"""For a missing permission."""


def is_unauthorised(text: str) -> bool:
    """True if a broker's words have the condition for a missing permission."""
    return any(condition in text for condition in UNAUTHORISED)


def said(condition: Condition) -> str:
    """`name: description (key=value, …)`: all that the broker said; the info only if there is any."""
    text = f"{condition.name}: {condition.description or 'no description'}"
    info = condition.info if isinstance(condition.info, dict) else {}
    return f"{text} ({', '.join(f'{key}={value}' for key, value in info.items())})" if info else text
