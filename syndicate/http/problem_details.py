"""Problem details for HTTP responses: `application/problem+json` (RFC 9457), or a small page for browsers."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import NamedTuple

import orjson

Fields = tuple[tuple[str, str], ...]


class ProblemDetails(NamedTuple):
    """An error response. `headers` are header fields that belong to it, `errors` are (parameter, detail) pairs."""

    status: int
    detail: str
    headers: Fields = ()
    errors: Fields = ()

    @property
    def title(self) -> str:
        """The reason phrase of the status."""
        return HTTPStatus(self.status).phrase

    def json_body(self) -> bytes:
        """Return the `application/problem+json` document. Its type is `about:blank`: the status defines the problem."""
        members: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            members["errors"] = [{"parameter": name, "detail": detail} for name, detail in self.errors]
        return orjson.dumps(members)

    def html_body(self) -> bytes:
        """Return the page that a browser shows."""
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{self.title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;"
            "margin:15vh auto;padding:0 1rem;color-scheme:light dark}</style>"
            f"<h1>{self.title}</h1><p>{escape(self.detail)}</p></html>\n"
        ).encode()


class ProblemError(Exception):
    """Ends the handling of a request with an error response."""

    def __init__(self, problem: ProblemDetails) -> None:
        super().__init__(problem.detail)
        self.problem = problem
