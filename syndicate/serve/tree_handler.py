"""Responses to requests for the output tree.

Theory of operation
-------------------
The store knows every document of the newest build. `CatalogWatcher` reads them into a `Catalog` whenever a build has
committed, and `TreeHandler.replace_catalog` maps the request paths of all documents to them. A request then takes
one of two ways:

1. The path of the request line is that of a document. `app.start` replaces aiohttp's request factory, so that such a
   request becomes a plain `BaseRequest` and bypasses the router and its match info, which cost more than the response.
   `handle_document` answers it.
2. Everything else passes through the router: `/healthz`, `/metrics`, routes that were added to the application, and
   last a route for all paths, `handle_other`. It decodes the path and looks it up again, because a query
   or an unusual spelling (`%61ll`) prevented the first way. What remains is 301, 404, 405, 410 or 503.

For a document, `_respond` chooses a content coding (`negotiation`), gets the representation with its header lines from
the `DocumentCache`, evaluates the conditions of the request (`conditional.evaluate`), and joins header lines to a
`RawResponse`. Two cases skip the evaluation, because most requests are such: no conditions at all, and a single
`If-None-Match` with the present tag.

Nothing on this path reads the disk once a document is cached, and nothing allocates except the lines that differ
between requests: the status line, `Date` (encoded once a second), and `Content-Length`.

A representation and its validators change together (`document_cache`), so a response is right at any moment of a
build. `Last-Modified` is left out while its second is not over (RFC 9110 §8.8.2.2).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from aiohttp import web
from multidict import CIMultiDictProxy

from ..config import Config
from ..http import conditional, negotiation
from ..http.conditional import (
    NOT_MODIFIED,
    OK,
    PRECONDITION_FAILED,
    RANGE_NOT_SATISFIABLE,
    ConditionalResult,
    Validators,
)
from ..http.problem_details import ProblemDetails
from ..http.responses import STATUS_LINES, RawResponse, encode_headers
from ..model import encode_path
from ..outputs import open_output
from ..outputs.slug_style import with_slug_style
from .catalog import EMPTY_CATALOG, PAGE, Catalog, Document
from .document_cache import DocumentCache
from .headers import HeaderBuilder, PreparedDocument, encode_problem
from .metrics import ResponseCounters
from .redirects import moved_folders

_CONDITION_FIELDS = ("If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "Range", "If-Range")
_METHODS = "GET, HEAD, OPTIONS"
_INDEX = "index.html"
_WHOLE, _UNCHANGED = ConditionalResult(OK), ConditionalResult(NOT_MODIFIED)


class DateHeader:
    """The current second, and its `Date` header line, encoded once a second."""

    def __init__(self) -> None:
        self.second = 0
        self.year = 0
        self.line = b""

    def update(self) -> None:
        """Read the clock."""
        if (second := int(time.time())) != self.second:
            self.second = second
            self.year = time.gmtime(second).tm_year
            self.line = encode_headers([("Date", formatdate(second, usegmt=True))])


class TreeHandler:
    """Handles requests for the output tree.

    `unavailable_reason` is the reason why the store cannot be read, and empty when it can be read. The last catalogue
    is served in either case. `was_read` is set once a client has been given a document.
    """

    def __init__(self, config: Config) -> None:
        self.prefix = urlsplit(config.site.url).path or "/"
        self.catalog: Catalog = EMPTY_CATALOG
        self.documents_by_request_path: Mapping[str, Document] = {}
        self.counters = ResponseCounters()
        self.unavailable_reason = "nothing was built"
        self.was_read = asyncio.Event()
        self._config, self._output = config, open_output(config)
        self._moved_folders: Mapping[str, str] = {}
        self._cache: DocumentCache[PreparedDocument] = DocumentCache(self._output, HeaderBuilder(config).prepare)
        self._date = DateHeader()

    def moved_folders(self) -> Mapping[str, str]:
        """Return the folders of feeds that moved; reads the output."""
        return moved_folders(with_slug_style(self._config, self._output))

    def replace_catalog(self, catalog: Catalog, moved: Mapping[str, str]) -> None:
        """Serve the documents of another catalogue, and redirects of folders that moved, from now on."""
        by_path = {f"{self.prefix}{path}": document for path, document in catalog.documents.items()}
        pages = [document for document in catalog.documents.values() if document.kind == PAGE]
        by_path |= {f"{self.prefix}{page.path.removesuffix(_INDEX)}": page for page in pages}
        # Requests are found by the path as it was sent, and by the decoded path if that fails.
        by_path |= {encode_path(path): document for path, document in by_path.items() if not path.isascii()}
        self._moved_folders = moved
        self._cache.retain(catalog.documents)
        self.catalog, self.documents_by_request_path = catalog, by_path

    async def handle_document(self, request: web.BaseRequest) -> web.StreamResponse:
        """Respond to a request whose undecoded path is that of a document."""
        document = self.documents_by_request_path.get(request.raw_path)
        return await self.handle_other(request) if document is None else await self._respond(document, request)

    async def handle_other(self, request: web.BaseRequest) -> RawResponse:
        """Respond to any other request: one with a query, in an unusual spelling, or for no document."""
        self._date.update()
        path = request.path
        if (document := self.documents_by_request_path.get(path)) is not None:
            return await self._respond(document, request)
        if request.method == "OPTIONS":
            return self._options_response()
        return self._problem_response(request, self._missing_document(path))

    # ----------------------------------------------------------------------------------------------------- documents

    async def _respond(self, document: Document, request: web.BaseRequest) -> RawResponse:
        self._date.update()
        method, headers = request.method, request.headers
        if method not in {"GET", "HEAD"}:
            return self._other_method_response(request)
        encoding = ""
        if "Accept-Encoding" in headers:
            encoding = negotiation.choose_encoding(",".join(headers.getall("Accept-Encoding")))
        prepared = self._cache.cached(document, encoding)
        if prepared is None:
            prepared = await self._cache.load(document, encoding)
            self._date.update()
        if prepared is None:
            return self._problem_response(request, ProblemDetails(404, "The document cannot be read."))
        if prepared.representation.modified_s >= self._date.second:  # that second is not over
            prepared = prepared._replace(modified_header=b"")
        result = self._evaluate(method, headers, prepared)
        body_bytes = len(prepared.representation.content) if result.status == OK and method == "GET" else 0
        self.counters.add(document.kind, result.status, body_bytes)
        self.was_read.set()
        return self._document_response(request, prepared, result)

    def _evaluate(self, method: str, headers: CIMultiDictProxy[str], prepared: PreparedDocument) -> ConditionalResult:
        conditions = _conditions(headers)
        if not conditions:
            return _WHOLE
        content, _, etag, modified_s = prepared.representation
        if conditions == {"if-none-match": etag}:  # the condition of most feed readers
            return _UNCHANGED
        validators = Validators(etag, modified_s if prepared.modified_header else None)
        return conditional.evaluate(method, conditions, validators, len(content), year=self._date.year)

    def _document_response(
        self, request: web.BaseRequest, prepared: PreparedDocument, result: ConditionalResult
    ) -> RawResponse:
        status, byte_range = result
        representation, common_headers, modified_header, content_headers = prepared
        if status == NOT_MODIFIED:
            head = b"".join((STATUS_LINES[status], self._date.line, common_headers, modified_header))
            return RawResponse(status, head)
        content = representation.content
        if status == PRECONDITION_FAILED:
            problem = ProblemDetails(status, "The document does not meet the condition of the request.")
            return self._problem_response(request, problem, is_counted=True)
        if status == RANGE_NOT_SATISFIABLE:
            fields = (("Content-Range", f"bytes */{len(content)}"),)
            problem = ProblemDetails(status, "The range lies beyond the end of the document.", fields)
            return self._problem_response(request, problem, is_counted=True)
        length = b"Content-Length: %d\r\n" % len(content)
        body: bytes | memoryview = content
        if byte_range is not None:
            start, stop = byte_range
            content_range = f"Content-Range: bytes {start}-{stop - 1}/{len(content)}\r\n".encode()
            length = b"Content-Length: %d\r\n%b" % (stop - start, content_range)
            body = memoryview(content)[start:stop]
        head = b"".join(
            (STATUS_LINES[status], self._date.line, common_headers, modified_header, content_headers, length)
        )
        return RawResponse(status, head, b"" if request.method == "HEAD" else body)

    def _other_method_response(self, request: web.BaseRequest) -> RawResponse:
        if request.method == "OPTIONS":
            return self._options_response()
        problem = ProblemDetails(405, f"Documents support {_METHODS}.", (("Allow", _METHODS),))
        return self._problem_response(request, problem)

    # ------------------------------------------------------------------------------------------------ other responses

    def _missing_document(self, path: str) -> ProblemDetails:
        """Return why there is no document at a path: not built yet, moved, removed, or never published."""
        if not self.catalog.built_s:
            return ProblemDetails(503, "Nothing was built yet.", (("Retry-After", "10"),))
        if f"{path}/" in self.documents_by_request_path:
            return _redirect(f"{path}/")
        relative = path.removeprefix(self.prefix)
        if not path.startswith(self.prefix):
            return ProblemDetails(404, "There is no document at this URL.")
        folder = "/".join(relative.split("/", 2)[:2])
        if folder in self._moved_folders:
            return _redirect(f"{self.prefix}{self._moved_folders[folder]}{relative[len(folder) :] or '/'}")
        removed = self.catalog.removed_paths
        if relative in removed or f"{relative.rstrip('/')}/{_INDEX}".lstrip("/") in removed:
            return ProblemDetails(410, "The document was removed.")
        return ProblemDetails(404, "There is no document at this URL.")

    def _options_response(self) -> RawResponse:
        """Respond to OPTIONS, which includes the preflight requests of CORS."""
        self.counters.add("other", 204, 0)
        fields = encode_headers(
            [
                ("Allow", _METHODS),
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since, Range"),
                ("Access-Control-Max-Age", "86400"),
            ]
        )
        return RawResponse(204, b"".join((STATUS_LINES[204], self._date.line, fields)))

    def _problem_response(
        self, request: web.BaseRequest, problem: ProblemDetails, *, is_counted: bool = False
    ) -> RawResponse:
        if not is_counted:
            self.counters.add("other", problem.status, 0)
        as_html = negotiation.prefers_html(request.headers.get("Accept", ""))
        fields, body = encode_problem(problem, as_html=as_html)
        head = b"".join((STATUS_LINES[problem.status], self._date.line, fields))
        return RawResponse(problem.status, head, b"" if request.method == "HEAD" else body)


def _redirect(path: str) -> ProblemDetails:
    # A path that begins with two slashes would name another host.
    location = "/" + quote(path.lstrip("/"), safe="/-._~", errors="surrogateescape")
    return ProblemDetails(
        HTTPStatus.MOVED_PERMANENTLY, f"The document has moved to {location}.", (("Location", location),)
    )


def _conditions(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return the conditions of a request by their lower-case names."""
    return {name.lower(): ", ".join(headers.getall(name)) for name in _CONDITION_FIELDS if name in headers}
