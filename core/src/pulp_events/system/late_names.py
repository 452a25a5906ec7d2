"""Public names of a package whose modules are imported when a name is first used (PEP 562).

The package's stub, `__init__.pyi`, is the one list of them, for type checkers, editors and us. lazy_loader, a library
that does the same, costs an `ast` parse, and where $EAGER_IMPORT is set, as other projects set it for their tests, it
imports everything at once, also what needs an extra that is not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable


def late_names(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package, which is being imported.

    Its stub has a line for each name, `from .home import Name as Name`; homes outside of the package are absolute.
    """
    module = sys.modules[package]
    homes: dict[str, str] = {}
    # Through the loader, so that it works in a zip file too.
    stub: bytes = module.__loader__.get_data(f"{module.__path__[0]}/__init__.pyi")  # type: ignore[union-attr]
    for line in stub.decode().splitlines():
        if line.startswith("from "):
            _, home, _, name, _, _ = line.split()
            homes[name] = package + home if home.startswith(".") else home

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(homes[name]), name)
        setattr(module, name, value)  # it is not asked for again
        return value

    return get, lambda: sorted({*vars(module), *homes}), sorted(homes)
