"""Requests octet by octet, as no library would send them."""

import socket


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def read(connection):
    """All that comes until the other side closes."""
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found.decode("latin-1")


def ask(port, text, host="127.0.0.1"):
    """The whole answer to a request line, or several header lines, with `Host` and `Connection: close`."""
    first, _, rest = text.partition("\r\n")
    more = f"\r\n{rest}" if rest else ""
    with connect(port) as connection:
        connection.sendall(f"{first}\r\nHost: {host}\r\nConnection: close{more}\r\n\r\n".encode("latin-1"))
        return read(connection)


def status(answer):
    return int(answer.split(" ", 2)[1])
