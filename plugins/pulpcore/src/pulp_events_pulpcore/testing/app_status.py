"""A test's process as one of Pulp's, for code that `PulpServer.python` runs."""

import os
from typing import Any


def register() -> dict[str, Any]:
    """Say in the database that this is an API process, without which today's pulpcore runs no task at once.

    Returns the fields of a task that this process has. Older releases, without `AppStatus`, need neither.
    """
    from pulpcore.app import models

    if not hasattr(models, "AppStatus"):
        return {}
    name = f"test-{os.getpid()}"
    return {"app_lock": models.AppStatus.objects.create(app_type="api", name=name, versions={})}
