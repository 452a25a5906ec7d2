"""Where pulpcore changes a state that is an event.

Pulp changes states by `queryset.update()`, for which Django sends no signal, but always in the same few methods. These
are wrapped, so that an event is stored in the transaction of the change that it tells of:

| file | wraps | events |
|---|---|---|
| `tasks.py` | `Task.set_running`, `set_completed`, `set_failed`, `set_canceled` | `task.*`, `repo.sync.*` |
| `task_groups.py` | nothing; is told by `tasks.py` | `task_group.finish` |
| `publications.py` | `Publication.save`, `delete` | `repo.publish.*` |
| `versions.py` | `RepositoryVersion.save` | `repo.version.created` |
| `warming.py` | nothing; sees a worker start | – |

`voice.py` is all that they know of the bus: who listens, and an emit that never fails. `wrapping.py` puts them in
place.
"""


def install() -> None:
    """Wrap the methods of pulpcore that change these states. Once a process; again changes nothing."""
    from pulp_events_pulpcore.app.emitting import publications, tasks, versions, warming

    tasks.install()
    publications.install()
    versions.install()
    warming.install()
