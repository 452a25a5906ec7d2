"""`main`: one run of `pulp-admin`, from the command line to the exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pulp_events_cli import global_options
from pulp_events_cli.errors import DONE, FAILED, USAGE, CommandFailed, UsageError, exit_code
from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.output import log_lines, own_stdout, streams
from pulp_events_cli.output.records import print_json

if TYPE_CHECKING:
    from pulp_events_cli.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own); returns the exit code, see `errors`, and never raises."""
    if argv is not None:
        return _main(argv)
    if "_ARGCOMPLETE" in os.environ:
        from pulp_events_cli.completion.answer import answer

        answer()
    # What is imported and built at the start stays to the end. Looking through it for garbage, then and once more when
    # the interpreter ends, takes a tenth of the time of a short command. `Session.run` turns it on.
    gc.disable()
    code = _main(sys.argv[1:])
    gc.freeze()
    return code


def _main(argv: Sequence[str]) -> int:
    options = GlobalOptions()
    session = None
    streams.prepare()
    try:
        options, words = global_options.extract(argv)
        streams.prepare(options.quiet)
        _refuse_undecodable(words)
        with own_stdout.kept(), log_lines.log_to_stderr(options.verbose):
            from pulp_events_cli.session import Session

            session = Session(options)
            code = _run(session, words)
        streams.flush()
        return code
    except BrokenPipeError:
        streams.abandon_stdout()
        return FAILED
    except KeyboardInterrupt:
        streams.error("interrupted")
        return FAILED
    except SystemExit as end:  # argparse ends so after it printed help, a plugin's command as it likes
        if isinstance(end.code, str):
            streams.error(end.code)
        return _flushed(end.code if end.code in (DONE, FAILED, USAGE) else FAILED)
    except Exception as error:  # noqa: BLE001  # whatever happens: one line, and the traceback only where asked for
        if {"health", "--nagios"} <= {*argv} and exit_code(error) == USAGE:
            # 2 would be CRITICAL to Nagios, which shows standard output.
            from pulp_events_cli.health import nagios

            print(nagios.start("unknown", str(error)))
            return nagios.CODES["unknown"]
        return _report(error, options.verbose, None if session is None else session.carried_out)


def _run(session: Session, words: Sequence[str]) -> int:
    options = session.options
    if options.version:
        from importlib.metadata import version

        ours, core = version("pulp-events-cli"), version("pulp-events")
        if options.json:
            print_json({"pulp_admin": ours, "pulp_events": core, "json": int(global_options.JSON_VERSION)})
        else:
            print(f"pulp-admin {ours} (pulp-events {core})")
        return DONE
    if options.json_schema:
        from importlib.resources import files

        schema = files("pulp_events_cli") / "schemas" / f"output-{global_options.JSON_VERSION}.json"
        print(schema.read_text("utf-8"), end="")
        return DONE
    from pulp_events_cli.parser.root import build

    parser = build(session)
    if options.man_pages is not None:
        from pulp_events_cli.manual.writing import write

        written = write(parser, session, options.man_pages)
        if options.json:
            print_json({"directory": options.man_pages, "files": sorted(path.name for path in written)})
        else:
            streams.confirm(f"{len(written)} manual pages written to {options.man_pages}")
        return DONE
    return session.run(parser.parse_words(words))


def _refuse_undecodable(words: Sequence[str]) -> None:
    for number, word in enumerate(words, 1):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UsageError(f"argument {number} is not valid text in this locale's encoding; use UTF-8") from None


def _flushed(code: int) -> int:
    try:
        streams.flush()
    except OSError:
        streams.abandon_stdout()
        return FAILED
    return code


def _report(error: Exception, verbose: int, carried_out: bool | None) -> int:
    from pulp_events.errors import EventsError
    from pulp_events.system.remedies import remedy

    if verbose > 1:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, UsageError | CommandFailed | EventsError):
        streams.error(str(error))
    elif isinstance(error, OSError):
        if error.filename is None and carried_out is not None:
            # Standard output: an error that looks as if nothing had been done would have the command repeated.
            done = "was carried out" if carried_out else "may have been carried out"
            advice = f"the command {done}, so look at what there is now before you repeat it"
        else:
            advice = remedy(error)
        streams.error(f"{error.filename or 'output'}: {error.strerror or error}; {advice}")
        streams.abandon_stdout()
    else:
        streams.error(
            f"unexpected {type(error).__name__}: {error}; -vv shows where it occurred; please report it with the "
            "command"
        )
    return exit_code(error)
