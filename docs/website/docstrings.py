"""Our docstrings are written like Markdown; Sphinx reads reStructuredText: code spans and indented examples differ."""

from __future__ import annotations

import re
from collections.abc import Mapping

SPAN = re.compile(r"(?<![`:])`(?P<text>[^`\n]+)`(?!`)")


def as_rst(lines: list[str], public: Mapping[str, str]) -> list[str]:
    """A docstring's lines as reStructuredText. `public`: a name that `code` may be → the object that it stands for."""
    found: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        indented = line.startswith("    ") and not line.lstrip().startswith(">>>")
        begins = indented and not inside and number > 0 and not lines[number - 1].strip()
        if begins:
            found += ["::", ""]
        inside = (indented or not line.strip()) and (begins or inside)
        found.append(line if inside else SPAN.sub(lambda span: _span(span["text"], public), line))
    return found


def _span(text: str, public: Mapping[str, str]) -> str:
    if text in public:
        return f":py:obj:`{text} <{public[text]}>`\\ "
    return f"``{text.strip()}``\\ "
