"""What each shell is to run so that it completes our command lines: argcomplete knows how."""

from __future__ import annotations

from argcomplete.shell_integration import shellcode

PROGRAM = "pulp-admin"
SHELLS = ("bash", "zsh", "fish")


def script(shell: str) -> str:
    """What a shell is to run so that it completes our command lines."""
    text = str(shellcode([PROGRAM], shell="bash" if shell == "zsh" else shell))
    if shell == "zsh":
        # It may be sourced before compinit was called, and needs what that makes.
        begin = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u; }\n"
        head, _, rest = text.partition("\n")
        return f"{head}\n{begin}{rest}"
    return text
