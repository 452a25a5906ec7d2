"""A package declares what it imports, and does not rely on another one to bring it."""

import ast
import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = [
    *(ROOT / name for name in ("core", "cli", "receiver")),
    *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")),
]

OF_THE_INTERFACE = {"marshmallow"}
"""The language of schemas, which comes with core, in the range that core supports."""

OF_PULP = {
    "pulpcore": {
        "asgiref",
        "django",
        "django_filters",
        "django_lifecycle",
        "drf_spectacular",
        "rest_framework",
        "psycopg",
        "cryptography",
    },
    "pulp-cli": {"click", "pulpcore", "pulp_cli"},
}
"""What a plugin of Pulp uses as pulpcore, or pulp-cli, brings it, in the range that this supports: folder → modules."""

BROUGHT_BY = {"opentelemetry": ["opentelemetry-api", "opentelemetry-sdk"]}
"""Who brings a module that is not installed here, where its name does not tell."""


def imported(package: Path) -> set[str]:
    """Top-level modules that the sources import anywhere."""
    found = set()
    for path in package.glob("src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found.update(each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


def declared(package: Path) -> set[str]:
    content = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
    extras = content.get("optional-dependencies", {}).values()
    loaded_by = ["pytest"] if "pytest11" in content.get("entry-points", {}) else []
    texts = [
        content["name"],
        *loaded_by,
        *content.get("dependencies", ()),
        *(text for extra in extras for text in extra),
    ]
    return {normalised(re.split(r"[^\w.-]", text)[0]) for text in texts}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_what_is_imported_is_declared(package):
    brought = {**BROUGHT_BY, **packages_distributions()}
    missing = {
        name
        for name in imported(package) - OF_THE_INTERFACE - OF_PULP.get(package.name, set())
        if not any(is_of(name, each, brought) for each in declared(package))
    }
    assert missing == set()


def is_of(module: str, distribution: str, brought: Mapping[str, list[str]]) -> bool:
    """Whether this distribution brings the module; where that is not installed, its name tells: `opentelemetry-api`."""
    if module in brought:
        return distribution in {normalised(each) for each in brought[module]}
    return f"{distribution}-".startswith(f"{normalised(module)}-")
