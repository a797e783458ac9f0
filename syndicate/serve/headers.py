"""The header lines of responses as bytes, built once per document: building them costs more than all else."""

import re
from email.utils import formatdate
from html import unescape
from typing import NamedTuple

from ..config import Config
from ..http.media_types import HTML, PROBLEM_JSON
from ..http.problem_details import ProblemDetails
from ..http.responses import encode_headers
from ..outputs.cache_tags import tag_headers
from .catalog import ARCHIVE, FEED, PAGE, Document
from .document_cache import Representation

EXPOSED_HEADERS = "ETag, Link, Last-Modified"
PAGE_POLICY = "base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of a page that states none."""

# Scripts of all origins may read documents, and browsers must not guess other media types.
_COMMON = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
    ("X-Content-Type-Options", "nosniff"),
)
_PROBLEM_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STATED_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"\r\n]*)">')
_POLICY_WITHIN_BYTES = 4096  # of a page's start


class PreparedDocument(NamedTuple):
    """A representation with its header lines.

    `common_headers` belong to every response, `modified_header` to those that may have `Last-Modified`, and
    `content_headers` to those with a body.
    """

    representation: Representation
    common_headers: bytes
    modified_header: bytes
    content_headers: bytes


class HeaderBuilder:
    """Builds the header lines of documents for one configuration."""

    def __init__(self, config: Config) -> None:
        self._site = config.site
        self._has_tags = bool(config.cdns)
        self._max_ages_s = config.serve.max_age_s, config.serve.archive_max_age_s

    def prepare(self, document: Document, representation: Representation, content: bytes) -> PreparedDocument:
        """Return a representation of a document with its header lines. `content` has no content coding."""
        common = [
            ("ETag", representation.etag),
            ("Cache-Control", f"public, max-age={self._max_ages_s[document.is_final]}"),
            ("Vary", "Accept-Encoding"),
            *_COMMON,
        ]
        if document.kind in {FEED, ARCHIVE}:
            common.append(("Link", self.link(document)))
        if self._has_tags:
            common += tag_headers(document.path)
        fields = [("Content-Type", document.content_type), ("Accept-Ranges", "bytes")]
        if representation.encoding:
            fields.append(("Content-Encoding", representation.encoding))
        if document.kind == PAGE:
            fields.append(("Content-Security-Policy", _page_policy(content)))
        modified = formatdate(representation.modified_s, usegmt=True)
        return PreparedDocument(
            representation,
            encode_headers(common),
            encode_headers([("Last-Modified", modified)]),
            encode_headers(fields),
        )

    def link(self, document: Document) -> str:
        """Return the `Link` field of a feed document: its hubs and its own URL (WebSub §4).

        Archives have no hubs, because hubs are notified of the newest entries only.
        """
        hubs = self._site.hubs if document.kind == FEED else ()
        links = [f'<{hub}>; rel="hub"' for hub in hubs]
        return ", ".join([*links, f'<{self._site.address(document.path)}>; rel="self"'])


def encode_problem(problem: ProblemDetails, *, as_html: bool) -> tuple[bytes, bytes]:
    """Return the header lines and the body of an error response."""
    if as_html:
        body = problem.html_body()
        content = [("Content-Type", HTML.content_type), ("Content-Security-Policy", _PROBLEM_POLICY)]
    else:
        body = problem.json_body()
        content = [("Content-Type", PROBLEM_JSON.content_type)]
    # `no-cache`: caches may store a 404 without Cache-Control (RFC 9110 §15.1), and the document may exist tomorrow.
    cache = [("Content-Length", str(len(body))), ("Cache-Control", "no-cache"), ("Vary", "Accept")]
    return encode_headers([*content, *cache, *_COMMON, *problem.headers]), body


def _page_policy(content: bytes) -> str:
    """Return the policy that a page states in a `meta` element, with `frame-ancestors`, which only a header may set."""
    match = _STATED_POLICY.search(content, 0, _POLICY_WITHIN_BYTES)
    return f"{unescape(match[1].decode('ascii', 'replace'))}; frame-ancestors 'none'" if match else PAGE_POLICY
