"""Pictures of the email notifier's readable messages, taken by a headless Chromium.

    python docs/pictures.py            writes docs/pictures/email-*.png, and what terminal_pictures.py writes

`.ci/install-mta` installs the browser on Debian and Ubuntu. The slow tests take the same pictures and look at them.
"""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image

from pulp_events.events.report import serialise
from pulp_events_email import sample
from pulp_events_email.digest import Digest, Line
from pulp_events_email.digest_body import digest_html
from pulp_events_email.readable_html import html_body
from pulp_events_email.report import Report, read
from pulp_events_email.summary import summarise

FOLDER = Path(__file__).parent / "pictures"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LONG_NAME = "rhel-9-for-x86_64-baseos-eus-rpms-production"
NARROWEST = 500
"""Pixels: no window of a full Chromium is narrower."""

FRAME = """\
<!DOCTYPE html>
<html style="color-scheme:{scheme}"><head><title></title></head>
<body style="margin:0"><iframe style="border:0;display:block;color-scheme:{scheme};width:{width}px;height:{height}px" \
srcdoc="{message}"></iframe></body></html>"""
"""A message's screen: an element of any size, as widths in styles are those of the frame, not of the window."""

MEASURE = (
    "<script>parent.document.title = [document.documentElement.scrollWidth, document.documentElement.scrollHeight, "
    "getComputedStyle(document.body).backgroundColor].join(';')</script>"
)


@dataclass(frozen=True)
class Picture:
    """A message and the screen that it is seen on."""

    name: str
    html: str
    width: int = 680
    dark: bool = False


def single(event_type: str, payload: dict[str, object]) -> str:
    """The message of one event."""
    event = sample.sample_event(event_type, payload)
    report = read(serialise(event, 262144))
    return html_body(summarise(event.event_type, event.time, event.source, report), report.text)


def digest() -> str:
    """That of a window."""
    lines = []
    for minute, (repository, event_type, payload) in enumerate(
        (
            ("rhel-9-baseos", "repo.sync.start", sample.STARTED),
            ("rhel-9-baseos", "repo.sync.finish", sample.SUCCEEDED),
            ("epel-9", "repo.sync.start", sample.STARTED),
            ("rhel-9-baseos", "repo.publish.finish", sample.PUBLISHED),
            ("epel-9", "repo.sync.finish", sample.FAILED),
            ("ansible", "repo.publish.finish", sample.NOT_PUBLISHED),
            ("ansible", "repo.sync.start", sample.STARTED),
        )
    ):
        event = sample.sample_event(event_type, {**payload, "repo_id": repository})
        report = Report("", event.payload, event.call_report)
        time = event.time.replace(minute=1 + 2 * minute, second=7 * minute)
        lines.append(Line(time, summarise(event_type, time, event.source, report)))
    return digest_html(Digest(tuple(lines), 900.0, "5081a42ce19a00ea4300000e"))


PICTURES = (
    Picture("sync-started", single("repo.sync.start", sample.STARTED)),
    Picture("sync-succeeded", single("repo.sync.finish", sample.SUCCEEDED)),
    Picture("sync-failed", single("repo.sync.finish", sample.FAILED)),
    Picture("publish-started", single("repo.publish.start", sample.STARTED)),
    Picture("publish-succeeded", single("repo.publish.finish", sample.PUBLISHED)),
    Picture("publish-failed", single("repo.publish.finish", sample.NOT_PUBLISHED)),
    Picture("dark", single("repo.sync.finish", sample.FAILED), dark=True),
    Picture("narrow", single("repo.sync.finish", {**sample.SUCCEEDED, "repo_id": LONG_NAME}), width=320),
    Picture("digest", digest()),
    Picture("digest-dark", digest(), dark=True),
    Picture("digest-narrow", digest(), width=320),
)


def browser() -> str | None:
    """The browser to take them with; None if there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def measure(picture: Picture, height: int = 600) -> tuple[int, int, str]:
    """Width and height that the message takes on its screen, in pixels, and the colour behind it."""
    html = picture.html.replace("</body>", f"{MEASURE}</body>")
    found = re.search(r"<title>(\d+);(\d+);([^<]*)</title>", _run(picture, html, height, "--dump-dom").decode())
    assert found is not None, "the browser ran no script"
    return int(found[1]), int(found[2]), found[3]


def take(picture: Picture, folder: Path) -> Path:
    """Take the picture, as high as the message is."""
    path = folder / f"email-{picture.name}.png"
    height = measure(picture)[1]
    _run(picture, picture.html, height, f"--screenshot={path}")
    with Image.open(path) as taken:
        cropped = taken.convert("RGB").crop((0, 0, picture.width, height))
    cropped.save(path, optimize=True)
    return path


def _run(picture: Picture, html: str, height: int, *options: str) -> bytes:
    program = browser()
    if program is None:
        sys.exit(f"no browser: install one of {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "message.html"
        scheme = "dark" if picture.dark else "light"
        frame = FRAME.format(scheme=scheme, width=picture.width, height=height, message=escape(html))
        page.write_text(frame, "ascii")
        # a full Chromium takes a part of the window's height for itself
        window = max(picture.width, NARROWEST), height + 200
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--blink-settings=preferredColorScheme={0 if picture.dark else 1}",
            f"--user-data-dir={folder}/user", f"--window-size={window[0]},{window[1]}", *options, page.as_uri(),
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for picture in PICTURES:
        sys.stdout.write(f"taken {take(picture, FOLDER).relative_to(FOLDER.parent.parent)}\n")
    runpy.run_path(str(Path(__file__).with_name("terminal_pictures.py")), run_name="__main__")
