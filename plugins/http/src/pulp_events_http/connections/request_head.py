"""The beginning of a request, checked as a whole: nothing in it may end a line, and so begin another."""

from __future__ import annotations

import re
from collections.abc import Sequence

# RFC 9112 §3, RFC 9110 §5.5 without the obsolete octets beyond ASCII.
_HEAD = re.compile(r"[A-Z]+ [!-~]+ HTTP/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[!-~](?:[\t -~]*[!-~])?)?\r\n)+\r\n")


def request_head(method: str, target: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """Request line and fields, in this order; `Host` is to be the first (RFC 9110 §7.2).

    Raises ValueError for what cannot be sent, without its text: it may be a secret.

    >>> request_head("POST", "/hook", [("Host", "ci.example"), ("Content-Length", "0")])
    b'POST /hook HTTP/1.1\\r\\nHost: ci.example\\r\\nContent-Length: 0\\r\\n\\r\\n'
    """
    text = f"{method} {target} HTTP/1.1\r\n" + "".join([f"{name}: {value}\r\n" for name, value in headers]) + "\r\n"
    if text.count("\n") != len(headers) + 2 or not _HEAD.fullmatch(text):
        wrong = [name for name, value in headers if not _HEAD.fullmatch(f"A / HTTP/1.1\r\n{name}: {value}\r\n\r\n")]
        raise ValueError(f"what the request begins with cannot be sent: {', '.join(map(repr, wrong)) or 'its target'}")
    return text.encode("ascii")
