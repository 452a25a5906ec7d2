"""Settings of Sphinx for the site. No page has anything from another host: fonts, scripts, pictures are its own."""

from __future__ import annotations

import importlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import api_pages  # noqa: E402
import docstrings  # noqa: E402
import options  # noqa: E402

project = "pulp-events"
author = copyright = "the authors of pulp-events, Apache License 2.0"
release = tomllib.loads((HERE.parents[1] / "core/pyproject.toml").read_text("utf-8"))["project"]["version"]
version = ".".join(release.split(".")[:2])
VERSIONS = json.loads((HERE / "versions.json").read_text("utf-8"))

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 6
myst_enable_extensions = ["deflist"]
# Blocks of JSON and the like have an ellipsis where something is left out, which no lexer knows.
suppress_warnings = ["misc.highlighting_failure"]
highlight_language = "text"
# What is in quotation marks is often to be typed.
smartquotes = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "pulp-events"
html_favicon = str(HERE / "static/icon.svg")
html_static_path = [str(HERE / "static")]
templates_path = [str(HERE / "templates")]
html_css_files = ["site.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("versions.js", "search.js")]
html_show_sourcelink = False
html_copy_source = False
html_context = {"versions": VERSIONS, "this_version": version, "default_mode": "auto"}
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["versions", "theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_depth": 4,
    "search_as_you_type": True,
    "search_bar_text": "Search the documents",
    "secondary_sidebar_items": ["page-toc"],
}

INTERNAL = "Not for applications"
"""So begins the docstring of a constructor that nobody is to call, and of an attribute that nobody is to use: its
arguments are not shown, and the attribute not at all."""
PUBLIC = {
    name: f"{module}.{name}"
    for module in reversed(["pulp_events", *api_pages.MODULES])
    for name in getattr(importlib.import_module(module), "__all__", ())
}


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""

    def process(_app: Any, _what: str, name: str, _found: Any, _options: Any, lines: list[str]) -> None:
        others = {word: target for word, target in PUBLIC.items() if target != name}
        lines[:] = docstrings.as_rst(lines, others)

    def without_internal(
        _app: Any, what: str, _name: str, found: Any, _options: Any, signature: str | None, returns: str | None
    ) -> tuple[str | None, str | None]:
        internal = what == "class" and (found.__init__.__doc__ or "").startswith(INTERNAL)
        return ("", "") if internal else (signature, returns)

    def skip_internal(_app: Any, _what: str, _name: str, found: Any, _skip: bool, _options: Any) -> bool | None:
        return True if (getattr(found, "__doc__", None) or "").startswith(INTERNAL) else None

    app.add_domain(options.StandardWithoutOptions, override=True)
    app.connect("autodoc-skip-member", skip_internal)
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", without_internal)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
