"""Answers a shell that asks for candidates: argcomplete knows how each of them splits, quotes and shows words."""

from __future__ import annotations

import argparse
import os
from typing import Any, NoReturn

from argcomplete.finders import CompletionFinder

from pulp_events_cli.completion.shell import PROGRAM


class _Finder(CompletionFinder):
    """argcomplete's own way of finding candidates is to parse: ours builds only the parsers that are needed."""

    def _get_completions(
        self, comp_words: list[str], cword_prefix: str, cword_prequote: str, last_wordbreak_pos: int | None
    ) -> list[str]:
        from pulp_events_cli.completion.candidates import candidates

        words = comp_words[1:]
        if "=" in cword_prefix and words and words[-1] == cword_prefix.partition("=")[0]:
            words = words[:-1]  # it was added for argparse's sake
        try:
            found = candidates(words, cword_prefix)
        except Exception:  # noqa: BLE001  # a broken store or plugin is no reason to disturb who is typing
            found = []
        self._display_completions = dict(found)
        return list(self.quote_completions([text for text, _ in found], cword_prequote, last_wordbreak_pos))


def answer() -> NoReturn:
    """Write the candidates where the shell's script reads them, and end the process."""
    finder: Any = _Finder()
    finder(argparse.ArgumentParser(PROGRAM))
    os._exit(0)
