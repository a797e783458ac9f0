"""What becomes of a request for something in the tree."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from aiohttp import web
from multidict import CIMultiDictProxy

from ..config import Config
from ..http import conditional
from ..http.conditional import FAILED, NOT_MODIFIED, OK, UNSATISFIABLE, Validators, Verdict
from ..http.responses import Answer
from ..outputs import open_output
from .documents import NOTHING, PAGE, Catalog, Document, DocumentCache, moves
from .headers import STATUS_LINES, HeaderBuilder, Problem, Told, lines, told_problem
from .metrics import Counts

_CONDITIONS = ("If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "Range", "If-Range")
_METHODS = "GET, HEAD, OPTIONS"
_INDEX = "index.html"
_WHOLE, _KNOWN = Verdict(OK), Verdict(NOT_MODIFIED)


class Clock:
    """The time, and its spelling in a header, made once a second."""

    def __init__(self) -> None:
        self.second = 0
        self.year = 0
        self.line = b""

    def tick(self) -> None:
        """Look at the clock."""
        if (second := int(time.time())) != self.second:
            self.second = second
            self.year = time.gmtime(second).tm_year
            self.line = lines([("Date", formatdate(second, usegmt=True))])


class TreeHandler:
    """The tree, as it is asked for: its documents by the paths of their addresses, and what to say of all others.

    `trouble` is why the index cannot be read, if it cannot; the last catalogue is shown all the same.
    """

    def __init__(self, config: Config) -> None:
        self.prefix = urlsplit(config.site.url).path or "/"
        self.catalog: Catalog = NOTHING
        self.by_address: Mapping[str, Document] = {}
        self.counts = Counts()
        self.trouble = "nothing was built"
        self._moves = moves(config)
        self._scribe = HeaderBuilder(config)
        self._library: DocumentCache[Told] = DocumentCache(open_output(config), self._scribe.told)
        self._clock = Clock()

    def show(self, catalog: Catalog) -> None:
        """Answer by another catalogue from now on."""
        by_address = {f"{self.prefix}{path}": document for path, document in catalog.documents.items()}
        pages = [document for document in catalog.documents.values() if document.kind == PAGE]
        by_address |= {f"{self.prefix}{page.path.removesuffix(_INDEX)}": page for page in pages}
        self._library.forget(catalog.documents)
        self.catalog, self.by_address = catalog, by_address

    async def document(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request whose path is the address of a document."""
        found = self.by_address.get(request.raw_path)
        return self.other(request) if found is None else self._answered(found, request)

    def other(self, request: web.BaseRequest) -> Answer:
        """Answer any other request: with a query, spelt oddly, or for what is not there."""
        self._clock.tick()
        path = request.path
        if (document := self.by_address.get(path)) is not None:
            return self._answered(document, request)
        if request.method == "OPTIONS":
            return self._options()
        return self._problem(request, self._missing(path))

    # ----------------------------------------------------------------------------------------------------- documents

    def _answered(self, document: Document, request: web.BaseRequest) -> Answer:
        self._clock.tick()
        method, headers = request.method, request.headers
        if method not in {"GET", "HEAD"}:
            return self._not_read(request)
        encoding = ""
        if document.encodings and "Accept-Encoding" in headers:
            encoding = conditional.encoding(",".join(headers.getall("Accept-Encoding")), document.encodings)
        told = self._library.ready(document, encoding)
        if told is None:
            return self._problem(request, Problem(404, "The document cannot be read."))
        if told.body.known.modified_s >= self._clock.second:  # its second is not over
            told = told._replace(modified=b"")
        verdict = self._verdict(method, headers, told)
        sent = len(told.body.content) if verdict.status == OK and method == "GET" else 0
        self.counts.add(document.kind, verdict.status, sent)
        return self._judged(request, told, verdict)

    def _verdict(self, method: str, headers: CIMultiDictProxy[str], told: Told) -> Verdict:
        conditions = _conditions(headers)
        etag, modified_s = told.body.known
        if not conditions:
            return _WHOLE
        if conditions == {"if-none-match": etag}:  # what nearly all say
            return _KNOWN
        known = Validators(etag, modified_s if told.modified else None)
        return conditional.decide(method, conditions, known, len(told.body.content), year=self._clock.year)

    def _judged(self, request: web.BaseRequest, told: Told, verdict: Verdict) -> Answer:
        status, part = verdict
        if status == NOT_MODIFIED:
            return Answer(status, b"".join((STATUS_LINES[status], self._clock.line, told.common, told.modified)))
        content = told.body.content
        if status == FAILED:
            return self._problem(request, Problem(status, "The document is not as you expect it."), counted=True)
        if status == UNSATISFIABLE:
            size = (("Content-Range", f"bytes */{len(content)}"),)
            return self._problem(request, Problem(status, "The document has no such bytes.", size), counted=True)
        length = b"Content-Length: %d\r\n" % len(content)
        shown: bytes | memoryview = content
        if part is not None:
            where = f"Content-Range: bytes {part.start}-{part.stop - 1}/{len(content)}\r\n".encode()
            length = b"Content-Length: %d\r\n%b" % (part.stop - part.start, where)
            shown = memoryview(content)[part.start : part.stop]
        head = b"".join((STATUS_LINES[status], self._clock.line, told.common, told.modified, told.content, length))
        return Answer(status, head, b"" if request.method == "HEAD" else shown)

    def _not_read(self, request: web.BaseRequest) -> Answer:
        if request.method == "OPTIONS":
            return self._options()
        return self._problem(request, Problem(405, f"Documents take {_METHODS}.", (("Allow", _METHODS),)))

    # -------------------------------------------------------------------------------------------------- all the rest

    def _missing(self, path: str) -> Problem:
        """Why there is nothing at a path."""
        if not self.catalog.built_s:
            return Problem(503, "Nothing was built yet.", (("Retry-After", "10"),))
        if f"{path}/" in self.by_address:
            return _moved(f"{path}/")
        relative = path.removeprefix(self.prefix)
        if not path.startswith(self.prefix):
            return Problem(404, "There is nothing at this address.")
        folder = "/".join(relative.split("/", 2)[:2])
        if folder in self._moves:
            return _moved(f"{self.prefix}{self._moves[folder]}{relative[len(folder) :] or '/'}")
        if relative in self.catalog.gone or f"{relative.rstrip('/')}/{_INDEX}".lstrip("/") in self.catalog.gone:
            return Problem(410, "This was published once, and is not any more.")
        return Problem(404, "There is nothing at this address.")

    def _options(self) -> Answer:
        """What scripts of other sites may do (the CORS protocol), or what anybody may."""
        self.counts.add("other", 204, 0)
        fields = lines(
            [
                ("Allow", _METHODS),
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since, Range"),
                ("Access-Control-Max-Age", "86400"),
            ]
        )
        return Answer(204, b"".join((STATUS_LINES[204], self._clock.line, fields)))

    def _problem(self, request: web.BaseRequest, problem: Problem, *, counted: bool = False) -> Answer:
        if not counted:
            self.counts.add("other", problem.status, 0)
        as_page = conditional.prefers_html(request.headers.get("Accept", ""))
        head, body = told_problem(problem, as_page=as_page)
        whole = b"".join((STATUS_LINES[problem.status], self._clock.line, head))
        return Answer(problem.status, whole, b"" if request.method == "HEAD" else body)


def _moved(path: str) -> Problem:
    # Two slashes at the start would name another host.
    location = "/" + quote(path.lstrip("/"), safe="/-._~", errors="surrogateescape")
    return Problem(HTTPStatus.MOVED_PERMANENTLY, f"This is at {location} now.", (("Location", location),))


def _conditions(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """The conditions of a request, by their names in small letters."""
    return {name.lower(): ", ".join(headers.getall(name)) for name in _CONDITIONS if name in headers}
