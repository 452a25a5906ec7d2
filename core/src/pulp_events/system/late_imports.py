"""What is imported when it is first needed may fail to be: a process out of files can open no module either."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pulp_events.errors import StoreError
from pulp_events.system.remedies import remedy

P = ParamSpec("P")
T = TypeVar("T")
_IMPORTING = "<frozen importlib"
"""How the file names of the import system's own code begin."""


def imports_late(function: Callable[P, T]) -> Callable[P, T]:
    """A decorator: an OSError of an import within `function` becomes StoreError with its remedy; others go on."""

    @functools.wraps(function)
    def call(*arguments: P.args, **keywords: P.kwargs) -> T:
        try:
            return function(*arguments, **keywords)
        except OSError as error:
            if not _is_of_an_import(error):
                raise
            raise StoreError(
                f"{error.filename or 'a module'} cannot be imported: {error.strerror or error}; {remedy(error, 'read')}"
            ) from error

    return call


def _is_of_an_import(error: OSError) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith(_IMPORTING)
