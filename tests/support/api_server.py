"""A server of the partner API alone, and a client that follows its changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.editable_sites import EditableSite
from yarl import URL

from syndicate import config
from syndicate.api.routes import add_routes

Client = TestClient[web.Request, web.Application]
PREFIX = "/api/v1"


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def served(editable_site: EditableSite, clock: Clock | None = None) -> AsyncIterator[Client]:
    """Serve the API of a site on a free port."""
    app = web.Application()
    add_routes(app, config.load(str(editable_site.configure())), *([clock] if clock else []))
    server = TestServer(app)
    await server.start_server(max_line_size=2**16)
    async with TestClient(server) as client:
        yield client


def local(url: str) -> URL:
    """Return a URL of the site as a path of the test server."""
    return URL(url).relative()


async def get(client: Client, path: str, status: int = 200, **headers: str) -> dict[str, Any]:
    """Request a document, and check its status and media type."""
    async with client.get(URL(f"{PREFIX}{path}", encoded=True), headers=headers) as response:
        document: dict[str, Any] = await response.json(content_type=None)
        assert response.status == status, document
        assert response.content_type == ("application/feed+json" if status == 200 else "application/problem+json")
        return document


async def pages(client: Client, path: str, **headers: str) -> list[dict[str, Any]]:
    """Request a document and all its next pages."""
    found = [await get(client, path, **headers)]
    while next_url := found[-1].get("next_url"):
        found.append(await get(client, str(local(next_url)).removeprefix(PREFIX), **headers))
        assert len(found) < 1000
    return found


def titles(*documents: dict[str, Any]) -> list[str]:
    return [item["title"] for document in documents for item in document["items"]]


class Follower:
    """A partner that keeps the entries of one query by id, and its cursor."""

    def __init__(self, client: Client, query: str = "", limit: int = 1, **headers: str) -> None:
        self.client = client
        self.query = f"&{query}" if query else ""
        self.limit = limit
        self.headers = headers
        self.since = ""
        self.entries: dict[str, dict[str, Any]] = {}
        self.received_ids: list[str] = []

    async def follow(self) -> None:
        """Request changes until there are no more."""
        self.received_ids = []
        path = f"/entries?since={self.since}&limit={self.limit}{self.query}"
        for page in await pages(self.client, path, **self.headers):
            for one in page["_syndicate"].get("deleted", ()):
                self.received_ids.append(one["id"])
                self.entries.pop(one["id"], None)
            for item in page["items"]:
                self.received_ids.append(item["id"])
                self.entries[item["id"]] = item
            self.since = page["_syndicate"]["since"]
