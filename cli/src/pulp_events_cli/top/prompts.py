"""Questions that are answered with a line of text."""

from __future__ import annotations

from dataclasses import replace

from pulp_events_cli.top import keys
from pulp_events_cli.top.commands import Command, Disable, Mute
from pulp_events_cli.top.lines import Line, cut
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
    if prompt.ask == Ask.RETRY:
        choices = (("d", "ead  "), ("p", "ending now  "), ("b", "oth  "), ("Esc", " cancel"))
        return [(question, "title"), *(piece for key, rest in choices for piece in ((f"{key}", "key"), (rest, "")))]
    if prompt.ask == Ask.RETRY_ONE:
        return [(question, "title"), ("y", "key"), ("es  ", ""), ("Esc", "key"), (" cancel", "")]
    return [(question, "title"), (f"{prompt.text}_", "")]
