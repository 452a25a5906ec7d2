"""A database's file as the URI by which SQLite opens it without changing anything."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote_from_bytes


def read_only(path: Path, *, immutable: bool = False) -> str:
    """For `sqlite3.connect(…, uri=True)`; `immutable`: without locks, and without the log beside the file.

    What `Path.as_uri` would make of the path, which imports an HTTP client from Python 3.14 on.
    """
    return f"file://{quote_from_bytes(os.fsencode(path.absolute()))}?mode=ro{'&immutable=1' if immutable else ''}"
