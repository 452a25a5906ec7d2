"""What `make.py` kept of earlier releases, put back as a test needs it."""

import json
import lzma
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from packaging.version import Version

FIXTURES = Path(__file__).with_name("fixtures")
NAMES = sorted((path.name for path in FIXTURES.iterdir()), key=Version)
"""The releases of which something is kept, the first one first."""


def few_are_quick(names):
    """The names as parameters of a test: all but the first and the last are slow."""
    return [*names[:1], *(pytest.param(name, marks=pytest.mark.slow) for name in names[1:-1]), *names[1:][-1:]]


@dataclass(frozen=True)
class Kept:
    """The installation of one release. `port`: of the HTTP server that its listeners are to lead to; five digits, as
    theirs has, so that the one can take the other's place in any file."""

    name: str
    port: int

    @cached_property
    def _said(self):
        return json.loads(self._with_port(lzma.decompress((FIXTURES / self.name / "said.json.xz").read_bytes())))

    def said(self, where):
        """What the release said: `listeners` and `deliveries`, as `--json` has them, and `schema`. `where`: `folder`
        or `postgres`."""
        return self._said[where]

    def unpack(self, folder):
        """Make the data folder."""
        folder.mkdir(mode=0o700)
        with tarfile.open(FIXTURES / self.name / "folder.tar.xz") as archive:
            archive.extractall(folder, filter="fully_trusted")
        for path in folder.iterdir():
            path.write_bytes(self._with_port(path.read_bytes()))

    def statements(self):
        """SQL that makes the database."""
        return self._with_port(lzma.decompress((FIXTURES / self.name / "postgres.sql.xz").read_bytes())).decode()

    def _with_port(self, content):
        [was] = (FIXTURES / self.name / "port").read_bytes().split()
        assert len(was) == len(b"%d" % self.port)
        return content.replace(b"127.0.0.1:" + was, b"127.0.0.1:%d" % self.port)


class Folder:
    """The data folder of an earlier release, unpacked in a folder that exists, and a server.conf for it."""

    def __init__(self, name, parent, endpoints):
        kept = Kept(name, endpoints.http.port)
        self.path = parent / "data"
        kept.unpack(self.path)
        self.said = kept.said("folder")
        self.outbox = self.path / "outbox.sqlite"
        self.config = endpoints.write_settings(parent / "server.conf", self.path)
