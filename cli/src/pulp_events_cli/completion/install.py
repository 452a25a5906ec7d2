"""Where each shell looks for completions, and how it is brought there by one command."""

from __future__ import annotations

import os
from pathlib import Path

from pulp_events.errors import SettingsError
from pulp_events.settings.paths import home
from pulp_events_cli.completion.shell import PROGRAM, SHELLS, script
from pulp_events_cli.errors import CommandFailed, UsageError

BEGIN, END = f"# begin {PROGRAM} completion", f"# end {PROGRAM} completion"
_SYSTEM = (Path("/usr/share/bash-completion/bash_completion"), Path("/etc/profile.d/bash_completion.sh"))


def current_shell() -> str:
    """The user's shell; raises UsageError for one that is none of ours."""
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise UsageError(f"{name or 'your shell'} is not supported; name one of {', '.join(SHELLS)}")
    return name


def install(shell: str) -> list[Path]:
    """Write what this user's shell needs; returns the files that were written or changed. Raises CommandFailed."""
    try:
        return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()
    except SettingsError as error:
        raise CommandFailed(f"{error}; `{PROGRAM} completion {shell}` prints the completion script") from error
    except OSError as error:
        raise CommandFailed(
            f"{error.filename}: {error.strerror}; `{PROGRAM} completion {shell}` prints the completion script"
        ) from error


def _bash() -> list[Path]:
    own = os.environ.get("BASH_COMPLETION_USER_DIR") or f"{_home('XDG_DATA_HOME', '.local/share')}/bash-completion"
    path = _write(Path(own) / "completions" / PROGRAM, script("bash"))
    # bash-completion loads it when it is first needed; without that package, .bashrc does.
    return [path] if any(each.exists() for each in _SYSTEM) and _loads_bash_completion() else [
        path, *_source(home() / ".bashrc", path)
    ]  # fmt: skip


def _loads_bash_completion() -> bool:
    """True if this user's bash will load the package: its line may be missing, as in root's .bashrc on Debian."""
    for path in (home() / ".bashrc", Path("/etc/bash.bashrc"), Path("/etc/bashrc")):
        try:
            lines = path.read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        if any("bash_completion" in line and not line.lstrip().startswith("#") for line in lines):
            return True
    return False


def _zsh() -> list[Path]:
    path = _write(_home("XDG_DATA_HOME", ".local/share") / PROGRAM / "completion.zsh", script("zsh"))
    return [path, *_source(Path(os.environ.get("ZDOTDIR") or home()) / ".zshrc", path)]


def _fish() -> list[Path]:
    return [_write(_home("XDG_CONFIG_HOME", ".config") / "fish" / "completions" / f"{PROGRAM}.fish", script("fish"))]


def _home(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or home() / default)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _source(start_file: Path, path: Path) -> list[Path]:
    """Let a start file read the script; a block that is there already is replaced, so that it is there once."""
    import shlex

    text = start_file.read_text("utf-8") if start_file.exists() else ""
    before, begin, rest = text.partition(BEGIN)
    after = rest.partition(END)[2].removeprefix("\n") if begin else ""
    kept = before if begin or not before or before.endswith("\n") else before + "\n"
    new = f"{kept}{BEGIN}\nsource {shlex.quote(str(path))}\n{END}\n{after}"
    if new == text:
        return []
    start_file.write_text(new, "utf-8")
    return [start_file]
