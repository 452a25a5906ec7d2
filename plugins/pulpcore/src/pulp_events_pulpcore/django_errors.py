"""Errors of Django as those of a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pulp_events.errors import StoreBusy, StoreError


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise StoreError, with one line, for what Django or a missing key keeps us from doing."""
    from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
    from django.db import Error
    from django.db.utils import OperationalError, ProgrammingError

    try:
        yield
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) == "42P01":
            raise StoreError("the tables of listeners are missing; run `pulpcore-manager migrate`") from error
        raise StoreError(f"cannot {what}: {_line(error)}") from error
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == "55P03":
            raise StoreBusy(f"cannot {what}: another transaction has been changing listeners; try again") from error
        raise StoreError(f"cannot {what}: {_line(error)}") from error
    except SynchronousOnlyOperation as error:
        raise StoreError(f"cannot {what} within an event loop; do it in a thread, as emit_async does") from error
    except (Error, ImproperlyConfigured) as error:
        raise StoreError(f"cannot {what}: {_line(error)}") from error
    except OSError as error:
        from django.conf import settings

        if str(error.filename) != str(settings.DB_ENCRYPTION_KEY):
            raise
        raise StoreError(
            f"cannot {what}: {error.filename}, the key of Pulp's database (DB_ENCRYPTION_KEY), cannot be read: "
            f"{error.strerror}"
        ) from error


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
