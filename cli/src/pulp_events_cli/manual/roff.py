"""Text as man(7) macros, without what `man --warnings` or `mandoc -T lint` would complain of."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from importlib.metadata import version

from pulp_events.visible import one_line

DATE = "2026-11-24"
"""Of the release: a page that is made twice is the same."""
_LONGEST = 78


def head(title: str, section: int) -> str:
    """The first line of a page."""
    return f'.TH {title.upper()} "{section}" "{DATE}" "pulp\\-events {version("pulp-events-cli")}" "Pulp manual"'


def escape(text: str) -> str:
    """Text that is printed as it is."""
    return plain(text.replace("\\", "\\\\").replace("-", "\\-"))


def plain(text: str) -> str:
    """Text of roff in ASCII, which is the same to it whatever the locale."""
    return "".join(each if each.isascii() else rf"\[u{ord(each):04X}]" for each in text)


def section(title: str) -> list[str]:
    """A heading; that of a section of server.conf stays as it is written there."""
    if title.startswith("["):
        return [f".SH {title}"]
    return [f'.SH "{title.upper()}"' if " " in title else f".SH {title.upper()}"]


def paragraphs(text: str) -> list[str]:
    """A docstring's text: words in `backticks` are bold, what is indented stays as it is, `- ` begins an item."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if block.startswith("    "):
            lines += code(textwrap.dedent(block))
        elif block.lstrip().startswith("- "):
            for item in re.split(r"(?:^|\n)- ", block.strip())[1:]:
                lines += [".IP \\(bu 2", *flowing(item)]
        else:
            lines += [".PP", *flowing(block)]
    return lines


def flowing(text: str) -> list[str]:
    """Words that the page's viewer wraps."""
    joined = one_line(text)
    parts = re.split(r"``?([^`]+)``?", joined)
    marked = "".join(rf"\fB{escape(part)}\fR" if index % 2 else escape(part) for index, part in enumerate(parts))
    return wrapped(marked)


def wrapped(line: str) -> list[str]:
    """A long input line in several, none of which would be taken for a request."""
    found = textwrap.wrap(plain(line), _LONGEST, break_long_words=False, break_on_hyphens=False) or [""]
    return [rf"\&{each}" if each.startswith((".", "'")) else each for each in found]


def code(text: str) -> list[str]:
    """Lines that stay as they are."""
    lines = [escape(line) or r"\&" for line in text.rstrip("\n").split("\n")]
    return [
        ".PP",
        ".RS 4",
        ".nf",
        *(rf"\&{each}" if each.startswith((".", "'")) else each for each in lines),
        ".fi",
        ".RE",
    ]


def term(name: str, text: str) -> list[str]:
    """A word in bold, and below it what it means."""
    return [".TP", rf"\fB{escape(name)}\fR", *(flowing(text) if text.strip() else [r"\&"])]


def page(lines: Iterable[str]) -> str:
    """The text of a page."""
    return "\n".join(_without_idle_paragraphs(list(lines))) + "\n"


def _without_idle_paragraphs(lines: list[str]) -> Iterable[str]:
    # .PP directly below a heading, or above what spaces itself, does nothing, and is complained of.
    for number, line in enumerate(lines):
        before = lines[number - 1] if number else ""
        after = lines[number + 1] if number + 1 < len(lines) else ""
        idle = before.startswith((".SH", ".SS")) or after.startswith((".SH", ".SS", ".TP", ".PP"))
        if line != ".PP" or not idle:
            yield line
