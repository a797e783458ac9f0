"""A stub of Google Cloud Storage's XML interface, with generations and their conditions.

https://cloud.google.com/storage/docs/xml-api/overview
https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogifgenerationmatch
"""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import NamedTuple
from xml.sax.saxutils import escape

from support.object_services import BUCKET, ObjectService

_ACCOUNT = {"disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
ENVIRONMENT = {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(_ACCOUNT)}
_PAGE = 1000


class _Stored(NamedTuple):
    content: bytes
    headers: dict[str, str]
    generation: int


class GoogleService(ObjectService):
    """The stub at a port of this machine."""

    scheme = "gs"

    def create_bucket(self) -> None:
        """There is one from the start."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, _Stored] = {}
        self.lock = threading.Lock()
        self.generation = 1_700_000_000_000_000


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    @property
    def key(self) -> str:
        return urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).removeprefix(f"/{BUCKET}").removeprefix("/")

    def do_GET(self) -> None:
        if not self.key:
            return self._list()
        found = self.server.objects.get(self.key)
        if found is None:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        headers = {**found.headers, **_validators(found)}
        if requested := self.headers.get("Range"):
            first, _, last = requested.removeprefix("bytes=").partition("-")
            part = found.content[int(first) : int(last) + 1]
            headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(found.content)}"
            return self._answer(206, part, headers)
        return self._answer(200, found.content, headers)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        wanted = self.headers.get("x-goog-if-generation-match")
        with self.server.lock:
            found = self.server.objects.get(self.key)
            if wanted is not None and int(wanted) != (found.generation if found else 0):
                return self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            self.server.generation += 1
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() in {"content-type", "cache-control"} or name.lower().startswith("x-goog-meta-")
            }
            stored = self.server.objects[self.key] = _Stored(content, kept, self.server.generation)
        return self._answer(200, b"", _validators(stored))

    def do_DELETE(self) -> None:
        with self.server.lock:
            found = self.server.objects.pop(self.key, None)
        self._answer(204 if found else 404, b"")

    def _list(self) -> None:
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        prefix, after = query.get("prefix", ""), query.get("continuation-token") or query.get("start-after") or ""
        keys = sorted(key for key in self.server.objects if key.startswith(prefix) and key > after)
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00Z</LastModified>"
            f"<ETag>{escape(_validators(found)['ETag'])}</ETag><Size>{len(found.content)}</Size></Contents>"
            for key in keys[:_PAGE]
            if (found := self.server.objects.get(key))
        )
        more = f"<NextContinuationToken>{escape(keys[_PAGE - 1])}</NextContinuationToken>" if len(keys) > _PAGE else ""
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        self._answer(200, f'<ListBucketResult xmlns="{namespace}">{contents}{more}</ListBucketResult>'.encode())

    def _answer(self, status: int, content: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def google_stub() -> Iterator[GoogleService]:
    """Runs the stub in a thread."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield GoogleService(server.server_address[1], "stub of Google Cloud Storage")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _validators(stored: _Stored) -> dict[str, str]:
    return {
        "ETag": f'"{md5(stored.content, usedforsecurity=False).hexdigest()}"',
        "x-goog-generation": str(stored.generation),
        "Last-Modified": formatdate(usegmt=True),
    }
