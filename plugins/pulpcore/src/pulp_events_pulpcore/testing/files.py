"""`FileServer`: what Pulp synchronizes from: files and their PULP_MANIFEST over HTTP on loopback."""

import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer:
    """Serves `files` (name → content, may change meanwhile) and the manifest that lists them.

    `before(path)`: called in the request's thread before it is answered, and may wait; what it returns, if anything,
    is the HTTP status of an answer without content.
    """

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = {f"{number}.iso": b"%d\n" % number for number in (1, 2, 3)} if files is None else files
        self.before: Callable[[str], int | None] = lambda path: None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """The manifest's."""
        return f"http://127.0.0.1:{self._server.server_port}/PULP_MANIFEST"

    @property
    def missing_url(self) -> str:
        """One that is answered with 404."""
        return f"http://127.0.0.1:{self._server.server_port}/none/PULP_MANIFEST"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        status = self.before(request.path)
        name = request.path.lstrip("/")
        if name == "PULP_MANIFEST":
            lines = (f"{each},{hashlib.sha256(data).hexdigest()},{len(data)}\n" for each, data in self.files.items())
            content: bytes | None = "".join(lines).encode()
        else:
            content = self.files.get(name)
        status = status or (404 if content is None else 200)
        content = content if status == 200 and content is not None else b""
        try:
            request.send_response(status)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            request.wfile.write(content)
        except OSError:  # a client that was killed
            pass

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
