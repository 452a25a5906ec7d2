"""An option of which only one value can hold, so that a second one is a mistake that must not go unnoticed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class Once(argparse.Action):
    """Stores the value, or with `nargs=0` the constant; another one for the same destination is an error."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        value = self.const if self.nargs == 0 else values
        before = getattr(namespace, self.dest, None)
        if before not in (None, value):
            raise argparse.ArgumentError(self, f"{value} contradicts {before}, which was given before; give only one")
        setattr(namespace, self.dest, value)
