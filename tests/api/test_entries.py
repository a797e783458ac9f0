"""`/entries` and `/feeds`: the selected entries, newest first, the same as in feed documents."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import pytest_asyncio
from support.api_server import Client, get, local, pages, served, titles
from support.editable_sites import EditableSite
from yarl import URL

from syndicate.api.cursor_key import CursorKey
from syndicate.api.cursors import CursorCodec


@pytest_asyncio.fixture
async def client(site: EditableSite) -> AsyncIterator[Client]:
    site.settings["topics"] = {"One": {"aliases": ["First"]}}
    site.settings["site"]["language"] = "en"
    site.settings["feeds"]["formats"] = ["json"]
    site.settings["feeds"]["limit"] = 50
    site.record("a.md", title="Alpha", date="2026-01-01", topics=["One"], quality=10, heat=5, excerpt="Crème brûlée")
    site.record("b.md", title="Beta", date="2026-01-02", topics=["one", "Two"], quality=50, provider="The Post")
    site.record(
        "c.md", title="Gamma", date="2026-01-03", topics=["C++", "Solid-state Cells"], quality=90, language="en-GB"
    )
    site.record("d.md", title="Delta ray", date="2026-01-03", topics=["Two"], language="de", type="Video")
    site.build()
    async with served(site) as client:
        yield client


ALL = ["Delta ray", "Gamma", "Beta", "Alpha"]
QUERIES = [
    ("", ALL),
    ("topic=One", ["Beta", "Alpha"]),
    ("topic=FIRST", ["Beta", "Alpha"]),
    ("topic=solid--state-cells", ["Gamma"]),
    ("topic=c_z3nrxld67tl5w", ["Gamma"]),
    ("topic=two&topic=C%2B%2B", ["Delta ray", "Gamma", "Beta"]),
    ("topic=two&topic=one&match=any", ["Delta ray", "Beta", "Alpha"]),
    ("topic=two&topic=one&match=all", ["Beta"]),
    ("topic=one&topic=first&match=all", ["Beta", "Alpha"]),
    ("match=all", ALL),
    ("provider=the%20post", ["Beta"]),
    ("type=video", ["Delta ray"]),
    ("language=en", ["Gamma", "Beta", "Alpha"]),
    ("language=EN-gb", ["Gamma"]),
    ("language=e", []),
    ("min_quality=50", ["Gamma", "Beta"]),
    ("min_heat=5", ["Alpha"]),
    ("min_quality=-1&min_heat=6", []),
    ("published_after=2026-01-02T00:00:00Z", ["Delta ray", "Gamma"]),
    ("published_after=2026-01-01T23:59:59.5Z&published_before=2026-01-03T01:00:00%2B01:00", ["Beta"]),
    ("q=gamma", ["Gamma"]),
    ("q=creme%20alpha", ["Alpha"]),
    ("q=alpha%20beta", []),
    ("q=ray%20OR%20alpha", []),
    ("q=%22delta", ["Delta ray"]),
    ("q=!!", []),
    ("q=title:x*", []),
    ("q=%00alpha", ["Alpha"]),
    ("q=ray&topic=two&min_quality=1", []),
    ("limit=500", ALL),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_query_returns_matching_entries_newest_first(client: Client, query: str, expected: list[str]) -> None:
    assert titles(await get(client, f"/entries?{query}")) == expected
    more = f"&{query}" if query and "limit" not in query else ""
    assert titles(*await pages(client, f"/entries?limit=1{more}")) == expected
    walked = await pages(client, f"/entries?since={more}")
    assert sorted(titles(*walked)) == sorted(expected)
    walked = await pages(client, f"/entries?since=&limit=1{more}")
    assert sorted(titles(*walked)) == sorted(expected)
    assert "deleted" not in walked[0]["_syndicate"]


async def test_unknown_topic_is_an_error_that_names_a_similar_one(client: Client) -> None:
    problem = await get(client, "/entries?topic=One&topic=Solid%20state%20cell", status=400)
    (error,) = problem["errors"]
    assert error["parameter"] == "topic"
    assert error["detail"] == "no entry has the topic 'Solid state cell'; did you mean 'solid-state cells'?"
    problem = await get(client, "/entries?since=&topic=Chess", status=400)
    assert problem["errors"][0]["detail"] == "no entry has the topic 'Chess'"


async def test_topic_of_the_configuration_may_wait_for_its_first_entry(site: EditableSite) -> None:
    site.settings["topics"] = {"Later": {"slug": "l8r"}}
    site.build()
    async with served(site) as client:
        assert titles(await get(client, "/entries?topic=later")) == []
        assert titles(await get(client, "/entries?topic=l8r")) == []


async def test_deletion_of_the_last_entry_of_a_topic_reaches_those_who_follow_it(
    client: Client, site: EditableSite
) -> None:
    first = await get(client, "/entries?topic=solid--state-cells")
    (site.folder / "corpus/c.md").unlink()
    site.build()
    site.build()
    changes = await get(client, f"/entries?topic=solid--state-cells&since={first['_syndicate']['since']}")
    assert len(changes["_syndicate"]["deleted"]) == 1


INVALID = [
    ("limit=0", "limit"),
    ("limit=501", "limit"),
    ("limit=1.0", "limit"),
    ("limit=1_0", "limit"),
    ("limit=+5", "limit"),
    ("limit=", "limit"),
    ("limit=5&limit=6", "limit"),
    ("min_quality=high", "min_quality"),
    ("min_heat=99999999999", "min_heat"),
    ("match=some", "match"),
    ("topic=", "topic"),
    ("topic=" + "x" * 201, "topic"),
    ("&".join(f"topic={n}" for n in range(21)), "topic"),
    ("language=e_n", "language"),
    ("published_after=2026-01-01", "published_after"),
    ("published_after=1767225600", "published_after"),
    ("published_after=2026-13-01T00:00:00Z", "published_after"),
    ("published_before=2026-01-01T00:00:00", "published_before"),
    ("q=", "q"),
    ("cursor=", "cursor"),
    ("cursor=x", "cursor"),
    ("cursor=%C3%A9", "cursor"),
    ("since=W10", "since"),
    ("since=!", "since"),
    ("since=&cursor=x", "cursor"),
    ("cursr=x", "cursr"),
    ("Topic=One", "Topic"),
]


@pytest.mark.parametrize(("query", "parameter"), INVALID)
async def test_invalid_parameter_is_named(client: Client, query: str, parameter: str) -> None:
    problem = await get(client, f"/entries?{query}", status=400)
    assert {error["parameter"] for error in problem["errors"]} == {parameter}
    assert problem["title"] == "Bad Request"
    assert parameter in problem["detail"]
    assert "pydantic" not in json.dumps(problem)


async def test_all_invalid_parameters_are_reported_at_once(client: Client) -> None:
    problem = await get(client, "/entries?limit=x&match=y&z=1", status=400)
    assert {error["parameter"] for error in problem["errors"]} == {"limit", "match", "z"}


async def test_entry_is_the_same_as_in_documents(client: Client, site: EditableSite) -> None:
    page = await get(client, "/entries")
    document = json.loads((site.output / "all/feed.json").read_bytes())
    assert page["items"] == document["items"]
    assert page["version"] == document["version"]


async def test_catalogue_has_every_feed(client: Client, site: EditableSite) -> None:
    catalogue = await get(client, "/feeds")
    document = json.loads((site.output / "catalog.json").read_bytes())
    assert [item["_syndicate"]["slug"] for item in catalogue["items"]] == [feed["slug"] for feed in document]
    topics = [item for item in catalogue["items"] if item["_syndicate"]["dimension"] == "topics"]
    for item in topics:
        path = str(local(item["_syndicate"]["entries_url"])).removeprefix("/api/v1")
        assert len((await get(client, path))["items"]) == item["_syndicate"]["entries"]
    assert (await get(client, "/feeds?x=1", status=400))["errors"][0]["parameter"] == "x"


async def test_pages_neither_repeat_nor_skip_entries_while_others_arrive(client: Client, site: EditableSite) -> None:
    first = await get(client, "/entries?limit=2")
    site.record("new.md", title="Newer", date="2026-02-01")
    site.record("tie.md", title="As old as the last shown", date="2026-01-03")
    (site.folder / "corpus/c.md").unlink()  # the last entry of the first page
    site.build()
    second = await get(client, str(local(first["next_url"])).removeprefix("/api/v1"))
    assert titles(first, second)[:2] == ["Delta ray", "Gamma"]
    assert titles(second)[-2:] == ["Beta", "Alpha"]
    assert len(set(titles(first, second))) == len(titles(first, second))
    later = await pages(client, f"/entries?since={second['_syndicate']['since']}")
    assert set(titles(*later)) == {"Newer", "As old as the last shown"}
    assert [one["id"] for one in later[0]["_syndicate"]["deleted"]] == ["tag:f.example,2026:c.md"]


async def test_cursor_of_another_query_is_invalid(client: Client) -> None:
    page = await get(client, "/entries?limit=1")
    cursor = URL(page["next_url"]).query["cursor"]
    for name, value in (("cursor", cursor), ("since", page["_syndicate"]["since"])):
        problem = await get(client, f"/entries?topic=One&{name}={value}", status=400)
        assert problem["errors"] == [{"parameter": name, "detail": "belongs to a query with other parameters"}]
        await get(client, f"/entries?limit=2&{name}={value}")


async def test_cursor_of_a_lost_log_is_expired(client: Client, site: EditableSite) -> None:
    since = (await get(client, "/entries"))["_syndicate"]["since"]
    codec = CursorCodec(CursorKey(str(site.state)))
    ahead = codec.encode(codec.decode_change_cursor(since)._replace(seq=99))
    assert "start again" in (await get(client, f"/entries?since={ahead}", status=410))["detail"]
    for name in os.listdir(site.state):
        if name.startswith("index.db"):
            os.unlink(site.state / name)
    await get(client, "/entries", status=503)
    site.build()
    assert "start again" in (await get(client, f"/entries?since={since}", status=410))["detail"]
    assert len((await get(client, "/entries"))["items"]) == 4


async def test_unchanged_document_is_304(client: Client, site: EditableSite) -> None:
    for path in ("/entries?topic=One", "/entries?since=", "/feeds"):
        async with client.get(f"/api/v1{path}") as response:
            etag = response.headers["ETag"]
            assert response.headers["Cache-Control"].startswith("public")
        async with client.get(f"/api/v1{path}", headers={"If-None-Match": f'"x", {etag}'}) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert response.headers["ETag"] == etag
        async with client.head(f"/api/v1{path}") as response:
            assert (response.status, response.headers["ETag"]) == (200, etag)
        site.record(f"{len(path)}.md", title=path)
        site.build()
        async with client.get(f"/api/v1{path}", headers={"If-None-Match": etag}) as response:
            assert response.status == 200


async def test_unknown_path_and_method_are_problems(client: Client) -> None:
    assert (await get(client, "/nothing", status=404))["status"] == 404
    async with client.post("/api/v1/entries") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
        assert response.content_type == "application/problem+json"


async def test_api_does_not_exist_without_its_section(site: EditableSite) -> None:
    del site.settings["api"]
    site.build()
    async with served(site) as client, client.get("/api/v1/entries") as response:
        assert response.status == 404


async def test_index_without_a_change_log_is_503(site: EditableSite) -> None:
    api = site.settings.pop("api")
    site.record("a.md")
    site.build()
    site.settings["api"] = api
    async with served(site) as client:
        async with client.get("/api/v1/entries") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "30")
        site.build()
        assert titles(await get(client, "/entries")) == ["a.md"]


async def test_run_blocks_no_request_and_is_visible_after_its_commit(client: Client, site: EditableSite) -> None:
    with closing(sqlite3.connect(site.state / "index.db", isolation_level=None)) as run:
        run.execute("BEGIN IMMEDIATE")
        run.execute("DELETE FROM partner_entries WHERE id LIKE '%a.md'")
        run.execute("DELETE FROM partner_topics WHERE id LIKE '%a.md'")
        responses = await asyncio.gather(*(get(client, "/entries") for _ in range(20)))
        assert [titles(response) for response in responses] == [ALL] * 20
        run.execute("COMMIT")
    assert titles(await get(client, "/entries")) == ALL[:-1]
