"""The server of the preview: documents as `syndicate serve` sends them, pages with a script, and events for it."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from importlib.resources import files
from socket import socket

from aiohttp import web

from ..config import Config
from ..http.negotiation import prefers_html
from ..serve.catalog import FEED, LIST, PAGE
from ..serve.headers import PAGE_POLICY
from ..serve.tree_handler import TreeHandler
from ..serve.watcher import CatalogWatcher
from ..store import open_store
from ..store.base import Store
from .injection import EVENTS_PATH, SCRIPT_PATH, inject
from .notice import POLICY, render_notice
from .page_state import PageState

_LISTED = frozenset({FEED, LIST, PAGE})
_UNCACHED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_HEARTBEAT_S = 15.0  # without one, a connection that has broken stays open
_RETRY = b"retry: 500\n\n"


class PreviewServer:
    """Serves the documents of the last build that succeeded."""

    def __init__(self) -> None:
        self.state = PageState(version=secrets.token_hex(4))  # pages of an earlier preview load again
        self._session, self._builds = self.state.version, 0
        self._nonce = secrets.token_urlsafe(12)
        self._script = files(__package__).joinpath("client.js").read_bytes()
        self._output = ""
        self._store: Store | None = None
        self._tree: TreeHandler | None = None
        self._watcher: CatalogWatcher | None = None
        self._config: Config | None = None
        self._announced = asyncio.Condition()
        self._is_closing = False

    async def start(self, listener: socket) -> web.AppRunner:
        """Serve on a socket. The caller cleans the returned runner up, after `close`."""
        app = web.Application()
        app.router.add_get(SCRIPT_PATH, self._send_script)
        app.router.add_get(EVENTS_PATH, self._send_events)
        app.router.add_route("*", "/{path:(?s:.*)}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        return runner

    async def show_documents(self, config: Config, *, have_changed: bool) -> None:
        """Show the documents that a build with this configuration of a preview has made."""
        if config != self._config:
            self._close_store()
            self._config, self._output = config, config.output
            self._store, self._tree = open_store(config.state), TreeHandler(config)
            self._watcher = CatalogWatcher(config, self._store, self._tree)
        assert self._watcher is not None  # noqa: S101 - made with the configuration
        await self._watcher.refresh()
        if have_changed:
            self._builds += 1
        self.state = self.state._replace(version=f"{self._session}-{self._builds}")

    async def announce(self, state: PageState) -> None:
        """Send the state to the open pages."""
        self.state = state
        async with self._announced:
            self._announced.notify_all()

    async def close(self) -> None:
        """End the events."""
        self._is_closing = True
        async with self._announced:
            self._announced.notify_all()
        self._close_store()

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()

    # -------------------------------------------------------------------------------------------------- responses

    async def _send_script(self, _: web.Request) -> web.Response:
        return web.Response(body=self._script, content_type="text/javascript", charset="utf-8", headers=_UNCACHED)

    async def _send_events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **_UNCACHED})
        await response.prepare(request)
        sent: PageState | None = None
        with suppress(ConnectionError):
            await response.write(_RETRY)
            while not self._is_closing:
                if self.state != sent:
                    sent = self.state
                    await response.write(sent.event())
                    continue
                try:
                    async with asyncio.timeout(_HEARTBEAT_S), self._announced:
                        if self.state == sent and not self._is_closing:
                            await self._announced.wait()
                except TimeoutError:
                    await response.write(b":\n\n")
        return response

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        tree = self._tree
        is_read = request.method in {"GET", "HEAD"}
        wants_page = is_read and prefers_html(request.headers.get("Accept", ""))
        if tree is None:
            title = "The feeds could not be built" if self.state.fault else "The feeds are being built"
            return self._page(render_notice(title, ()), 503, POLICY)
        document = tree.documents_by_request_path.get(request.path)
        if is_read and document is not None and document.kind == PAGE:
            with suppress(OSError):
                return self._page(self._read(document.path), 200, PAGE_POLICY)
        response = await tree.handle_other(request)
        if response.status < 400 or not wants_page:
            return response
        paths = [path for path, each in sorted(tree.catalog.documents.items()) if each.kind in _LISTED]
        is_root = request.path == "/"
        title = "Documents of this site" if is_root else f"There is no document at {request.path}"
        return self._page(render_notice(title, paths), 200 if is_root else response.status, POLICY)

    def _read(self, path: str) -> bytes:
        with open(os.path.join(self._output, path), "rb") as file:
            return file.read()

    def _page(self, content: bytes, status: int, default_policy: str) -> web.Response:
        page = inject(content, self.state.version, self._nonce, default_policy)
        response = web.Response(
            body=page.content, status=status, content_type="text/html", charset="utf-8", headers=_UNCACHED
        )
        for policy in page.policies:
            response.headers.add("Content-Security-Policy", policy)
        return response
