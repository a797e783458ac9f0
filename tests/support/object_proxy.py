"""A proxy in front of object storage that answers, loses and interrupts requests as a test says."""

from __future__ import annotations

import hashlib
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from support.object_services import ObjectService

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)


class Request(NamedTuple):
    """A request that the proxy received: its number since the last reset, from 0."""

    number: int
    method: str
    path: str

    @property
    def is_document(self) -> bool:
        """Whether it writes a document, and none of the objects beside them."""
        return self.method == "PUT" and "/.syndicate-" not in self.path


Fault = Callable[[Request], str]
"""Returns what happens to a request: `""` it passes; `slow down` 503; `lose` it is acknowledged and not stored; `cut`
it passes, and the answer is lost."""


class ObjectProxy(ObjectService):
    """A service as its clients see it through the proxy."""

    def __init__(self, behind: ObjectService, port: int) -> None:
        super().__init__(port, behind.name)
        self.behind = behind
        self._lock = threading.Lock()
        self.reset()

    def reset(self, fault: Fault = lambda request: "") -> None:
        """Forgets the requests, and sets what happens to further ones."""
        with self._lock:
            self.fault = fault
            self.requests: list[Request] = []

    def record(self, method: str, path: str) -> Request:
        with self._lock:
            request = Request(len(self.requests), method, path)
            self.requests.append(request)
            return request


@contextmanager
def proxied(service: ObjectService) -> Iterator[ObjectProxy]:
    """Runs a proxy in front of a service."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault = proxy.fault(proxy.record(self.command, self.path))
            if fault == "slow down":
                self._answer(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
                return
            if fault == "lose":
                etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
                self._answer(200, {"ETag": f'"{etag}"'}, b"")
                return
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                response = connection.getresponse()
                content = response.read()
            finally:
                connection.close()
            if fault == "cut":
                self.close_connection = True
                return
            headers = {
                name: value
                for name, value in response.getheaders()
                if name.lower() not in {"connection", "transfer-encoding", "content-length"}
            }
            length = response.getheader("Content-Length") if self.command == "HEAD" else None
            self._answer(response.status, headers, content, length)

        def _answer(self, status: int, headers: dict[str, str], body: bytes, length: str | None = None) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name in the base class
            pass

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - the names in the base class

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # clients are killed

    server = Server(("127.0.0.1", 0), Handler)
    proxy = ObjectProxy(service, server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
