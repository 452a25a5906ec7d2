"""Reading an answer's body: a part of it, and as far as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

BODY_LIMIT = 64 * 1024
"""Octets of an answer's body that are read; the connection is closed on a longer one."""


def read_body(response: BaseHTTPResponse) -> bytes:
    """The body, packed as it came, up to BODY_LIMIT and as far as it comes before an error or the time limit.

    The connection is fit for the next request, or closed.
    """
    if response.status < 200:  # the final answer is still to come, and would be taken for the next request's
        response.close()
        return b""
    body = bytearray()
    try:
        # read1 and not read, which would keep for itself what came before the time was over.
        while part := response.read1(BODY_LIMIT + 1 - len(body), decode_content=False):
            body += part
    except (HTTPError, OSError):
        response.close()
    if len(body) > BODY_LIMIT:
        response.close()
    return bytes(body)
