"""New repository versions: what was added or removed is available from the moment that `complete` is stored.

Version 0, which each repository begins with and which is empty, is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from pulpcore.plugin.models import RepositoryVersion

from pulp_events_pulpcore.app import payloads
from pulp_events_pulpcore.app.emitting import voice
from pulp_events_pulpcore.app.emitting.wrapping import wrap

CREATED = "repo.version.created"
_COUNTED = "_pulp_events_counted"


def install() -> None:
    """Wrap the methods by which a version becomes complete."""
    wrap(RepositoryVersion, "save", _save)
    wrap(RepositoryVersion, "_compute_counts", _count)


def _save(original: Callable[..., Any], version: RepositoryVersion, *args: Any, **kwargs: Any) -> Any:
    fields = kwargs.get("update_fields")
    if not version.complete or not version.number or (fields is not None and "complete" not in fields):
        return original(*args, **kwargs)
    domain = version.repository.pulp_domain_id
    if not voice.wanted(domain, CREATED):
        return original(*args, **kwargs)
    with transaction.atomic():
        completes = not RepositoryVersion.objects.filter(pk=version.pk, complete=True).exists()
        result = original(*args, **kwargs)
        if completes:
            # pulpcore counts next; the event has the counts, and belongs to this transaction.
            version._compute_counts()
            setattr(version, _COUNTED, True)
            voice.emit(CREATED, domain, lambda: payloads.version_created(version))
    return result


def _count(original: Callable[..., Any], version: RepositoryVersion, *args: Any, **kwargs: Any) -> Any:
    """Nothing changed since the count that was made for the event, so it is not made again."""
    if version.__dict__.pop(_COUNTED, False):
        return None
    return original(*args, **kwargs)
