"""How far a long command is: on standard error, only on a terminal, and gone when it is done."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from pulp_events_cli.output.streams import is_quiet
from pulp_events_cli.output.terminal import console, is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress as Bar
    from rich.progress import ProgressColumn, Task
    from rich.text import Text


class Progress:
    """A bar with count, rate and remaining time.

    `what`: what is counted. `total`: asked for only where the bar is shown; without one there is no remaining time.
    """

    def __init__(self, what: str, total: Callable[[], int] | None = None) -> None:
        self._what = what
        self._total = total
        self._bar: Bar | None = None

    def show(self, done: int, total: int | None = None) -> None:
        """Say that `done` are done, of `total` if that is known only now."""
        if self._bar is None:
            return
        task = self._bar.tasks[0]
        self._bar.update(task.id, completed=done, total=task.total if total is None else total)

    def __enter__(self) -> Progress:
        if not is_quiet() and is_terminal(sys.stderr):
            self._bar = _bar()
            self._bar.add_task(self._what, total=self._total() if self._total is not None else None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar() -> Bar:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),  # not the whole width: a ^C that the terminal shows behind it must not begin a line
        MofNCompleteColumn(),
        _rate_column(),
        TimeRemainingColumn(),
        console=console(sys.stderr),
        transient=True,
        refresh_per_second=5,
    )


def _rate_column() -> ProgressColumn:
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many a second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f}/s")

    return Rate()
