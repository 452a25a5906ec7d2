"""Create and edit a listener; its messages previewed on a stored event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pulp_events import Listener
from pulp_events.bus.preview import Previews
from pulp_events.errors import EventsError, ListenerNotFound, NotAllowed
from pulp_events.events import pattern
from pulp_events.listeners.document import from_document
from pulp_events.listeners.history import ListenerChange
from pulp_events.listeners.untrusted import Limits
from pulp_events.notifier import Notifier
from pulp_events_web import problems
from pulp_events_web.acting import Acting
from pulp_events_web.console import errors
from pulp_events_web.console.forms.carried import typed_of
from pulp_events_web.console.forms.listener_form import Conflict, ListenerForm, version_of
from pulp_events_web.console.notes import note
from pulp_events_web.console.pages.listeners import changeable
from pulp_events_web.context import acting
from pulp_events_web.principal import Role

EVENTS = 20
"""Stored events that are offered for a preview."""


def add(blueprint: Blueprint) -> None:
    """Its routes."""
    blueprint.add_url_rule("/listeners/new", "listener_types", listener_types)
    blueprint.add_url_rule("/listeners/new/<type_id>", "listener_new", new, methods=["GET", "POST"])
    blueprint.add_url_rule("/listeners/<listener_id>/edit", "listener_edit", edit, methods=["GET", "POST"])


def listener_types() -> str:
    """Which notifier?"""
    who = acting()
    who.require(Role.ADMIN)
    bus = who.reading
    there = sorted(
        (each for each in bus.plugins.notifiers.values() if each.targets_here is None), key=lambda each: each.type_id
    )
    refused = {each.type_id: why for each in there if (why := _refused(who, each))}
    usable = [each for each in there if each.type_id not in refused]
    return render_template("console/listener_types.html", notifiers=usable, refused=refused)


def _refused(who: Acting, notifier: Notifier) -> str:
    """Why who is not trusted may have no listener of this type; empty if they may."""
    try:
        if not who.principal.trusted:
            Limits(who.reading.settings).refuse_type(notifier)
    except NotAllowed as error:
        return str(error)
    return ""


def new(type_id: str) -> str | tuple[str, int] | Response:
    """The form of a new one."""
    who = acting()
    who.require(Role.ADMIN)
    notifier = who.reading.plugins.notifier(type_id)
    if request.method == "GET" and (why := _refused(who, notifier)):  # before it is filled in
        raise NotAllowed(why)
    return _answer(ListenerForm(who, notifier, None, _typed()))


def edit(listener_id: str) -> str | tuple[str, int] | Response:
    """The form of one that there is."""
    who, typed = acting(), _typed()
    try:
        listener = changeable(who, listener_id)
        notifier = who.reading.plugins.notifier(listener.notifier_type_id)
        return _answer(ListenerForm(who, notifier, listener, typed))
    except ListenerNotFound:
        if typed is None or not typed.get("type"):
            raise
        return _deleted(who, typed)


def _deleted(who: Acting, typed: dict[str, str]) -> tuple[str, int]:
    """The listener is gone, what was typed is not: it can become a new one."""
    form = ListenerForm(who, who.reading.plugins.notifier(typed["type"]), None, typed)
    return _page(form, deleted=True), 409


def _typed() -> dict[str, str] | None:
    return typed_of(request.form) if request.method == "POST" else None


def _answer(form: ListenerForm) -> str | tuple[str, int] | Response:
    if form.typed is None:
        return _page(form)
    if form.typed.get("action") == "preview":
        return _page(form, shown=preview(form))
    if form.typed.get("action") == "resume":
        return _page(form)
    try:
        stored = form.store()
    except Conflict as conflict:
        return _page(form.onto(conflict.listener), conflict=_theirs(form.who, conflict.listener, form.version)), 409
    except ListenerNotFound:
        raise
    except EventsError as error:  # what was typed is not lost by it
        form.errors = {"": [errors.said(error)]}
        return _page(form), int(problems.status_of(error))
    if stored is None:
        return _page(form), 422
    note(f"{stored.name or stored.id} is {'changed' if form.listener else 'created; send a test to try it'}.")
    return redirect(url_for("console.listener", listener_id=stored.id), 303)


@dataclass(frozen=True)
class Shown:
    """A message that would leave."""

    text: str
    failed: bool = False


def preview(form: ListenerForm) -> Shown | None:
    """What the draft's message of the chosen event says; None where the form is refused."""
    assert form.typed is not None
    who = form.who
    bus = who.reading
    draft = form.draft()
    if draft is None:
        return None
    chosen = form.typed.get("preview_event", "").strip()
    if not chosen:
        return Shown("Choose an event first. None is stored yet? Emit one, then come back.", failed=True)
    try:
        event = bus.events.get(chosen)
        text, failed = Previews(draft, bus.plugins, bus.settings, bus.listeners.scrubber(draft)).of(
            [event], draft.targets[0]
        )
    except EventsError as error:
        return Shown(str(error), failed=True)
    return Shown(_report(event.body()) if text is None else text, failed)


def _report(body: object) -> str:
    import json

    return json.dumps(body, indent=2, ensure_ascii=False)


def _page(form: ListenerForm, shown: Shown | None = None, **more: Any) -> str:
    has_preview = type(form.notifier).preview is not Notifier.preview
    return render_template(
        "console/edit.html",
        form=form,
        listener=form.listener,
        notifier=form.notifier,
        resumed=form.typed is not None and form.typed.get("action") == "resume",
        preview=shown,
        stored=_events(form.who, form.listener) if has_preview else None,
        event_types=form.who.reading.event_types.names(),
        **more,
    )


def _events(who: Acting, listener: Listener | None) -> list[tuple[str, str, datetime]]:
    found = who.reading.events.list(limit=EVENTS)
    if listener is not None:
        found.sort(key=lambda each: not any(pattern.matches(text, each.event_type) for text in listener.event_types))
    return [(each.id, each.event_type, each.time) for each in found]


def _theirs(who: Acting, now: Listener, version: str) -> list[ListenerChange]:
    """What was done to it since the form was shown, the oldest first."""
    listeners = who.reading.listeners
    if not listeners.keeps_history:
        return []
    newer = takewhile(lambda each: _version_after(each) != version, listeners.history(now.id, limit=20))
    return [*newer][::-1]


def _version_after(change: ListenerChange) -> str | None:
    """That of the record which it left; None where it cannot be read, as one of a newer release."""
    try:
        return None if change.after is None else version_of(from_document(change.after))
    except ValueError:
        return None
