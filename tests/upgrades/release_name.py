"""The name under which something of a release is kept: its version."""

import argparse
import re


def release_name(text: str) -> str:
    """The name, for argparse; raises ArgumentTypeError unless it is a version of ours, or a state before one."""
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?(\.dev\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version such as 1.1.0")
    return text
