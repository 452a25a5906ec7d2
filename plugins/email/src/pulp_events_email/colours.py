"""What colours stand for which state. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass

from pulp_events_email.summary import CANCELLED, FAILED, FINISHED, OTHER, STARTED, SUCCEEDED


@dataclass(frozen=True)
class Colours:
    """Of a state."""

    strong: str
    """Of the head, with white text on it, and of headings on `pale`."""

    badge: str
    """Of the circle in the head."""

    pale: str
    """Of a box, with black text on it."""

    dark: str
    """Of a box in dark mode, with white text and `light` headings on it."""

    light: str


COLOURS = {
    STARTED: Colours("#1d4ed8", "#4069de", "#e9effd", "#1d2a4d", "#9fbcff"),
    SUCCEEDED: Colours("#15703a", "#3a8659", "#e5f4ea", "#17362a", "#7fdca2"),
    FAILED: Colours("#b3191c", "#c13f42", "#fdeced", "#45222a", "#ff9ea0"),
    CANCELLED: Colours("#8a4b08", "#9f6829", "#fcf1e0", "#3d2c17", "#f3bd77"),
    FINISHED: Colours("#46505f", "#646d7a", "#eceff3", "#2e343e", "#b9c2cf"),
    OTHER: Colours("#46505f", "#646d7a", "#eceff3", "#2e343e", "#b9c2cf"),
}
"""Text on each of them has a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3); a test computes it."""
