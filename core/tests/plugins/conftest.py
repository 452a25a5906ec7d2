"""Real packages with an entry point each, on a path that is searched."""

import importlib
import sys
import textwrap

import pytest


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make packages with an entry point each, on a path that is searched."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install_one(name, code):
        module = f"planted_{name}"
        info = site / f"{module}-1.2.dist-info"
        info.mkdir()
        (site / f"{module}.py").write_text(textwrap.dedent(code))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: planted-{name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[pulp_events]\n{name} = {module}\n")
        importlib.invalidate_caches()  # another thread may have looked for a module there in this tick of the clock

    yield install_one
    for name in [name for name in sys.modules if name.startswith("planted_")]:
        del sys.modules[name]
