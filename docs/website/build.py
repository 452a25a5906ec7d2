"""Builds the site: build/site/VERSION, and beside it the list of versions and a page that leads to the newest.

    python docs/website/build.py [FOLDER]       FOLDER in place of build/site

A warning of Sphinx, such as a link that leads nowhere, is an error. To publish a version, put its folder beside those
of earlier ones and replace versions.json and index.html.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import conf
from gather import gather
from places import ROOT

HERE = Path(__file__).resolve().parent
REDIRECT = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>pulp-events</title>
<meta http-equiv="refresh" content="0; url={folder}/index.html"></head>
<body><p><a href="{folder}/index.html">The documents of pulp-events</a></p></body></html>
"""


def build(folder: Path) -> int:
    """Returns Sphinx's exit code; exits with a line if versions.json does not list this version."""
    if conf.version not in {each["folder"] for each in conf.VERSIONS["versions"]}:
        raise SystemExit(f'build.py: {HERE / "versions.json"} does not list {conf.version}; add it, and set "newest"')
    sources = folder.parent / f"{folder.name}-sources"
    gather(sources)
    target = folder / conf.version
    shutil.rmtree(target, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "html", "-c", HERE, "-j", "auto", "-W", "--keep-going", "-q", "-E",
         "-d", folder.parent / f"{folder.name}-doctrees", sources, target],
        check=False,
    )  # fmt: skip
    if done.returncode == 0:
        shutil.copyfile(HERE / "versions.json", folder / "versions.json")
        (folder / "index.html").write_text(REDIRECT.format(folder=conf.VERSIONS["newest"]), "utf-8")
    return done.returncode


if __name__ == "__main__":
    place = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build/site"
    code = build(place)
    if code == 0:
        sys.stdout.write(f"the site is in {place / 'index.html'}\n")
    sys.exit(code)
