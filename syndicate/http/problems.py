"""What goes wrong, as answers: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from aiohttp import web

MEDIA_TYPE = "application/problem+json"


class Refusal(Exception):  # noqa: N818 - an answer, no fault of ours
    """A request is answered with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Sequence[tuple[str, str]] = (),
        faults: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.faults = faults

    def response(self, more: Mapping[str, str]) -> web.Response:
        """The answer."""
        problem: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            problem["errors"] = [{"parameter": name, "detail": why} for name, why in self.faults]
        response = web.Response(status=self.status, body=orjson.dumps(problem), content_type=MEDIA_TYPE)
        response.headers["Cache-Control"] = "no-store"
        for name, value in (*more.items(), *self.headers):
            response.headers.add(name, value)
        return response
