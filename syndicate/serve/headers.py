"""The header lines of answers, as bytes: made once for a document, since making them costs more than all else."""

import gzip
import re
from collections.abc import Iterable
from email.utils import formatdate
from html import escape, unescape
from http import HTTPStatus
from typing import NamedTuple

import orjson

from ..config import Config
from .documents import ARCHIVE, FEED, PAGE, Body, Document

_OPEN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Link, Last-Modified"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Feeds are for everybody's scripts, and are what they say they are."""

_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"\r\n]*)">')
_POLICY_IN = 4096  # bytes from a page's start
_FRAMES = "base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors 'none'"
_CLOSED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

Fields = Iterable[tuple[str, str]]


class Told(NamedTuple):
    """What goes with a document. `common` are the header lines of any answer about it; those of its second of change
    and of its content stand apart.
    """

    body: Body
    common: bytes
    modified: bytes
    content: bytes


class HeaderBuilder:
    """Writes the header lines of documents for one configuration."""

    def __init__(self, config: Config) -> None:
        self._site = config.site
        self._ages = config.serve.max_age_s, config.serve.archive_max_age_s

    def told(self, document: Document, body: Body) -> Told:
        """A document's header lines."""
        fields = [
            ("ETag", body.known.etag),
            ("Cache-Control", f"public, max-age={self._ages[document.settled]}"),
            ("Vary", "Accept-Encoding"),
            *_OPEN,
        ]
        if document.kind in {FEED, ARCHIVE}:
            fields.append(("Link", self.links(document)))
        content = [("Content-Type", document.media_type), ("Accept-Ranges", "bytes")]
        if body.encoding:
            content.append(("Content-Encoding", body.encoding))
        if document.kind == PAGE:
            content.append(("Content-Security-Policy", _policy(_plain(body)) or _FRAMES))
        modified = formatdate(body.known.modified_s, usegmt=True)
        return Told(body, lines(fields), lines([("Last-Modified", modified)]), lines(content))

    def links(self, document: Document) -> str:
        """The hubs that are told of a feed, and its own address. They are told of its newest entries alone."""
        hubs = self._site.hubs if document.kind == FEED else ()
        links = [f'<{hub}>; rel="hub"' for hub in hubs]
        return ", ".join([*links, f'<{self._site.url}{document.path}>; rel="self"'])


def _plain(body: Body) -> bytes:
    """A document's bytes, without their encoding."""
    if body.encoding == "gzip":
        return gzip.decompress(body.content)
    if body.encoding == "br":
        import brotli

        return bytes(brotli.decompress(body.content))
    return body.content


def _policy(content: bytes) -> str:
    """The policy that a page states of itself, with what only a header may say."""
    found = _POLICY.search(content, 0, _POLICY_IN)
    return f"{unescape(found[1].decode('ascii', 'replace'))}; frame-ancestors 'none'" if found else ""


def lines(fields: Fields) -> bytes:
    """Header lines."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1")


def status_line(status: int) -> bytes:
    """The first line of an answer."""
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


STATUS_LINES = {status.value: status_line(status.value) for status in HTTPStatus}


class Problem(NamedTuple):
    """An answer that is no document: what is wrong, for a person and for a program (RFC 9457)."""

    status: int
    detail: str
    fields: tuple[tuple[str, str], ...] = ()


def told_problem(problem: Problem, *, as_page: bool) -> tuple[bytes, bytes]:
    """Header lines and body of a problem."""
    phrase = HTTPStatus(problem.status).phrase
    if as_page:
        body = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{phrase}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;"
            "margin:15vh auto;padding:0 1rem;color-scheme:light dark}</style>"
            f"<h1>{phrase}</h1><p>{escape(problem.detail)}</p></html>\n"
        ).encode()
        kind = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", _CLOSED)]
    else:
        body = orjson.dumps(
            {"type": "about:blank", "title": phrase, "status": problem.status, "detail": problem.detail}
        )
        kind = [("Content-Type", "application/problem+json")]
    # What is not there may be there tomorrow: a 404 without a word on it may be kept (RFC 9110 §15.1).
    kept = [("Content-Length", str(len(body))), ("Cache-Control", "no-cache"), ("Vary", "Accept")]
    fields = [*kind, *kept, *_OPEN, *problem.fields]
    return lines(fields), body
