"""What was agreed on although it breaks something, and where the releases that it is compared with are kept."""

import tomllib
from pathlib import Path

from packaging.version import Version

HERE = Path(__file__).parent


def last(folder, suffix):
    """The file of the last release in a folder of this one."""
    return max((HERE / folder).iterdir(), key=lambda path: Version(path.name.removesuffix(suffix)))


def check(kind, found, remedy):
    """Fail unless what was found is what was agreed on. `kind`: `api` or `contract`."""
    agreed = {each["what"]: each["why"] for each in tomllib.loads((HERE / "agreed.toml").read_text()).get(kind, ())}
    broken, over = sorted(found - agreed.keys()), sorted(agreed.keys() - found)
    unexplained = sorted(what for what, why in agreed.items() if not why)
    assert not broken, _told(f"{remedy} (docs/stability.md); or agree on it in agreed.toml", broken)
    assert not over, _told("agreed on, and not so: take it out of agreed.toml", over)
    assert not unexplained, _told("say why in agreed.toml", unexplained)


def _told(remedy, lines):
    return "\n  ".join([f"{remedy}:", *lines])
