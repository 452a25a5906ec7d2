"""Opens the homes of listeners and deliveries: a plugin's, if one offers it, else ours in the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pulp_events.bus.store_of_plugin import FILES, choose
from pulp_events.errors import SettingsError
from pulp_events.listeners.store import ListenerStore
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system import data_dir
from pulp_events.system.clock import Clock

if TYPE_CHECKING:
    from pulp_events.outbox.store import Outbox


def open_listener_store(settings: Settings, plugins: Plugins, folder: Path) -> ListenerStore:
    """What `pulp_listener_store` answers, else a TinyDB file."""
    found = listener_store_of_plugin(settings, plugins)
    if found is not None:
        return found
    from pulp_events.listeners.tinydb_store import TinyDBListenerStore

    data_dir.check(folder)
    return TinyDBListenerStore(folder, settings.section("events")["keep_history"])


def open_outbox(settings: Settings, plugins: Plugins, folder: Path, clock: Clock) -> Outbox:
    """What `pulp_outbox` answers, else an SQLite file."""
    found = outbox_of_plugin(settings, plugins)
    if found is not None:
        return found
    from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox

    named = settings.section("events")["outbox"]
    path = outbox_path(settings, folder)
    data_dir.refuse_dangling_link(path)
    if not named:
        data_dir.check(folder)
    wait = settings.section("storage")["timeout"]
    durable = settings.section("delivery")["durability"] == "full"
    emit_wait = settings.section("storage")["emit_timeout"]
    return SQLiteOutbox(path, clock, durable, set_damaged_aside=not named, timeout=wait, emit_timeout=emit_wait)


def refuse_newer_outbox(settings: Settings, folder: Path) -> None:
    """Raise StoreTooNew where a newer release wrote the outbox: then nothing beside it is to change either.

    No file is made, and none looked at but ours: a plugin's store sees to itself.
    """
    storage = settings.section("storage")
    if storage["outbox"] != FILES and (storage["outbox"] or storage["url"]):
        return
    path = outbox_path(settings, folder)
    if path.exists():
        from pulp_events.outbox.sqlite import schema

        schema.check_known(path)


def lacks_tables(settings: Settings, folder: Path) -> bool:
    """Whether the outbox is the application's own SQLite database, and does not have its tables of this release yet.

    Told in a millisecond, as many programs never use the outbox: where it is a file of ours, by not looking at all.
    """
    if not settings.section("events")["outbox"]:
        return False
    from pulp_events.outbox.sqlite import schema

    return not schema.is_current(outbox_path(settings, folder))


def listener_store_of_plugin(settings: Settings, plugins: Plugins) -> ListenerStore | None:
    """The listener store of the plugin that is to have it; None, or SettingsError, as with `outbox_of_plugin`."""
    found = choose(settings, plugins, "listeners", "pulp_listener_store", ListenerStore)  # type: ignore[type-abstract]
    if found is None:
        _refuse_storage_url(settings, "listeners")
    return found


def outbox_of_plugin(settings: Settings, plugins: Plugins) -> Outbox | None:
    """The outbox of the plugin that is to have it; None where it is a file of ours. Raises SettingsError for a
    `[storage] url` that no plugin took, unless files were chosen; see `store_of_plugin.choose`."""
    from pulp_events.outbox.store import Outbox

    found = choose(settings, plugins, "outbox", "pulp_outbox", Outbox)  # type: ignore[type-abstract]
    if found is None:
        _refuse_storage_url(settings, "outbox")
    return found


def outbox_path(settings: Settings, folder: Path) -> Path:
    """Where our own outbox is: the application's database that `[events] outbox` names, or a file in the folder."""
    named = settings.section("events")["outbox"]
    if not named:
        from pulp_events.outbox.sqlite.sqlite_outbox import FILE_NAME

        return folder / FILE_NAME
    path = settings.file("events", "outbox", named)
    if path.is_dir():
        raise SettingsError(f"{settings.where('events', 'outbox')} = {named!r}: it is a folder; name a file")
    if path.exists() and not path.is_file():
        raise SettingsError(f"{settings.where('events', 'outbox')} = {named!r}: it is a device or pipe; name a file")
    return path


def _refuse_storage_url(settings: Settings, key: str) -> None:
    """No plugin took the URL: records must not go to the files that it was meant to replace, unless `key` says so."""
    url = settings.section("storage")["url"]
    if url and settings.section("storage")[key] != FILES:
        scheme = url.partition(":")[0]
        remedy = (
            "pip install pulp-events-postgres"
            if scheme in ("postgresql", "postgres")
            else f"no plugin supports {scheme!r} URLs; use postgresql://…"
        )
        raise SettingsError(
            f"{settings.where('storage', 'url')}: no installed plugin can store there; "
            f"{remedy}, or remove the key to store in files"
        )
