"""What goes with a later release, and works until then: names, arguments, settings and options. For plugins, too.

    OLD = Deprecated("pulp_chat.Room", since="1.1", removed_in="2.0", instead="pulp_chat.Channel")

    __getattr__ = deprecated_names(__name__, {"Room": ("pulp_chat.channel", "Channel", OLD)})

    class Chat(Notifier):
        @deprecated_argument("room", Deprecated("room of Chat.post", "1.1", "2.0", "channel"), new="channel")
        def post(self, text, channel): ...

A key of a settings schema: `metadata={"deprecated": Deprecated(…), "renamed_to": "new_key"}`. An option of a command:
`parser.add_deprecated("--old", "--new", Deprecated(…))`.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from pulp_events.system.deprecation_warning import PulpEventsDeprecationWarning as PulpEventsDeprecationWarning

_P = ParamSpec("_P")
_R = TypeVar("_R")

_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True)
class Deprecated:
    """Something that goes. Raises ValueError where it would go without a minor release in which it warns, for what is
    no release, and for an empty text."""

    what: str
    """What it is called where it is used: `pulp_events.Old`, `--old`, `key old`."""

    since: str
    """The first release that warns, such as `1.1`."""

    removed_in: str
    """The first release without it: of the same distribution, and a later minor or major one."""

    instead: str
    """What to use in its place, as `use …` goes on."""

    def __post_init__(self) -> None:
        for name in ("what", "instead"):
            if not isinstance(text := getattr(self, name), str) or not text.strip():
                raise ValueError(f"Deprecated({self.what!r}): {name} must be a text that is not empty, not {text!r}")
        for name in ("since", "removed_in"):
            if not isinstance(release := getattr(self, name), str) or not _RELEASE.fullmatch(release):
                raise ValueError(f"Deprecated({self.what!r}): {name} must be a release such as '1.1', not {release!r}")
        if _minor(self.removed_in) <= _minor(self.since):
            raise ValueError(
                f"{self.what}: deprecated since {self.since} and removed in {self.removed_in}, which leaves no minor "
                "release in which it warns; name a later one"
            )

    def __str__(self) -> str:
        return (
            f"{self.what} is deprecated since {self.since} and will be removed in {self.removed_in}; use {self.instead}"
        )

    def warn(self, stacklevel: int = 1) -> None:
        """Issue the warning; it names the line of the caller, or of one so much further out."""
        warnings.warn(str(self), PulpEventsDeprecationWarning, stacklevel=stacklevel + 1)


def _minor(release: str) -> tuple[int, int]:
    major, _, rest = release.partition(".")
    return int(major), int(rest.partition(".")[0] or 0)


def deprecated_names(
    module: str,
    names: Mapping[str, tuple[str, str, Deprecated]],
    otherwise: Callable[[str], object] | None = None,
) -> Callable[[str], object]:
    """A `__getattr__` for a module: a name that goes still leads to an object, and warns at each use.

    `names`: name → module and attribute that it leads to, and what to say. `otherwise`: the `__getattr__` that the
    module has, asked for all other names.
    """

    def get(name: str) -> object:
        if name in names:
            from importlib import import_module

            home, attribute, told = names[name]
            told.warn(stacklevel=2)
            return getattr(import_module(home), attribute)
        if otherwise is not None:
            return otherwise(name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return get


def deprecated_argument(
    name: str, told: Deprecated, new: str | None = None
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorator: a keyword argument that goes is still taken, and warns.

    `new`: the argument that gets its value, unless the caller gives that too, which is a TypeError as for any argument
    that is given twice. None: the value is dropped.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def taking(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if name in kwargs:
                told.warn(stacklevel=2)
                value = kwargs.pop(name)
                if new is not None:
                    if new in kwargs:
                        raise TypeError(f"{function.__qualname__}() got {name} and {new}, which are one; give {new}")
                    kwargs[new] = value
            return function(*args, **kwargs)

        return taking

    return decorate
