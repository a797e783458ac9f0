"""A server with nothing but the partner interface, and a partner who walks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.editable_sites import EditableSite
from yarl import URL

from syndicate import config
from syndicate.api.routes import attach

Client = TestClient[web.Request, web.Application]
PREFIX = "/api/v1"


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def served(editable_site: EditableSite, clock: Clock | None = None) -> AsyncIterator[Client]:
    """The interface of a site, on a port of its own."""
    app = web.Application()
    attach(app, config.load(str(editable_site.configure())), *([clock] if clock else []))
    server = TestServer(app)
    await server.start_server(max_line_size=2**16)
    async with TestClient(server) as client:
        yield client


def local(url: str) -> URL:
    """The address of the next page, at the test's server."""
    return URL(url).relative()


async def get(client: Client, path: str, status: int = 200, **headers: str) -> dict[str, Any]:
    """One document."""
    async with client.get(URL(f"{PREFIX}{path}", encoded=True), headers=headers) as response:
        document: dict[str, Any] = await response.json(content_type=None)
        assert response.status == status, document
        assert response.content_type == ("application/feed+json" if status == 200 else "application/problem+json")
        return document


async def pages(client: Client, path: str, **headers: str) -> list[dict[str, Any]]:
    """A document, and those that it leads to."""
    found = [await get(client, path, **headers)]
    while more := found[-1].get("next_url"):
        found.append(await get(client, str(local(more)).removeprefix(PREFIX), **headers))
        assert len(found) < 1000
    return found


def titles(*documents: dict[str, Any]) -> list[str]:
    return [item["title"] for document in documents for item in document["items"]]


class Follower:
    """A partner that keeps the entries of one question by id, and a cursor."""

    def __init__(self, client: Client, question: str = "", limit: int = 1, **headers: str) -> None:
        self.client = client
        self.question = f"&{question}" if question else ""
        self.limit = limit
        self.headers = headers
        self.since = ""
        self.held: dict[str, dict[str, Any]] = {}
        self.told: list[str] = []

    async def follow(self) -> None:
        """Ask what changed until nothing more is said."""
        self.told = []
        path = f"/entries?since={self.since}&limit={self.limit}{self.question}"
        for page in await pages(self.client, path, **self.headers):
            for one in page["_syndicate"].get("deleted", ()):
                self.told.append(one["id"])
                self.held.pop(one["id"], None)
            for item in page["items"]:
                self.told.append(item["id"])
                self.held[item["id"]] = item
            self.since = page["_syndicate"]["since"]
