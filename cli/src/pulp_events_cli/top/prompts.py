"""Questions that are answered with a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pulp_events_cli.top import keys
from pulp_events_cli.top.commands import Command, Disable, Mute
from pulp_events_cli.top.lines import Line, Piece, cut
from pulp_events_cli.top.state import Ask, Prompt, View

MUTED_FOR = "30m"
"""For how long, if nothing is typed."""
LONGEST = 200
"""Characters that can be typed."""


def answer(view: View, prompt: Prompt, key: str) -> tuple[View, Command | None]:
    """The view after a key of an answer, and the command that the answer is."""
    if key == keys.ESCAPE:
        wanted = prompt.given if prompt.ask == Ask.FILTER else view.wanted
        return replace(view, prompt=None, wanted=wanted), None
    if key == keys.ENTER:
        return _entered(view, prompt)
    if key == keys.ERASE:
        text = prompt.text[:-1]
    elif key == keys.ERASE_ALL:
        text = ""
    elif len(key) == 1 and len(prompt.text) < LONGEST:
        text = prompt.text + key
    else:
        return view, None
    # The list follows what is typed.
    wanted = text if prompt.ask == Ask.FILTER else view.wanted
    return replace(view, prompt=replace(prompt, text=text, problem=""), wanted=wanted), None


def _entered(view: View, prompt: Prompt) -> tuple[View, Command | None]:
    text, done = prompt.text.strip(), replace(view, prompt=None)
    if prompt.ask == Ask.MUTE_FOR:
        from pulp_events.fields import parse_duration

        given = text or MUTED_FOR
        try:
            valid = parse_duration(given) > 0
        except ValueError:
            valid = False
        if not valid:
            problem = f"{given!r:.20} is not a duration; write 30m, 2h or 1d"
            return replace(view, prompt=replace(prompt, problem=problem)), None
        return replace(view, prompt=Prompt(Ask.MUTE_REASON, prompt.target, prompt.name, given=given)), None
    if prompt.ask == Ask.MUTE_REASON:
        from pulp_events.fields import parse_duration

        return done, Mute(prompt.target, prompt.name, parse_duration(prompt.given), text or None)
    if prompt.ask == Ask.DISABLE:
        return done, Disable(prompt.target, prompt.name, text or None)
    return done, None


def line(prompt: Prompt, width: int) -> Line:
    """The question as it is shown; a long name gives way to it."""
    if prompt.problem:
        return [(prompt.problem, "bad"), ("  ", ""), (f"{prompt.text}_", "")]
    name = cut(prompt.name, max(6, width // 3))
    question = {
        Ask.MUTE_FOR: f"Mute {name} for how long? [{MUTED_FOR}] ",
        Ask.MUTE_REASON: f"Mute {name} for {prompt.given}. Reason? [none] ",
        Ask.DISABLE: f"Disable {name}; Esc cancels. Reason? [none] ",
        Ask.FILTER: "Show listeners with: ",
        Ask.RETRY: f"Retry {name}: ",
        Ask.RETRY_ONE: f"Retry {name}? ",
    }[prompt.ask]
    if prompt.ask.is_choice:
        return _choices(question, (("y", "es"),) if prompt.ask == Ask.RETRY_ONE else _STATES, width)
    return [(question, "title"), (f"{prompt.text}_", "")]


_STATES = (("d", "ead"), ("p", "ending"), ("b", "oth"))


def _choices(question: str, choices: Sequence[tuple[str, str]], width: int) -> Line:
    """The keys in brackets, as not every terminal shows bold letters; they stay where there is little room."""
    whole: Line = [piece for key, rest in choices for piece in ((f"[{key}]", "key"), (f"{rest} ", ""))]
    short: Line = [piece for key, _ in choices for piece in ((f"[{key}]", "key"), (" ", ""))]
    end: Piece = ("Esc", "key")
    lines: list[Line] = [
        [(question, "title"), *whole, end, (" cancel", "")],
        [(question, "title"), *whole, end],
        [("Retry ", "title"), *whole, end],
        [*whole, end],
        [*short, end],
    ]
    return next((line for line in lines if sum(len(text) for text, _ in line) < width), lines[-1])
