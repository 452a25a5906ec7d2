"""How much content a repository version added, removed and has."""

from typing import Any

from pulpcore.app.models import RepositoryVersionContentDetails as Details

from pulp_events_pulpcore.app.payloads import bounds


def by_type(version: Any) -> dict[str, dict[str, int]]:
    """`added`, `removed` and `present` → content type → units, as pulpcore counted when it completed the version.

    One query, or none where `version` is None.
    """
    found: dict[str, dict[str, int]] = {Details.ADDED: {}, Details.REMOVED: {}, Details.PRESENT: {}}
    if version is not None:
        rows = Details.objects.filter(repository_version_id=version.pk).order_by("content_type")
        for kind, content_type, count in rows.values_list("count_type", "content_type", "count"):
            found.setdefault(kind, {})[content_type] = count
    return found


def change_fields(version: Any) -> dict[str, Any]:
    """What came into the repository and what went; zeros where there is no version."""
    counts = by_type(version)
    added, removed, present = counts[Details.ADDED], counts[Details.REMOVED], counts[Details.PRESENT]
    return {
        "added_count": sum(added.values()),
        "removed_count": sum(removed.values()),
        "present_count": None if version is None else sum(present.values()),
        "added": bounds.mapping(added),
        "removed": bounds.mapping(removed),
        "present": bounds.mapping(present),
    }


def published_fields(version: Any) -> dict[str, Any]:
    """What the version that is published has."""
    present = by_type(version)[Details.PRESENT]
    return {"published_count": sum(present.values()), "published": bounds.mapping(present)}
