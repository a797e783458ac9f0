"""The state records, once, that a client was given a document: from then on `site.id` must not change by itself."""

from __future__ import annotations

import pytest
from support.editable_sites import EditableSite
from support.running import RunningServer, running, served_at, until_recorded

from syndicate import config
from syndicate.api.routes import add_routes
from syndicate.errors import SiteIdError
from syndicate.store import open_store


@pytest.fixture
def public_site(site: EditableSite) -> EditableSite:
    site.settings["api"] = {"public": True}
    site.build()
    return site


async def _get_pages_that_are_no_documents(server: RunningServer) -> None:
    for path in ("/healthz", "/metrics", "/news/none", "/", "/news/api/v1/none"):
        await server.request(path)


@pytest.mark.parametrize("path", ["/news/all/feed.rss", "/news/%61ll/feed.rss?x", "/news/api/v1/entries"])
async def test_first_document_or_answer_is_recorded(path: str, public_site: EditableSite) -> None:
    async with running(public_site, [add_routes]) as server:
        await _get_pages_that_are_no_documents(server)
        assert served_at(public_site) is None
        assert (await server.request(path)).status == 200
        await until_recorded(public_site)
    public_site.settings["site"]["id"] = "new.example,2026"
    with pytest.raises(SiteIdError, match="documents were served"):
        public_site.build()


async def test_reading_is_recorded_although_a_build_has_the_store(public_site: EditableSite) -> None:
    store = open_store(config.load(str(public_site.configure())).state)
    async with running(public_site) as server:
        with store.write():
            assert (await server.request("/news/all/feed.rss")).status == 200
            assert served_at(public_site) is None
        await until_recorded(public_site)
    store.close()
