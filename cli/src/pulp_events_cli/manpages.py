"""`python -m pulp_events_cli.manpages DIRECTORY`: the same as `pulp-admin --man-pages DIRECTORY`."""

from __future__ import annotations

import sys

from pulp_events_cli.main import main as pulp_admin


def main() -> int:
    """Write the pages into the directory that is named on the command line."""
    if len(sys.argv) != 2:
        print("usage: python -m pulp_events_cli.manpages DIRECTORY", file=sys.stderr)
        return 2
    return pulp_admin([f"--man-pages={sys.argv[1]}"])


if __name__ == "__main__":
    sys.exit(main())
