"""`SendmailChannel`: hands messages to this machine's `sendmail` program, as every Unix mail system has one."""

from __future__ import annotations

import os
import re
import signal
import subprocess

from pulp_events import PermanentFailure, TimedOut, TransientFailure
from pulp_events.fields import format_duration
from pulp_events.visible import one_line
from pulp_events_email import limits
from pulp_events_email.mail_channel import Letter, MailChannel

PERMANENT = {
    os.EX_DATAERR: "the message or address is malformed",
    os.EX_NOUSER: "the recipient is unknown",
    os.EX_NOHOST: "the recipient's host is unknown",
}
"""Exit codes (sysexits.h) that say that no later attempt can succeed; all others are the machine's state of today."""

_TOO_LARGE = re.compile(r"\b(?:too (?:big|large|long)|size exceeds|exceeds\b.*\bsize)\b", re.IGNORECASE)
"""No exit code says so; Postfix ends with 75 and `message file too big`."""


class SendmailChannel(MailChannel):
    """Starts the program for each message. What it takes is in the mail system's queue, which does the rest."""

    def post(self, letter: Letter) -> None:
        """Hand the message over; returns when the program has ended well.

        Raises PermanentFailure for the exit codes in PERMANENT, TimedOut when the time limit is over, and
        TransientFailure for anything else.
        """
        program = self._settings["sendmail_path"]
        # -i: a line with a dot alone does not end the message. `--`: an address is never taken for an option.
        command = [program, "-i", "-f", self._composer.sender, "--", letter.recipient]
        while True:
            code, said = self._run(command, letter.octets.replace(b"\r\n", b"\n"))
            if code == 0:
                self.detail = "0 accepted by sendmail"
                return
            if not (_TOO_LARGE.search(said) and letter.shorten()):
                break
        reason = f"{program} ended with {code}{f': {said}' if said else ''}"
        if code in PERMANENT:
            raise PermanentFailure(f"{reason} ({PERMANENT[code]})")
        raise TransientFailure(reason)

    def _run(self, command: list[str], message: bytes) -> tuple[int, str]:
        limit = self._settings["timeout"]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that what it starts can be ended with it
            )
        except OSError as error:
            raise TransientFailure(f"{command[0]} cannot be started: {error.strerror}; see sendmail_path") from error
        with process:
            try:
                try:
                    output, _ = process.communicate(message, timeout=limit)
                except subprocess.TimeoutExpired:
                    if process.stdin is None or not process.stdin.closed:
                        raise
                    # It has all of the message, and may be waiting for a server's answer (msmtp does): as for SMTP.
                    limit = limits.ANSWER_LIMIT
                    output, _ = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired as error:
                _kill_group(process)
                raise TimedOut(f"{command[0]} did not end within {format_duration(limit)}") from error
            except BaseException:
                _kill_group(process)
                raise
        return process.returncode, one_line(output.decode("utf-8", "replace"))[:500]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
