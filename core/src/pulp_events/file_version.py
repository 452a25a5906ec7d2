"""Interim."""

from __future__ import annotations

import os
from collections.abc import Hashable


class FileVersions:
    def of(self, path: str, hold: float = 0.5) -> Hashable | None:
        try:
            f = os.stat(path)
            with open(path, "rb") as file:
                return (f.st_ino, f.st_mtime_ns, f.st_size, file.read(65536))
        except FileNotFoundError:
            return None
        except OSError as error:
            return str(error)
