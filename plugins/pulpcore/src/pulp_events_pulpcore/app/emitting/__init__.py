"""Where pulpcore changes a state that is an event."""


def install() -> None:
    """Wrap the methods of pulpcore that change these states."""
