"""The request handlers of the partner API: authentication, rate limits, rights, and the responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple, TypeVar

import orjson
from aiohttp import web

from ..config import Api, Config
from ..http.client_address import TrustedProxies, client_network
from ..http.media_types import JSON, JSON_FEED
from ..http.memory import MemoryTrimmer
from ..http.problem_details import ProblemDetails, ProblemError
from ..http.rate_limits import RateLimiter, TokenBucket
from ..http.response_slots import ResponseSlots, Slot
from ..http.responses import RawResponse, response_head
from ..store import open_store
from ..store.base import Snapshot
from . import partners
from .cursor_key import cursor_key
from .cursors import CursorCodec
from .documents import TaggedDocument
from .entries import EntryPages, ExpiredCursorError
from .entry_query import ForbiddenTopicError, QueryResolver
from .feeds import FeedCatalog
from .openapi import openapi_document
from .parameters import InvalidParametersError, parse_entry_parameters, parse_feed_parameters
from .partner_registry import PartnerRegistry, PartnersUnknownError

_THREADS = 2
_FAILURE_QUOTA = 30  # wrong keys a minute from one address
_REFRESH_S = 1.0  # between two checks of the partners' file
_PUBLIC = "public, max-age=30"
_PRIVATE = "private, no-cache"

Clock = Callable[[], float]
_Result = TypeVar("_Result")


class Access(NamedTuple):
    """The rights of a client, as topic keys (None for all topics), and the rate limit fields of its response.

    `client` is the partner, or the network of the client of a public API.
    """

    client: str
    topics: frozenset[str] | None
    headers: tuple[tuple[str, str], ...] = ()


class PartnerApi:
    """Handles requests for one configuration. The store is read in threads, so that no query blocks the event loop.

    Raises ConfigError when the partners' file is invalid.
    """

    def __init__(self, config: Config, api: Api, clock: Clock) -> None:
        self._is_public = api.public
        self._public_rate = api.rate
        self._proxies = TrustedProxies(config.serve.proxies)
        self._slots = ResponseSlots()
        self._trimmer = MemoryTrimmer()
        self._registry = None if api.public else PartnerRegistry(api.partners, clock)
        self._resolver = QueryResolver(config)
        codec = CursorCodec(cursor_key(config.state))
        self._entries = EntryPages(config, codec)
        self._feeds = FeedCatalog(config, codec)
        self._store = open_store(config.state, max_readers=_THREADS)
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="partner-api")
        self._clock = clock
        self._refreshed_at = clock()
        self._rates = RateLimiter(clock)
        self._failures = RateLimiter(clock)
        self._openapi = orjson.dumps(openapi_document(config, public=api.public))

    async def entries(self, request: web.Request) -> web.StreamResponse:
        """Handle `GET /api/v1/entries`."""
        access = await self._authorize(request)
        pairs = list(request.query.items())
        known_etags = _known_etags(request)
        try:
            parameters = parse_entry_parameters(pairs)

            def page(snapshot: Snapshot) -> TaggedDocument:
                query = self._resolver.resolve(snapshot, parameters, pairs, access.topics)
                return self._entries.page(snapshot, query, known_etags)

            return await self._respond(request, access, page)
        except InvalidParametersError as error:
            raise _invalid_parameters(error, access) from None
        except ForbiddenTopicError:
            problem = ProblemDetails(403, "your key has no right to this topic", access.headers)
            raise ProblemError(problem) from None
        except ExpiredCursorError as error:
            raise ProblemError(ProblemDetails(410, str(error), access.headers)) from None

    async def feeds(self, request: web.Request) -> web.StreamResponse:
        """Handle `GET /api/v1/feeds`."""
        access = await self._authorize(request)
        known_etags = _known_etags(request)
        try:
            cursor = parse_feed_parameters(list(request.query.items())).cursor
            return await self._respond(
                request, access, lambda snapshot: self._feeds.document(snapshot, access.topics, cursor, known_etags)
            )
        except InvalidParametersError as error:
            raise _invalid_parameters(error, access) from None
        except ExpiredCursorError as error:
            raise ProblemError(ProblemDetails(410, str(error), access.headers)) from None

    async def openapi(self, request: web.Request) -> web.StreamResponse:
        """Handle `GET /api/v1/openapi.json`. It needs no key, because it contains no data."""
        fields = [("Content-Type", JSON.content_type), ("Cache-Control", "public, max-age=300")]
        head = response_head(200, fields, len(self._openapi))
        return RawResponse(200, head, b"" if request.method == "HEAD" else self._openapi)

    async def close(self, _: web.Application) -> None:
        """Wait for queries under way, and close the store."""
        self._trimmer.close()
        self._threads.shutdown()
        self._store.close()

    async def _authorize(self, request: web.Request) -> Access:
        """Return the rights of the client. Raises ProblemError: 401, 429 or 503."""
        if self._registry is None:
            return self._public_access(request)
        now = self._clock()
        if now - self._refreshed_at >= _REFRESH_S:
            self._refreshed_at = now
            await self._run(self._registry.refresh)
        header = request.headers.get("Authorization", "")
        try:
            known = self._registry.partners
        except PartnersUnknownError:
            problem = ProblemDetails(503, "the keys of partners cannot be checked now", (("Retry-After", "60"),))
            raise ProblemError(problem) from None
        partner = partners.authenticate(header, known)
        if partner is None:
            raise ProblemError(self._authentication_problem(request, has_credentials=bool(header)))
        is_allowed, bucket = self._rates.take(partner.name, partner.rate)
        if not is_allowed:
            raise ProblemError(_too_many_requests("the key exceeds its rate limit", bucket))
        topics = self._resolver.topic_keys(partner.topics) if partner.topics else None
        return Access(f"partner {partner.name}", topics, tuple(bucket.headers().items()))

    def _public_access(self, request: web.Request) -> Access:
        """Return the rights of everybody, within the rate of one address. Raises ProblemError: 429."""
        client = self._client(request)
        is_allowed, bucket = self._rates.take(client, self._public_rate)
        if not is_allowed:
            raise ProblemError(_too_many_requests("your address exceeds the rate limit", bucket, "address"))
        return Access(client, None, tuple(bucket.headers("address").items()))

    def _client(self, request: web.Request) -> str:
        """Return the network of a client, which is behind a proxy perhaps."""
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return client_network(self._proxies.client(request.remote or "", forwarded))

    def _authentication_problem(self, request: web.Request, *, has_credentials: bool) -> ProblemDetails:
        """Return the problem of a request without a valid key.

        Only wrong keys are limited by address: a valid key always passes, so that nobody can lock out a partner.
        """
        if has_credentials:
            is_allowed, bucket = self._failures.take(self._client(request), _FAILURE_QUOTA)
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

    async def _respond(
        self, request: web.Request, access: Access, query: Callable[[Snapshot], TaggedDocument]
    ) -> web.StreamResponse:
        """Run a query and send its document, within a slot. Raises BusyError, StoreError."""
        transport = request.transport
        async with self._slots.hold(access.client, transport.abort if transport else _do_nothing) as slot:
            document = await self._query(query)
            response = self._response(request, document, access, slot)
            slot.note_progress()
            with suppress(ConnectionError):  # aiohttp, which calls `prepare` again, gets it once more
                await response.prepare(request)
            if document.body is not None:
                self._trimmer.request()
            return response

    def _response(self, request: web.Request, document: TaggedDocument, access: Access, slot: Slot) -> RawResponse:
        fields = [
            *access.headers,
            ("ETag", f'W/"{document.etag}"'),
            ("Cache-Control", _PUBLIC if self._is_public else _PRIVATE),
            *([] if self._is_public else [("Vary", "Authorization")]),
        ]
        body = document.body
        if body is None:
            return RawResponse(304, response_head(304, fields))
        head = response_head(200, [("Content-Type", JSON_FEED.essence), *fields], len(body))
        return RawResponse(200, head, b"" if request.method == "HEAD" else body, slot.note_progress)


def _do_nothing() -> None:
    pass


def _invalid_parameters(error: InvalidParametersError, access: Access) -> ProblemError:
    detail = "; ".join(f"{name}: {message}" for name, message in error.errors)
    return ProblemError(ProblemDetails(400, detail, access.headers, tuple(error.errors)))


def _too_many_requests(detail: str, bucket: TokenBucket, policy: str = "partner") -> ProblemDetails:
    fields = (("Retry-After", str(bucket.retry_after_s())), *bucket.headers(policy).items())
    return ProblemDetails(429, detail, fields)


def _known_etags(request: web.Request) -> frozenset[str]:
    """Return the entity tags of If-None-Match. `*` is ignored, because it is of no use for reading."""
    return frozenset(tag.value for tag in request.if_none_match or ())
