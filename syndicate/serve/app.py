"""The server: an aiohttp application, in which whatever is no document of the tree finds its route.

A request whose path is a document's address goes past the application's router, which costs more than the answer.
What else is to be answered (the partners' API) is attached: a function adds routes before the tree takes the rest.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError

from ..config import Config
from ..errors import SyndicateError
from .documents import Reader
from .metrics import deliveries, exposition
from .tree_handler import TreeHandler

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.serve")

FACE = web.AppKey("FACE", TreeHandler)
CONFIG = web.AppKey("CONFIG", Config)
Attach = Callable[[web.Application, Config], None]
"""Adds routes to the application, which has CONFIG and FACE; `app[FACE].catalog` is what stands in the tree."""

_LOOK_EVERY_S = 0.25
_SURE_AFTER_S = 0.1  # two changes of a file may have the same time when they are as near
_DRAIN_S = 20.0
_IDLE_S = 75.0  # an open connection without a (whole) request
_LINGER_S = 2.0  # for the rest of a body that nobody reads
_BACKLOG = 1024


def make_app(config: Config, attach: Sequence[Attach] = ()) -> web.Application:
    """The application over a configuration; `attach` are called before the tree takes all other paths."""
    app = web.Application()
    app[CONFIG] = config
    app[FACE] = face = TreeHandler(config)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/metrics", _metrics)
    for add in attach:
        add(app, config)

    async def rest(request: web.Request) -> web.StreamResponse:
        return face.other(request)

    app.router.add_route("*", "/{path:(?s:.*)}", rest)
    app.cleanup_ctx.append(_watching)
    return app


async def start(app: web.Application) -> web.AppRunner:
    """The application, set up, with the short way for documents; sites are to be added."""
    logger = logging.getLogger("syndicate.serve.http")
    logger.handlers, logger.propagate = [_Faults()], False
    runner = web.AppRunner(
        app, access_log=None, logger=logger, keepalive_timeout=_IDLE_S, lingering_time=_LINGER_S,
        shutdown_timeout=_DRAIN_S,
    )  # fmt: skip
    await runner.setup()
    server = runner.server
    assert server is not None  # noqa: S101 - it is set up
    face = app[FACE]
    loop = asyncio.get_running_loop()
    make_request, handle = server.request_factory, server.request_handler

    def request_for(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        if message.path in face.by_address:
            return web.BaseRequest(message, payload, protocol, writer, task, loop)
        return make_request(message, payload, protocol, writer, task)

    async def handled(request: web.BaseRequest) -> web.StreamResponse:
        return await (face.document if type(request) is web.BaseRequest else handle)(request)

    server.request_factory, server.request_handler = request_for, handled
    return runner


class _Faults(logging.Handler):
    """What aiohttp tells of faults of ours. A client that speaks no HTTP is answered, and is nobody's trouble."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a fault."""
        fault = record.exc_info[1] if record.exc_info else None
        if record.levelno >= logging.ERROR and not isinstance(fault, HttpProcessingError):
            log.error(record.getMessage(), exc_info=fault)


def serve(config: Config, host: str, port: int, attach: Sequence[Attach] = ()) -> None:
    """Serve until SIGTERM or SIGINT; then the requests under way are finished.

    Raises SyndicateError when the address cannot be listened on.
    """
    asyncio.run(_serve(config, host, port, attach))


async def _serve(config: Config, host: str, port: int, attach: Sequence[Attach]) -> None:
    _raise_limit()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = await start(make_app(config, attach))
    try:
        try:
            await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        except OSError as error:
            raise SyndicateError(f"{host}:{port}: cannot be listened on: {error.strerror}") from None
        log.info("serving", host=host, port=runner.addresses[0][1], site=config.site.url)
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()
    log.info("stopped")


def _raise_limit() -> None:
    """As many connections as the system lets us have: a process is usually given 1,024 to start with."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))


# ---------------------------------------------------------------------------------------------------------- the index


async def _watching(app: web.Application) -> AsyncIterator[None]:
    config, face = app[CONFIG], app[FACE]
    reader = Reader(config)
    await _look(reader, face)
    task = asyncio.create_task(_watch(reader, face, os.path.join(config.state, "index.db")))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _watch(reader: Reader, face: TreeHandler, path: str) -> None:
    """Read the index again when its files changed; most changes are a pusher's, and are none of ours."""
    seen: object = None
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        stamp, newest_s = _stamp(path)
        if stamp != seen:
            await _look(reader, face)
            seen = stamp if time.time() - newest_s > _SURE_AFTER_S else None


async def _look(reader: Reader, face: TreeHandler) -> None:
    try:
        catalog = await asyncio.get_running_loop().run_in_executor(None, reader.read)
    except (OSError, sqlite3.Error) as error:  # what was built last is still what there is
        face.trouble = "there is no index" if isinstance(error, FileNotFoundError) else "the index cannot be read"
        log.warning(face.trouble, says=str(error))
        return
    face.trouble = ""
    if catalog is not None:
        face.show(catalog)
        log.info("catalogue read", documents=len(catalog.documents))


def _stamp(path: str) -> tuple[object, float]:
    """How the index's files stand, and when the newest of them changed."""
    stamps: list[tuple[int, int, int]] = []
    for name in (path, f"{path}-wal"):
        with suppress(OSError):
            status = os.stat(name)
            stamps.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return stamps, max((stamp[2] for stamp in stamps), default=0) / 1e9


# ------------------------------------------------------------------------------------------------------- about itself


async def _health(request: web.Request) -> web.Response:
    """Ready when the index was read, and the newest build is young enough."""
    built_s = request.app[FACE].catalog.built_s
    stale_after_s = request.app[CONFIG].serve.stale_after_h * 3600
    age_s = max(0.0, time.time() - built_s)
    status = request.app[FACE].trouble or ("stale" if 0 < stale_after_s < age_s else "ok")
    told = {"status": status, "build_age_s": round(age_s, 1) if built_s else None}
    return web.json_response(told, status=200 if status == "ok" else 503, headers={"Cache-Control": "no-store"})


async def _metrics(request: web.Request) -> web.Response:
    config, face = request.app[CONFIG], request.app[FACE]
    hubs = await asyncio.get_running_loop().run_in_executor(None, deliveries, config)
    body, media_type = exposition(face.counts, face.catalog, hubs)
    return web.Response(body=body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
