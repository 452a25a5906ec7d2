"""Django system checks: what this plugin relies on in pulpcore is there."""


def register() -> None:
    """Register the checks with Django."""
