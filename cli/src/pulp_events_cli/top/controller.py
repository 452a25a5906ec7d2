"""What a key does: to the view, and to listeners and deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pulp_events.outbox.states import State
from pulp_events_cli.top import keys
from pulp_events_cli.top.commands import Command, Enable, Retry, RetryOne, Unmute
from pulp_events_cli.top.model import ListenerPage, Overview, Row
from pulp_events_cli.top.prompts import answer
from pulp_events_cli.top.state import Ask, Page, Prompt, Tone, View


class Quit:
    """Leave."""


class Redraw:
    """Write the whole screen."""


class Refresh:
    """Ask the store now."""


class Stop:
    """Stop the command that is under way after its next step."""


Request = Command | Quit | Redraw | Refresh | Stop


@dataclass(frozen=True)
class Shown:
    """What the last answers of the store were, which keys refer to, and how much of it the screen has room for."""

    overview: Overview
    listener: ListenerPage | None = None
    room: int = 10
    """Rows, or lines of a text, on the screen."""
    length: int = 0
    """Lines of the text."""
    stale: bool = False
    """The store does not answer: nothing can be changed in it."""

    def row(self, view: View) -> Row | None:
        """The listener that keys are about."""
        if view.page != Page.OVERVIEW and self.listener is not None and self.listener.row.id == view.listener:
            return self.listener.row
        return next((row for row in self.overview.rows if row.id == view.listener), None)


def press(view: View, key: str, shown: Shown) -> tuple[View, Request | None]:
    """The view after a key, and what is to be done. While the store does not answer, no change is offered."""
    after, request = _press(view, key, shown)
    if shown.stale and view.prompt is None:
        asks = after.prompt is not None and after.prompt.ask != Ask.FILTER
        if asks or isinstance(request, Command):
            return replace(after, prompt=None).said("not now: the store does not answer", Tone.BAD), None
    return after, request


def _press(view: View, key: str, shown: Shown) -> tuple[View, Request | None]:
    if key == keys.REDRAW:
        return view, Redraw()
    if view.prompt is not None:
        if view.prompt.ask.is_choice:
            return _chosen(view, view.prompt, key)
        return answer(view, view.prompt, key)
    view = replace(view, message=None)
    if key == "q":
        return view, Quit()
    if key in ("?", "h") and view.page != Page.HELP:
        return replace(view, page=Page.HELP, behind=view.page, scroll=0), None
    if key in (keys.ESCAPE, keys.LEFT, keys.ERASE):
        return _back(view, key)
    if key == " ":
        return view, Refresh()
    if view.page in (Page.HELP, Page.DELIVERY) and (moved := _scrolled(view, key, shown)) is not None:
        return moved, None
    if view.page == Page.DELIVERY:
        return _on_delivery(view, key)
    if view.page == Page.HELP:
        return view, None
    if (acted := _on_one_listener(view, key, shown)) is not None:
        return acted
    return (_on_listener(view, key, shown) if view.page == Page.LISTENER else _on_overview(view, key, shown)), None


def settled(view: View, shown: Shown) -> View:
    """The view once the store has answered: the chosen row is one of those that there are."""
    if view.page == Page.OVERVIEW:
        ids = [row.id for row in shown.overview.ordered(view.sort, view.reverse, view.wanted)]
        return replace(view, listener=view.listener if view.listener in ids else next(iter(ids), None))
    if view.page == Page.LISTENER and shown.listener is not None and shown.listener.row.id == view.listener:
        # Until somebody moves, none is chosen but the newest one, whichever that is.
        ids = [delivery.id for delivery in shown.listener.deliveries]
        return view if view.delivery in ids else replace(view, delivery=None)
    return view


def _chosen(view: View, prompt: Prompt, key: str) -> tuple[View, Request | None]:
    asked, view = view, replace(view, prompt=None)
    if prompt.ask == Ask.RETRY_ONE:
        return (view, RetryOne(prompt.target, prompt.name)) if key in ("y", keys.ENTER) else (view, None)
    if key == keys.ENTER:  # which of them, it does not say
        return asked, None
    states = {"d": (State.DEAD,), "p": (State.PENDING,), "b": (State.PENDING, State.DEAD)}.get(key)
    if states is None:
        return view if key == keys.ESCAPE else view.said("nothing is retried", Tone.NOTE), None
    return view, Retry(prompt.target, prompt.name, states)


def _back(view: View, key: str) -> tuple[View, Request | None]:
    if view.page == Page.HELP:
        return replace(view, page=view.behind, scroll=0), None
    if view.page == Page.DELIVERY:
        return replace(view, page=Page.LISTENER, scroll=0), None
    if view.page == Page.LISTENER:
        return replace(view, page=Page.OVERVIEW, delivery=None, pages=(), state=None, deep=False), None
    return (replace(view, wanted=""), Stop()) if key == keys.ESCAPE else (view, None)


def _scrolled(view: View, key: str, shown: Shown) -> View | None:
    step = _step(key, shown.room)
    if step is None:
        return None
    return replace(view, scroll=max(0, min(view.scroll + step, shown.length - shown.room)))


def _step(key: str, room: int) -> int | None:
    """By how many rows a key moves; None: it is another key."""
    page, all_of_it = max(1, room - 1), 1_000_000
    return {
        keys.UP: -1, "k": -1, keys.DOWN: 1, "j": 1, keys.PAGE_UP: -page, keys.PAGE_DOWN: page,
        keys.HOME: -all_of_it, "g": -all_of_it, keys.END: all_of_it, "G": all_of_it,
    }.get(key)  # fmt: skip


def _moved(chosen: str | None, step: int, ids: Sequence[str]) -> str | None:
    if not ids:
        return None
    return ids[max(0, min((ids.index(chosen) if chosen in ids else 0) + step, len(ids) - 1))]


def _on_overview(view: View, key: str, shown: Shown) -> View:
    ids = [row.id for row in shown.overview.ordered(view.sort, view.reverse, view.wanted)]
    if (step := _step(key, shown.room)) is not None:
        return replace(view, listener=_moved(view.listener, step, ids))
    if key in (keys.ENTER, keys.RIGHT) and view.listener is not None:
        return replace(view, page=Page.LISTENER, delivery=None, pages=(), state=None)
    if key == "s":
        return replace(view, sort=view.sort.next(), reverse=False)
    if key == "S":
        return replace(view, reverse=not view.reverse)
    if key == "/":
        return replace(view, prompt=Prompt(Ask.FILTER, text=view.wanted, given=view.wanted))
    return view


_STATES = (None, *State)


def _on_listener(view: View, key: str, shown: Shown) -> View:
    page = shown.listener
    ids = [] if page is None else [delivery.id for delivery in page.deliveries]
    if (step := _step(key, shown.room)) is not None:
        at = ids.index(view.delivery) if view.delivery in ids else 0
        if step > 0 and page is not None and page.more and at == len(ids) - 1:
            return replace(view, pages=(*view.pages, ids[-1]), delivery=None)
        if step < 0 and at == 0 and view.pages:
            return replace(view, pages=view.pages[:-1] if key not in (keys.HOME, "g") else (), delivery=None)
        moved = _moved(view.delivery, step, ids)
        return replace(view, delivery=None if moved == next(iter(ids), None) else moved)
    if key in (keys.ENTER, keys.RIGHT) and ids:
        return replace(view, page=Page.DELIVERY, delivery=view.delivery or ids[0], scroll=0)
    if key in (keys.TAB, "s"):
        following = _STATES[(_STATES.index(view.state) + 1) % len(_STATES)]
        return replace(view, state=following, pages=(), delivery=None)
    if key == "o":
        return replace(view, deep=True)
    return view


def _on_delivery(view: View, key: str) -> tuple[View, Request | None]:
    if key == "r" and view.delivery is not None:
        return replace(view, prompt=Prompt(Ask.RETRY_ONE, view.delivery, view.delivery)), None
    return view, None


def _on_one_listener(view: View, key: str, shown: Shown) -> tuple[View, Request | None] | None:
    """What is done to the chosen listener; None: it is another key."""
    made: dict[str, Callable[[Row], tuple[View, Request | None]]] = {
        "m": lambda row: (replace(view, prompt=Prompt(Ask.MUTE_FOR, row.id, row.name)), None),
        "d": lambda row: (replace(view, prompt=Prompt(Ask.DISABLE, row.id, row.name)), None),
        "r": lambda row: (replace(view, prompt=Prompt(Ask.RETRY, row.id, row.name)), None),
        "u": lambda row: (view, Unmute(row.id, row.name)),
        "e": lambda row: (view, Enable(row.id, row.name)),
    }
    if key not in made:
        return None
    row = shown.row(view)
    if row is None:
        return view.said("no listener is chosen", Tone.NOTE), None
    return made[key](row)
