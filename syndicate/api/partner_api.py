"""The request handlers of the partner API: authentication, rate limits, rights, and the responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import orjson
from aiohttp import web

from ..config import Api, Config
from ..http.media_types import JSON, JSON_FEED
from ..http.problem_details import ProblemDetails, ProblemError
from ..http.rate_limits import RateLimiter, TokenBucket
from ..store import open_store
from ..store.base import Snapshot
from . import partners
from .documents import TaggedDocument
from .entries import EntryPages, ExpiredCursorError
from .entry_query import ForbiddenTopicError, QueryResolver
from .feeds import FeedCatalog
from .openapi import openapi_document
from .parameters import InvalidParametersError, parse_entry_parameters, require_no_parameters
from .partner_registry import PartnerRegistry

_THREADS = 2
_FAILURE_QUOTA = 30  # wrong keys a minute from one address
_REFRESH_S = 1.0  # between two checks of the partners' file
_PUBLIC = "public, max-age=30"
_PRIVATE = "private, no-cache"

Clock = Callable[[], float]
_Result = TypeVar("_Result")


class Access(NamedTuple):
    """The rights of a client, as topic keys (None for all topics), and the rate limit fields of its response."""

    topics: frozenset[str] | None
    headers: tuple[tuple[str, str], ...] = ()


class PartnerApi:
    """Handles requests for one configuration. The store is read in threads, so that no query blocks the event loop.

    Raises ConfigError when the partners' file is invalid.
    """

    def __init__(self, config: Config, api: Api, clock: Clock) -> None:
        self._is_public = api.public
        self._registry = None if api.public else PartnerRegistry(api.partners)
        self._resolver = QueryResolver(config)
        self._entries = EntryPages(config)
        self._feeds = FeedCatalog(config)
        self._store = open_store(config.state, max_readers=_THREADS)
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="partner-api")
        self._clock = clock
        self._refreshed_at = clock()
        self._rates = RateLimiter(clock)
        self._failures = RateLimiter(clock)
        self._openapi = orjson.dumps(openapi_document(config, public=api.public))

    async def entries(self, request: web.Request) -> web.Response:
        """Handle `GET /api/v1/entries`."""
        access = await self._authorize(request)
        pairs = list(request.query.items())
        known_etags = _known_etags(request)
        try:
            query = self._resolver.resolve(parse_entry_parameters(pairs), pairs, access.topics)
            document = await self._query(lambda snapshot: self._entries.page(snapshot, query, known_etags))
        except InvalidParametersError as error:
            raise _invalid_parameters(error, access) from None
        except ForbiddenTopicError:
            problem = ProblemDetails(403, "your key has no right to this topic", access.headers)
            raise ProblemError(problem) from None
        except ExpiredCursorError as error:
            problem = ProblemDetails(410, f"{error}: start again with an empty since", access.headers)
            raise ProblemError(problem) from None
        return self._response(document, access)

    async def feeds(self, request: web.Request) -> web.Response:
        """Handle `GET /api/v1/feeds`."""
        access = await self._authorize(request)
        try:
            require_no_parameters(list(request.query.items()))
        except InvalidParametersError as error:
            raise _invalid_parameters(error, access) from None
        known_etags = _known_etags(request)
        document = await self._query(lambda snapshot: self._feeds.document(snapshot, access.topics, known_etags))
        return self._response(document, access)

    async def openapi(self, _: web.Request) -> web.Response:
        """Handle `GET /api/v1/openapi.json`. It needs no key, because it contains no data."""
        headers = {"Cache-Control": "public, max-age=300"}
        return web.Response(body=self._openapi, content_type=JSON.essence, headers=headers)

    async def close(self, _: web.Application) -> None:
        """Wait for queries under way, and close the store."""
        self._threads.shutdown()
        self._store.close()

    async def _authorize(self, request: web.Request) -> Access:
        """Return the rights of the client. Raises ProblemError: 401 or 429."""
        if self._registry is None:
            return Access(None)
        now = self._clock()
        if now - self._refreshed_at >= _REFRESH_S:
            self._refreshed_at = now
            await self._run(self._registry.refresh)
        header = request.headers.get("Authorization", "")
        partner = partners.authenticate(header, self._registry.partners)
        if partner is None:
            raise ProblemError(self._authentication_problem(request, has_credentials=bool(header)))
        is_allowed, bucket = self._rates.take(partner.name, partner.rate)
        if not is_allowed:
            raise ProblemError(_too_many_requests("the key exceeds its rate limit", bucket))
        topics = self._resolver.topic_keys(partner.topics) if partner.topics else None
        return Access(topics, tuple(bucket.headers().items()))

    def _authentication_problem(self, request: web.Request, *, has_credentials: bool) -> ProblemDetails:
        """Return the problem of a request without a valid key.

        Only wrong keys are limited by address: a valid key always passes, so that nobody can lock out a partner.
        """
        if has_credentials:
            is_allowed, bucket = self._failures.take(request.remote or "", _FAILURE_QUOTA)
            if not is_allowed:
                return _too_many_requests("too many wrong keys", bucket)
        challenges = tuple(("WWW-Authenticate", f'{scheme} realm="partners"') for scheme in ("Bearer", "Basic"))
        return ProblemDetails(401, "a key is required: `Authorization: Bearer KEY`", challenges)

    async def _query(self, query: Callable[[Snapshot], _Result]) -> _Result:
        """Run a query in a thread, within one snapshot of the store. Raises StoreError."""

        def run() -> _Result:
            with self._store.read() as snapshot:
                return query(snapshot)

        return await self._run(run)

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _response(self, document: TaggedDocument, access: Access) -> web.Response:
        status = 304 if document.body is None else 200
        response = web.Response(status=status, body=document.body, headers=dict(access.headers))
        if document.body is not None:
            response.content_type = JSON_FEED.essence
        response.headers["ETag"] = f'W/"{document.etag}"'
        response.headers["Cache-Control"] = _PUBLIC if self._is_public else _PRIVATE
        if not self._is_public:
            response.headers["Vary"] = "Authorization"
        return response


def _invalid_parameters(error: InvalidParametersError, access: Access) -> ProblemError:
    detail = "; ".join(f"{name}: {message}" for name, message in error.errors)
    return ProblemError(ProblemDetails(400, detail, access.headers, tuple(error.errors)))


def _too_many_requests(detail: str, bucket: TokenBucket) -> ProblemDetails:
    return ProblemDetails(429, detail, (("Retry-After", str(bucket.retry_after_s())), *bucket.headers().items()))


def _known_etags(request: web.Request) -> frozenset[str]:
    """Return the entity tags of If-None-Match. `*` is ignored, because it is of no use for reading."""
    return frozenset(tag.value for tag in request.if_none_match or ())
