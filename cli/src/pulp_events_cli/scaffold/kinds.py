"""The kinds of packages that `plugin new` makes: of which files each is made, and what its pyproject.toml says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COMMON = {
    "pyproject.toml": "common/pyproject.toml",
    ".gitignore": "common/gitignore",
    ".github/workflows/tests.yml": "common/tests.yml",
}
"""What each package has."""


@dataclass(frozen=True)
class Kind:
    """A kind of package. Texts with `$name` and the like are `string.Template`s, as the files are."""

    word: str
    """What `--kind` calls it."""

    contains: str
    """What the package contains, for the author."""

    description: str
    """What the plugin does, for pyproject.toml."""

    entry: str
    """What the entry point names."""

    own: Mapping[str, str]
    """Path in the package → its template, beside those of `COMMON` and README.md."""

    requires: tuple[str, ...] = ()
    """Requirements beside pulp-events."""

    @property
    def files(self) -> Mapping[str, str]:
        """Path in the package → its template, in `templates/` with `.template` after its name."""
        return {"README.md": f"{self._folder}/README.md", **COMMON, **self.own}

    @property
    def _folder(self) -> str:
        return self.word.replace("-", "_")


def _files(folder: str, *names: str) -> dict[str, str]:
    """Modules of the package and its tests, `test_` before their names, from templates of the same names."""
    found = {
        f"{'tests' if name.startswith('test_') else 'src/$module'}/{name}.py": f"{folder}/{name}.py" for name in names
    }
    return dict(sorted({**found, "src/$module/py.typed": "common/py.typed"}.items()))


_CLI = "pulp-events-cli$cli_range"

NOTIFIER = Kind(
    "notifier",
    "a notifier of type $name",
    "Notifier $name for pulp-events: POSTs each event report to a URL",
    "$module:${prefix}Notifier",
    _files("notifier", "__init__", "channel", "config", "notifier", "test_contract"),
    ("marshmallow>=4.0,<5", "requests>=2.32,<3"),
)
KINDS: Mapping[str, Kind] = {
    kind.word: kind
    for kind in (
        NOTIFIER,
        Kind(
            "event-types",
            "the event types $name.done and $name.failed, an enricher",
            "Event types of $name for pulp-events, with an enricher",
            "$module",
            _files("event_types", "__init__", "enricher", "event_types", "test_contract", "test_event_types"),
            ("marshmallow>=4.0,<5",),
        ),
        Kind(
            "observer",
            "an observer of attempts",
            "Writes each attempt of a delivery by pulp-events to a file",
            "$module",
            _files("observer", "__init__", "test_contract"),
            ("marshmallow>=4.0,<5",),
        ),
        Kind(
            "command",
            "the command `pulp-admin event $name`",
            "pulp-admin event $name: listeners that fail",
            "$module",
            _files("command", "__init__", "command", "test_command"),
            (_CLI,),
        ),
        Kind(
            "listener-store",
            "a store of listeners in SQLite",
            "Store $name for the listeners of pulp-events: an SQLite file",
            "$module",
            _files("listener_store", "__init__", "database", "store", "test_contract", "test_plugin"),
            ("marshmallow>=4.0,<5",),
        ),
        Kind(
            "outbox",
            "an outbox",
            "Outbox $name for pulp-events: deliveries in a place of their own",
            "$module",
            _files("outbox", "__init__", "outbox", "presences", "test_contract", "test_plugin"),
            ("marshmallow>=4.0,<5",),
        ),
    )
}
"""By their words; the first is what is made unless another one is asked for."""
