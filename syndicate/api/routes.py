"""The routes of `/api/v1`, and its error responses."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from yarl import URL

from ..config import API_PREFIX, Config
from ..errors import StoreError
from ..http.media_types import PROBLEM_JSON
from ..http.problem_details import ProblemDetails, ProblemError
from ..http.response_slots import BusyError
from ..http.responses import RawResponse, response_head
from .entries import NoChangeLogError
from .partner_api import Clock, PartnerApi

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.api")

_RETRY_AFTER_S = 30

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, config: Config, clock: Clock = time.monotonic) -> None:
    """Add the API to a server, below the site's path, before the server starts. Without `api` it does nothing.

    Raises ConfigError when the partners' file is invalid.
    """
    if config.api is None:
        return
    partner_api = PartnerApi(config, config.api, clock)
    api = web.Application(middlewares=[_respond_with_problems])
    api.router.add_get("/entries", partner_api.entries)
    api.router.add_get("/feeds", partner_api.feeds)
    api.router.add_get("/openapi.json", partner_api.openapi)
    api.on_cleanup.append(partner_api.close)
    app.add_subapp(URL(config.site.url).raw_path.rstrip("/") + API_PREFIX, api)


@web.middleware
async def _respond_with_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Respond to every error with problem details."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - nothing above can respond with problem details
        return _problem_response(request, _problem_of(error, request.path))


def _problem_of(error: Exception, path: str) -> ProblemDetails:
    """Return the problem details of an error; those of an internal error do not give its reason."""
    retry_after = (("Retry-After", str(_RETRY_AFTER_S)),)
    match error:
        case ProblemError(problem=problem):
            return problem
        case BusyError():
            return ProblemDetails(503, "too many responses are under way: repeat the request later", retry_after)
        case StoreError() | NoChangeLogError():
            return ProblemDetails(503, "no data is available yet: repeat the request later", retry_after)
        case web.HTTPMethodNotAllowed(allowed_methods=methods):
            allow = (("Allow", ", ".join(sorted(methods))),)
            return ProblemDetails(405, "only GET and HEAD are supported", allow)
        case web.HTTPException():
            return ProblemDetails(error.status, error.reason)
        case _:
            log.error("request failed", path=path, error=type(error).__name__)
            return ProblemDetails(500, "internal error")


def _problem_response(request: web.Request, problem: ProblemDetails) -> web.StreamResponse:
    body = problem.json_body()
    fields = [("Content-Type", PROBLEM_JSON.essence), ("Cache-Control", "no-store"), *problem.headers]
    head = response_head(problem.status, fields, len(body))
    return RawResponse(problem.status, head, b"" if request.method == "HEAD" else body)
