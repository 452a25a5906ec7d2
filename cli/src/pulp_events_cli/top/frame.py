"""The whole screen: a first line, a page, a line on what happens, and the keys."""

from __future__ import annotations

from dataclasses import dataclass

from pulp_events.visible import one_line
from pulp_events_cli.top import listener_page, overview_page, prompts, text_pages
from pulp_events_cli.top.lines import Line, Piece, fit, spread, wrapped
from pulp_events_cli.top.model import DeliveryPage, ListenerPage, Overview
from pulp_events_cli.top.overview_page import Body
from pulp_events_cli.top.state import Page, View
from pulp_events_cli.top.status import Status

SMALLEST = (20, 8)
"""Columns and lines below which there is only a word."""
_MOST_SAID = 3
"""Lines that a message may take."""
_NAVIGATE = (("q", "quit"), ("Esc", "back"), ("?", "help"))
_LISTENER = (("m/u", "mute"), ("r", "retry"), ("d/e", "disable"))
_ANSWER = (("Enter", "go on"), ("Esc", "cancel"))
_KEYS = {
    Page.OVERVIEW: (("q", "quit"), ("Enter", "open"), ("?", "help"), *_LISTENER, ("/", "find"), ("s", "sort")),
    Page.LISTENER: (*_NAVIGATE, *_LISTENER, ("Enter", "open"), ("Tab", "state")),
    Page.DELIVERY: (*_NAVIGATE, ("r", "retry"), ("Up/Down", "scroll")),
    Page.HELP: (("q", "quit"), ("Esc", "back"), ("Up/Down", "scroll")),
}


@dataclass(frozen=True)
class Data:
    """What the store answered last."""

    overview: Overview
    listener: ListenerPage | None = None
    delivery: DeliveryPage | None = None


@dataclass(frozen=True)
class Frame:
    """A screen, and what keys need to know of it."""

    lines: list[Line]
    room: int
    length: int


def frame(data: Data, view: View, status: Status, size: tuple[int, int]) -> Frame:
    """What a screen of (columns, lines) shows."""
    width, height = size
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return Frame([fit([("too small", "bad")], width)], 1, 1)
    body = _body(data, view, status, (width, height - 3))
    said = _said(view, status, width)
    above = body.lines[: len(body.lines) - len(said) + 1]  # what is long takes the lines above, too
    lines = [_first(data, view, status, width), *above, *said, keys_line(view, width)]
    return Frame([fit(line, width) for line in lines], body.room, body.length)


def _said(view: View, status: Status, width: int) -> list[Line]:
    """The question, or what happens, in as many lines as it takes."""
    if view.prompt is not None:  # what went wrong stays above the question
        wrong = wrapped(one_line(status.said(view)[0]), width - 2)[: _MOST_SAID - 1] if status.problem else []
        return [*([(f" {part}", "bad")] for part in wrong), [(" ", ""), *prompts.line(view.prompt, width)]]
    text, tone = status.said(view)
    return [[(f" {part}", tone)] for part in wrapped(one_line(text), width - 2)[:_MOST_SAID]]


def keys_line(view: View, width: int) -> Line:
    """The keys that do something here, as far as there is room."""
    line: list[Piece] = []
    used = 1
    shown = _KEYS[view.page] if view.prompt is None else () if view.prompt.ask.is_choice else _ANSWER
    for key, does in shown:
        if used + len(key) + len(does) + 2 > width:
            break
        line += (
            [(" ", ""), (key, "key"), (f" {does}", "")] if not line else [("  ", ""), (key, "key"), (f" {does}", "")]
        )
        used += len(key) + len(does) + 3
    return line


def _first(data: Data, view: View, status: Status, width: int) -> Line:
    where = {
        Page.OVERVIEW: status.title(),
        Page.LISTENER: "" if data.listener is None else data.listener.row.name,
        Page.DELIVERY: f"delivery {view.delivery}",
        Page.HELP: "keys",
    }[view.page]
    wanted = f"  find: {view.wanted}" if view.page == Page.OVERVIEW and view.wanted.strip() else ""
    return spread([(f" {where}", "title"), (wanted, "note")], [*status.corner(), (" ", "")], width)


def _body(data: Data, view: View, status: Status, size: tuple[int, int]) -> Body:
    if view.page == Page.HELP:
        return text_pages.help_body(view.scroll, size)
    if view.page == Page.OVERVIEW:
        return overview_page.body(data.overview, view, status, size)
    page, delivery = data.listener, data.delivery
    if view.page == Page.LISTENER and page is not None and page.row.id == view.listener:
        return listener_page.body(page, view, status, size)
    if view.page == Page.DELIVERY and delivery is not None and delivery.delivery.id == view.delivery:
        return text_pages.delivery_body(delivery, view.scroll, status, size)
    return Body([[("", "")]] * size[1], size[1])
