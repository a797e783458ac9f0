"""The server: an aiohttp application for the output tree, its health, its metrics, and routes added by others."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.web_log import AccessLogger

from ..config import Config
from ..errors import SyndicateError
from ..http.client_address import TrustedProxies
from ..store import open_store
from ..store.base import Store
from .access_log import AccessLog, logger_class
from .connections import ConnectionLimit
from .metrics import count_deliveries, render_metrics
from .tree_handler import TreeHandler
from .watcher import CatalogWatcher, record_reading

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.serve")

CONFIG = web.AppKey("CONFIG", Config)
STORE = web.AppKey("STORE", Store)
TREE = web.AppKey("TREE", TreeHandler)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AddRoutes = Callable[[web.Application, Config], None]
"""Adds routes to the application, which has CONFIG, STORE and TREE. They take precedence over the tree."""

_DRAIN_S = 20.0  # for responses under way at shutdown
_IDLE_S = 75.0  # for a connection without a complete request
_LINGER_S = 2.0  # for the rest of a request body that nothing reads
_BACKLOG = 1024
_MAX_HEADERS = 64  # of 8 kB: half a megabyte is the most that an unfinished request can hold
_OWN_PATHS = frozenset({"/healthz", "/metrics"})


def create_app(config: Config, add_routes: Sequence[AddRoutes] = ()) -> web.Application:
    """Return the application for a configuration, with additional routes."""
    app = web.Application(middlewares=[_note_reading])
    app[CONFIG] = config
    app[STORE] = open_store(config.state)
    app[TREE] = tree = TreeHandler(config)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/metrics", _metrics)
    for add in add_routes:
        add(app, config)

    async def handle_other(request: web.Request) -> web.StreamResponse:
        return await tree.handle_other(request)

    app.router.add_route("*", "/{path:(?s:.*)}", handle_other)
    app.cleanup_ctx.append(_watch_catalog)
    return app


async def start(app: web.Application, access_log: AccessLog | None = None) -> web.AppRunner:
    """Set up the application, with the short way for documents (see `tree_handler`). The caller adds sites."""
    logger = logging.getLogger("syndicate.serve.http")
    logger.handlers, logger.propagate = [_ErrorHandler()], False
    proxies = TrustedProxies(app[CONFIG].serve.proxies)
    runner = web.AppRunner(
        app, access_log=None if access_log is None else logger, logger=logger, keepalive_timeout=_IDLE_S,
        access_log_class=AccessLogger if access_log is None else logger_class(access_log, proxies),
        lingering_time=_LINGER_S, shutdown_timeout=_DRAIN_S, max_headers=_MAX_HEADERS,
    )  # fmt: skip
    await runner.setup()
    server = runner.server
    assert server is not None  # noqa: S101 - `setup` created it
    tree = app[TREE]
    loop = asyncio.get_running_loop()
    make_request, handle_routed = server.request_factory, server.request_handler

    def request_factory(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        if message.path in tree.documents_by_request_path:
            return web.BaseRequest(message, payload, protocol, writer, task, loop)
        return make_request(message, payload, protocol, writer, task)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await (tree.handle_document if type(request) is web.BaseRequest else handle_routed)(request)

    server.request_factory, server.request_handler = request_factory, handle
    settings = app[CONFIG].serve
    ConnectionLimit(settings.connections_per_address, proxies).apply(server)
    return runner


class _ErrorHandler(logging.Handler):
    """Logs the internal errors that aiohttp reports. Malformed requests are answered, and not logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log an error with its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno >= logging.ERROR and not isinstance(error, HttpProcessingError):
            log.error(record.getMessage(), exc_info=error)


def serve(
    config: Config, host: str, port: int, add_routes: Sequence[AddRoutes] = (), access_log_format: str | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the responses under way. Responses are logged in a format, if given.

    Raises SyndicateError when the address is not available.
    """
    access_log = None if access_log_format is None else AccessLog(access_log_format)
    try:
        asyncio.run(_serve(config, host, port, add_routes, access_log))
    finally:
        if access_log is not None:
            access_log.close()


async def _serve(
    config: Config, host: str, port: int, add_routes: Sequence[AddRoutes], access_log: AccessLog | None
) -> None:
    _raise_file_limit()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = await start(create_app(config, add_routes), access_log)
    try:
        try:
            await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        except OSError as error:
            raise SyndicateError(f"{host}:{port}: cannot listen: {error.strerror}") from None
        log.info("serving", host=host, port=runner.addresses[0][1], site=config.site.url)
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()
    log.info("stopped")


def _raise_file_limit() -> None:
    """Raise the limit of open files, and thereby of connections: the default is often 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))


async def _watch_catalog(app: web.Application) -> AsyncIterator[None]:
    watcher = CatalogWatcher(app[CONFIG], app[STORE], app[TREE])
    await watcher.refresh()
    tasks = [asyncio.create_task(watcher.run()), asyncio.create_task(record_reading(app[CONFIG], app[TREE]))]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@web.middleware
async def _note_reading(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note that an added route, such as the partner API, gave a client something."""
    response = await handler(request)
    if response.status in {200, 304} and request.path not in _OWN_PATHS:
        request.config_dict[TREE].was_read.set()
    return response


async def _health(request: web.Request) -> web.Response:
    """Respond 200 when the store can be read and the newest build is recent, else 503."""
    tree = request.app[TREE]
    built_s = tree.catalog.built_s
    stale_after_s = request.app[CONFIG].serve.stale_after_h * 3600
    age_s = max(0.0, time.time() - built_s)
    status = tree.unavailable_reason or ("stale" if 0 < stale_after_s < age_s else "ok")
    body = {"status": status, "build_age_s": round(age_s, 1) if built_s else None}
    return web.json_response(body, status=200 if status == "ok" else 503, headers={"Cache-Control": "no-store"})


async def _metrics(request: web.Request) -> web.Response:
    config, store, tree = request.app[CONFIG], request.app[STORE], request.app[TREE]
    hubs = await asyncio.get_running_loop().run_in_executor(None, count_deliveries, config, store)
    body, content_type = render_metrics(tree.counters, tree.catalog, hubs)
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
