"""How an object of Pulp is named: href, PRN, and what a repository says of itself."""

from typing import Any

from django.urls import NoReverseMatch
from pulpcore.app.util import get_url

from pulp_events_pulpcore.app.payloads import bounds


def href(found: Any, domain: Any = None) -> str | None:
    """The path of the object in the REST API, with DOMAIN_ENABLED and API_ROOT; None if it has none."""
    try:
        return str(get_url(found, domain=domain))
    except (LookupError, NoReverseMatch):
        return None


def prn(found: Any) -> str:
    """`prn:file.filerepository:UUID`: pulpcore's own rule, for which its older releases have no function.

    `found` is of its detail model.
    """
    return f"prn:{found._meta.label_lower}:{found.pk}"


def repository_fields(repository: Any) -> dict[str, Any]:
    """`repository` is of its detail model."""
    return {
        "repo_id": bounds.clipped(repository.name),
        "repo_href": href(repository, repository.pulp_domain),
        "repo_prn": prn(repository),
        "repo_type": repository.pulp_type,
        "repo_labels": bounds.mapping(repository.pulp_labels),
        "domain": repository.pulp_domain.name,
    }


def version_fields(version: Any, repository: Any) -> dict[str, Any]:
    """Of the version that was made, or published; `version` may be None."""
    if version is None:
        return {"version_number": None, "version_href": None, "version_prn": None}
    at = href(repository, repository.pulp_domain)
    return {
        "version_number": version.number,
        "version_href": None if at is None else f"{at}versions/{version.number}/",
        "version_prn": prn(version),
    }
