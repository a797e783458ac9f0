"""`/api/v1` on a server: who asks, may they, what is answered."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import orjson
import structlog
from aiohttp import web
from yarl import URL

from ..config import Api, Config
from ..errors import ConfigError
from ..formats.jsonfeed import FORMAT
from ..http.problems import Refusal
from ..http.rate_limits import Bucket, Limits
from . import partners
from .answers import PREFIX, Answer, Answers, ForbiddenError, StartAnewError
from .description import describe
from .models import InvalidError, entries_question, no_question
from .partners import Partner
from .reader import NotReadyError, Reader

_FAILURES = 30  # wrong keys in a minute, from one address
_LOOK_S = 1.0  # so often, at most, is the file of partners looked at
_RETRY_S = 30
_PUBLIC = "public, max-age=30"
_PRIVATE = "private, no-cache"

Clock = Callable[[], float]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(NamedTuple):
    """What somebody may see (the keys of topics; None for all), and what they are told of their rate."""

    topics: frozenset[str] | None
    headers: dict[str, str]


class Registry:
    """The partners, read again when their file changes. A file with faults changes nothing, and is told of."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = self._status()
        self.partners = partners.load(path)

    def refresh(self) -> None:
        """Look at the file."""
        status = self._status()
        if status == self._seen:
            return
        self._seen = status
        try:
            self.partners = partners.load(self._path)
        except ConfigError as error:
            for problem in error.problems:
                structlog.get_logger().warning("partners not read", problem=str(problem))

    def _status(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


class PartnerApi:
    """Answers requests for one configuration."""

    def __init__(self, config: Config, api: Api, clock: Clock) -> None:
        self._public = api.public
        self._registry = None if api.public else Registry(api.partners)
        self._answers = Answers(config)
        self._reader = Reader(config.state)
        self._clock = clock
        self._looked = clock()
        self._rates = Limits(clock)
        self._failures = Limits(clock)
        self._description = orjson.dumps(describe(config, public=api.public))

    async def entries(self, request: web.Request) -> web.Response:
        """`GET /api/v1/entries`."""
        access = await self._admit(request)
        given = list(request.query.items())
        try:
            question = self._answers.question(entries_question(given), given, access.topics)
            held = _held(request)
            answer = await self._reader.ask(lambda sql: self._answers.entries(sql, question, held))
        except InvalidError as error:
            raise _invalid(error, access) from None
        except ForbiddenError:
            raise Refusal(403, "your key is not good for this topic", [*access.headers.items()]) from None
        except StartAnewError as error:
            raise Refusal(410, f"{error}: start anew with an empty since", [*access.headers.items()]) from None
        return self._response(answer, access)

    async def feeds(self, request: web.Request) -> web.Response:
        """`GET /api/v1/feeds`."""
        access = await self._admit(request)
        try:
            no_question(list(request.query.items()))
        except InvalidError as error:
            raise _invalid(error, access) from None
        held = _held(request)
        answer = await self._reader.ask(lambda sql: self._answers.feeds(sql, access.topics, held))
        return self._response(answer, access)

    async def description(self, _: web.Request) -> web.Response:
        """`GET /api/v1/openapi.json`: for everybody, since it tells nothing of what is inside."""
        headers = {"Cache-Control": "public, max-age=300"}
        return web.Response(body=self._description, content_type="application/json", headers=headers)

    async def close(self, _: web.Application) -> None:
        """Close the database."""
        self._reader.close()

    # --------------------------------------------------------------------------------------------------------- parts

    async def _admit(self, request: web.Request) -> Access:
        """Who asks, if they may. Raises Refusal."""
        if self._registry is None:
            return Access(None, {})
        now = self._clock()
        if now - self._looked >= _LOOK_S:
            self._looked = now
            await self._reader.do(self._registry.refresh)
        header = request.headers.get("Authorization", "")
        partner = partners.find(header, self._registry.partners)
        if partner is None:
            raise self._stranger(request, has_tried=bool(header))
        allowed, bucket = self._rates.take(partner.name, partner.rate)
        if not allowed:
            raise _too_many("this key has asked too often", bucket, bucket.headers())
        return self._access(partner, bucket)

    def _access(self, partner: Partner, bucket: Bucket) -> Access:
        return Access(self._answers.keys(partner.topics) if partner.topics else None, bucket.headers())

    def _stranger(self, request: web.Request, *, has_tried: bool) -> Refusal:
        """What somebody without a good key is told. A good key passes always: nobody can lock out a partner."""
        if has_tried:
            allowed, bucket = self._failures.take(request.remote or "", _FAILURES)
            if not allowed:
                return _too_many("too many wrong keys", bucket, bucket.headers())
        asked = [("WWW-Authenticate", f'{scheme} realm="partners"') for scheme in ("Bearer", "Basic")]
        return Refusal(401, "a key is needed: `Authorization: Bearer KEY`", asked)

    def _response(self, answer: Answer, access: Access) -> web.Response:
        status = 304 if answer.body is None else 200
        response = web.Response(status=status, body=answer.body, headers=access.headers)
        if answer.body is not None:
            response.content_type = FORMAT.media_type
        response.headers["ETag"] = f'W/"{answer.etag}"'
        response.headers["Cache-Control"] = _PUBLIC if self._public else _PRIVATE
        if not self._public:
            response.headers["Vary"] = "Authorization"
        return response


def attach(app: web.Application, config: Config, clock: Clock = time.monotonic) -> None:
    """Put the interface into a server, below the site's path, before it starts. Does nothing for a site without `api`.

    Raises ConfigError when the partners cannot be read.
    """
    if config.api is None:
        return
    desk = PartnerApi(config, config.api, clock)
    api = web.Application(middlewares=[_problems])
    api.router.add_get("/entries", desk.entries)
    api.router.add_get("/feeds", desk.feeds)
    api.router.add_get("/openapi.json", desk.description)
    api.on_cleanup.append(desk.close)
    app.add_subapp(URL(config.site.url).raw_path.rstrip("/") + PREFIX, api)


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal is a problem document; what is our fault says nothing of why."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response({})
    except NotReadyError:
        return Refusal(503, "nothing to read now: ask again", [("Retry-After", str(_RETRY_S))]).response({})
    except web.HTTPMethodNotAllowed as error:
        return Refusal(405, "only GET and HEAD", [("Allow", ", ".join(sorted(error.allowed_methods)))]).response({})
    except web.HTTPException as error:
        return Refusal(error.status, error.reason).response({})
    except Exception as error:  # noqa: BLE001 - the last one who can answer
        structlog.get_logger().error("request failed", path=request.path, error=type(error).__name__)
        return Refusal(500, "a fault of ours").response({})


def _invalid(error: InvalidError, access: Access) -> Refusal:
    said = "; ".join(f"{name}: {why}" for name, why in error.faults)
    return Refusal(400, said, [*access.headers.items()], error.faults)


def _too_many(detail: str, bucket: Bucket, headers: dict[str, str]) -> Refusal:
    return Refusal(429, detail, [("Retry-After", str(bucket.wait_s())), *headers.items()])


def _held(request: web.Request) -> frozenset[str]:
    """The marks in If-None-Match. `*` is of no use to whoever reads."""
    return frozenset(tag.value for tag in request.if_none_match or ())
