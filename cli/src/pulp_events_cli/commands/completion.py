"""`pulp-admin completion`: let the shell complete command lines."""

from __future__ import annotations

import argparse

from pulp_events_cli.errors import DONE
from pulp_events_cli.output.records import print_json
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.parser.parser import Parser

_SHELLS = ("bash", "zsh", "fish")


def fill(parser: Parser) -> None:
    """Add the commands."""
    for shell in _SHELLS:
        parser.offer(
            shell, f"print the completion script for {shell}", run=_print, deliver=None, only_reads=True, shell=shell
        )
    parser.offer("install", "set up completion for your shell", _fill_install)


def _fill_install(parser: Parser) -> None:
    parser.add_argument(
        "shell", nargs="?", choices=_SHELLS, metavar="SHELL", help="bash, zsh or fish; default: your shell"
    )
    parser.epilog = "Writes to your home folder only; running it again changes nothing. Completion works in new shells."
    parser.set_defaults(run=_install, deliver=None)


def _print(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events_cli.completion.shell import script

    text = script(arguments.shell)
    if arguments.json:
        print_json({"shell": arguments.shell, "script": text})
    else:
        print(text, end="")
    return DONE


def _install(bus: None, arguments: argparse.Namespace) -> int:
    from pulp_events_cli.completion import install

    shell = arguments.shell or install.current_shell()
    files = [str(path) for path in install.install(shell)]
    if arguments.json:
        print_json({"shell": shell, "files": files})
    else:
        confirm(f"Completion for {shell} is set up: {', '.join(files)}")
        confirm(f"It works in new shells; run `exec {shell}` to restart this one")
    return DONE
