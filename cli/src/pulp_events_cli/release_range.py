"""The releases of ours that a plugin may say it works with."""

from importlib.metadata import version


def release_range(distribution: str) -> str:
    """The releases that will do for what is written against the installed one: from it on, with its major number.

    A version specifier (PEP 440) such as `>=1.2,<2`. Raises PackageNotFoundError.
    """
    major, minor = map(int, version(distribution).split(".")[:2])
    return f">={major}.{minor},<{major + 1}"
