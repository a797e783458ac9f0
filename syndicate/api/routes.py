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
    """Respond to every error with problem details; those of an internal error do not give its reason."""
    try:
        return await handler(request)
    except ProblemError as error:
        return _problem_response(error.problem)
    except (StoreError, NoChangeLogError):
        retry_after = (("Retry-After", str(_RETRY_AFTER_S)),)
        return _problem_response(ProblemDetails(503, "no data is available yet: repeat the request later", retry_after))
    except web.HTTPMethodNotAllowed as error:
        allow = (("Allow", ", ".join(sorted(error.allowed_methods))),)
        return _problem_response(ProblemDetails(405, "only GET and HEAD are supported", allow))
    except web.HTTPException as error:
        return _problem_response(ProblemDetails(error.status, error.reason))
    except Exception as error:  # noqa: BLE001 - nothing above can respond with problem details
        log.error("request failed", path=request.path, error=type(error).__name__)
        return _problem_response(ProblemDetails(500, "internal error"))


def _problem_response(problem: ProblemDetails) -> web.Response:
    response = web.Response(status=problem.status, body=problem.json_body(), content_type=PROBLEM_JSON.essence)
    response.headers["Cache-Control"] = "no-store"
    for name, value in problem.headers:
        response.headers.add(name, value)
    return response
