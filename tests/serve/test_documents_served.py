"""The output tree over HTTP: header fields, conditional requests, removed and moved documents, attacks."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import shutil
from collections import Counter
from email.utils import parsedate_to_datetime
from hashlib import sha256
from random import Random

import brotli
import pytest
import zstandard
from aiohttp import web
from support.editable_sites import EditableSite
from support.running import age, parse_response, running, until_recorded

from syndicate.config import Config
from syndicate.serve.app import TREE

FEED = "/news/all/feed.rss"
DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.ZstdDecompressor().decompress}
HUBS = '<https://hub.example/>; rel="hub", <https://two.example/>; rel="hub"'
TYPES = {
    "all/feed.rss": "application/rss+xml; charset=utf-8",
    "all/feed.atom": "application/atom+xml; charset=utf-8",
    "all/feed.json": "application/feed+json",
    "feeds.opml": "text/x-opml; charset=utf-8",
    "catalog.json": "application/json",
    "index.html": "text/html; charset=utf-8",
    "topics/one/index.html": "text/html; charset=utf-8",
    "feeds.css": "text/css; charset=utf-8",
    "all/archive/2026-01/feed.rss": "application/rss+xml; charset=utf-8",
}


def uncompressed(editable_site: EditableSite) -> list[str]:
    paths = (
        path.relative_to(editable_site.output).as_posix() for path in editable_site.output.rglob("*") if path.is_file()
    )
    return sorted(path for path in paths if not path.endswith((".gz", ".br", ".syndicate-output")))


async def test_every_document_has_its_bytes_media_type_and_validators(site: EditableSite) -> None:
    site.build()
    age(site)
    async with running(site) as server:
        for path in uncompressed(site):
            content = (site.output / path).read_bytes()
            response = await server.request(f"/news/{path}")
            assert (response.status, response.body) == (200, content)
            assert response.one("Content-Length") == str(len(content))
            assert response.one("ETag") == f'"{sha256(content).hexdigest()[:32]}"'
            changed = parsedate_to_datetime(response.one("Last-Modified")).timestamp()
            assert changed == int((site.output / path).stat().st_mtime)
            assert response.one("Vary") == "Accept-Encoding"
            assert response.one("X-Content-Type-Options") == "nosniff"
            assert response.one("Access-Control-Allow-Origin") == "*"
            assert {"ETag", "Link", "Last-Modified"} <= set(response.one("Access-Control-Expose-Headers").split(", "))
            assert parsedate_to_datetime(response.one("Date"))
            head = await server.request(f"/news/{path}", "HEAD")
            assert (head.status, head.body) == (200, b"")
            assert {**head.headers, "date": []} == {**response.headers, "date": []}
        for path, media_type in TYPES.items():
            assert (await server.request(f"/news/{path}")).one("Content-Type") == media_type


async def test_only_archives_of_past_periods_have_the_long_cache_time(site: EditableSite) -> None:
    site.settings["serve"] = {"max_age_s": 7, "archive_max_age_s": 77}
    site.build()
    async with running(site) as server:
        for path in uncompressed(site):
            expected = 77 if "/archive/2026-01/" in path or "/archive/2026-02/" in path else 7
            if path.startswith("topics/two/archive/2026-02"):
                expected = 77
            response = await server.request(f"/news/{path}")
            assert response.one("Cache-Control") == f"public, max-age={expected}", path


async def test_feeds_link_to_hubs_and_themselves_and_archives_only_to_themselves(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        for path in uncompressed(site):
            headers = (await server.request(f"/news/{path}")).headers
            own = f'<https://f.example/news/{path}>; rel="self"'
            if "/archive/" in path:
                assert headers["link"] == [own]
            elif "/feed." in path:
                assert headers["link"] == [f"{HUBS}, {own}"]
            else:
                assert "link" not in headers


async def test_pages_are_served_at_their_folders_with_the_policy_that_they_state(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        for folder in ("", "all/", "topics/one/"):
            for encoding in ("", "gzip", "br"):
                response = await server.request(f"/news/{folder}", Accept_Encoding=encoding)
                stated = re.search(
                    rb'Content-Security-Policy" content="([^"]*)"', (site.output / folder / "index.html").read_bytes()
                )
                assert stated
                policy = response.one("Content-Security-Policy")
                assert policy == stated[1].decode().replace("&#39;", "'") + "; frame-ancestors 'none'"
                assert policy.startswith("default-src 'none'; style-src 'sha256-")
        moved = await server.request("/news/topics/one")
        assert (moved.status, moved.one("Location")) == (301, "/news/topics/one/")


# ------------------------------------------------------------------------------------------------------- conditions


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_304_for_either_validator_alone_and_for_both(method: str, site: EditableSite) -> None:
    site.build()
    age(site)
    async with running(site) as server:
        first = await server.request(FEED)
        etag, modified = first.one("ETag"), first.one("Last-Modified")
        for fields in (
            {"If_None_Match": etag},
            {"If_Modified_Since": modified},
            {"If_None_Match": etag, "If_Modified_Since": modified},
            {"If_None_Match": f"W/{etag}"},
            {"If_None_Match": f'"x", {etag}'},
            {"If_None_Match": "*"},
        ):
            response = await server.request(FEED, method, **fields)
            assert (response.status, response.body) == (304, b"")
            for name in ("ETag", "Last-Modified", "Cache-Control", "Vary", "Link", "Access-Control-Allow-Origin"):
                assert response.one(name) == first.one(name)
            assert response.one("Access-Control-Expose-Headers")
            assert "content-type" not in response.headers
        assert (await server.request(FEED, method, If_None_Match='"x"', If_Modified_Since=modified)).status == 200
        assert (await server.request(FEED, method, If_Match='"x"')).status == 412
        assert (
            await server.request(FEED, method, If_Match=etag, If_Unmodified_Since="Thu, 01 Jan 1970 00:00:00 GMT")
        ).status == 200
        assert (
            await server.request(FEED, "POST", If_None_Match=etag)
        ).status == 405  # conditions apply to responses that would be 2xx


async def test_entity_tags_may_be_on_several_lines(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        etag = (await server.request(FEED)).one("ETag")
        lines = [("If-None-Match", '"x"'), ("If-None-Match", etag)]
        assert (await server.request_lines(FEED, "GET", lines)).status == 304


async def test_byte_ranges(site: EditableSite) -> None:
    site.build()
    age(site)
    content = (site.output / "all/feed.rss").read_bytes()
    size = len(content)
    async with running(site) as server:
        for field, start, stop in (("bytes=0-9", 0, 10), ("bytes=5-", 5, size), ("bytes=-7", size - 7, size)):
            response = await server.request(FEED, Range=field)
            assert (response.status, response.body) == (206, content[start:stop])
            assert response.one("Content-Range") == f"bytes {start}-{stop - 1}/{size}"
            assert response.one("Content-Length") == str(stop - start)
        past_end = await server.request(FEED, Range=f"bytes={size}-")
        assert (past_end.status, past_end.one("Content-Range")) == (416, f"bytes */{size}")
        first = await server.request(FEED)
        for validator in (first.one("ETag"), first.one("Last-Modified")):
            assert (await server.request(FEED, Range="bytes=0-0", If_Range=validator)).status == 206
        assert (await server.request(FEED, Range="bytes=0-0", If_Range='"x"')).status == 200
        compressed = await server.request(FEED, Range="bytes=0-1", Accept_Encoding="gzip")
        assert (compressed.status, compressed.body) == (206, b"\x1f\x8b")
        assert (
            await server.request(FEED, Range="bytes=0-1", Accept_Encoding="gzip", If_Range=first.one("ETag"))
        ).status == 200


async def test_validators_stay_while_the_bytes_stay(site: EditableSite) -> None:
    site.build()
    age(site)
    async with running(site) as server:
        first = await server.request(FEED)
        built_s = server.app[TREE].catalog.built_s
        await until_recorded(site)  # a server that writes to the state folder would be in the way
        shutil.rmtree(site.state)
        site.build(full=True)
        await server.until_documents(built_s)
        again = await server.request(FEED)
        assert again.headers | {"date": []} == first.headers | {"date": []}


async def test_last_modified_is_absent_in_the_second_of_the_change(site: EditableSite) -> None:
    site.build()
    age(site, -30)  # as if the clocks of two hosts differed
    async with running(site) as server:
        response = await server.request(FEED)
        assert "last-modified" not in response.headers
        assert (await server.request(FEED, If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT")).status == 200
        assert (await server.request(FEED, If_None_Match=response.one("ETag"))).status == 304


# -------------------------------------------------------------------------------------------------------- encodings


@pytest.mark.parametrize(("encoding", "suffix"), [("gzip", "-gz"), ("br", "-br")])
async def test_compressed_files_are_served_with_their_own_tags(encoding: str, suffix: str, site: EditableSite) -> None:
    site.build()
    age(site)
    async with running(site) as server:
        for path in uncompressed(site):
            whole = await server.request(f"/news/{path}")
            compressed = await server.request(f"/news/{path}", Accept_Encoding=encoding)
            file = site.output / f"{path}.{suffix[1:]}"
            assert file.exists() == ("content-encoding" in compressed.headers)
            if not file.exists():
                continue
            assert compressed.body == file.read_bytes()
            unpacked = gzip.decompress(compressed.body) if encoding == "gzip" else brotli.decompress(compressed.body)
            assert unpacked == whole.body
            tag = compressed.one("ETag")
            assert tag == whole.one("ETag")[:-1] + suffix + '"'
            assert (await server.request(f"/news/{path}", Accept_Encoding=encoding, If_None_Match=tag)).status == 304
            assert (
                await server.request(f"/news/{path}", Accept_Encoding=encoding, If_None_Match=whole.one("ETag"))
            ).status == 200
            assert (await server.request(f"/news/{path}", If_None_Match=tag)).status == 200
            assert compressed.one("Vary") == whole.one("Vary") == "Accept-Encoding"


async def test_documents_without_compressed_files_are_compressed_in_every_coding(site: EditableSite) -> None:
    site.settings["precompress"] = False
    site.build()
    age(site)
    async with running(site) as server:
        for path in ("all/feed.rss", "all/feed.json", "index.html", "feeds.opml"):
            whole = await server.request(f"/news/{path}")
            assert whole.one("ETag").endswith('"')
            tags = {whole.one("ETag")}
            for encoding, decode in DECODERS.items():
                response = await server.request(f"/news/{path}", Accept_Encoding=encoding)
                assert response.one("Content-Encoding") == encoding
                assert decode(response.body) == whole.body
                assert len(response.body) < len(whole.body)
                assert response.one("Content-Length") == str(len(response.body))
                for name in ("Content-Type", "Last-Modified", "Cache-Control", "Vary"):
                    assert response.one(name) == whole.one(name)
                assert response.headers.get("content-security-policy") == whole.headers.get("content-security-policy")
                tag = response.one("ETag")
                tags.add(tag)
                same = await server.request(f"/news/{path}", Accept_Encoding=encoding, If_None_Match=tag)
                assert (same.status, same.one("ETag")) == (304, tag)
                part = await server.request(f"/news/{path}", Accept_Encoding=encoding, Range="bytes=5-9", If_Range=tag)
                assert (part.status, part.body) == (206, response.body[5:10])
            assert len(tags) == 4


async def test_coding_has_the_same_bytes_and_tag_whether_or_not_a_build_compressed(site: EditableSite) -> None:
    async def coded() -> list[tuple[str, bytes]]:
        site.build()
        async with running(site) as server:
            responses = [await server.request(FEED, Accept_Encoding=encoding) for encoding in ("gzip", "br")]
        return [(response.one("ETag"), response.body) for response in responses]

    with_files = await coded()
    site.settings["precompress"] = False
    assert await coded() == with_files


async def test_new_version_is_compressed_anew(site: EditableSite) -> None:
    site.settings["precompress"] = False
    site.build()
    async with running(site) as server:
        old = await server.request(FEED, Accept_Encoding="gzip")
        site.record("d.md", title="Delta", topics=["One"], date="2026-04-05")
        site.build()
        new = old
        while new.one("ETag") == old.one("ETag"):
            new = await server.request(FEED, Accept_Encoding="gzip")
        assert b"Delta" in gzip.decompress(new.body)


async def test_compressed_files_have_no_urls(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        for suffix in ("gz", "br"):
            assert (site.output / f"all/feed.rss.{suffix}").exists()
            assert (await server.request(f"{FEED}.{suffix}")).status == 404


# ---------------------------------------------------------------------------------------------- missing documents


async def test_removed_is_410_moved_is_301_unknown_is_404(site: EditableSite) -> None:
    site.settings["feeds"]["by"] = ["topics", "type"]
    for name in ("b.md", "c.md"):
        site.record(name, title=name, topics=["One"], type="two", date="2026-02-05")
    site.build()
    site.settings["feeds"]["by"] = ["topics"]
    site.settings["topics"] = {"One": {"slug": "first", "moved_from": ["one", "uno"]}}
    site.build()
    async with running(site) as server:
        for path in (
            "type/two/feed.rss",
            "type/two/",
            "type/two/index.html",
            "type/two",
            "type/two/archive/2026-02/feed.atom",
        ):
            gone = await server.request(f"/news/{path}")
            assert (gone.status, gone.problem()["status"], gone.problem()["title"]) == (410, 410, "Gone")
        for rest in ("/feed.rss", "/feed.json", "/", "/archive/2026-01/feed.atom"):
            for old in ("one", "uno"):
                moved = await server.request(f"/news/topics/{old}{rest}")
                assert (moved.status, moved.one("Location")) == (301, f"/news/topics/first{rest}")
                assert (await server.request(moved.one("Location"))).status == 200
        odd = await server.request("/news/topics/uno//x%0d%0aX:y?q")
        assert (odd.status, odd.one("Location")) == (301, "/news/topics/first//x%0D%0AX%3Ay")
        for path in ("/news/topics/three/feed.rss", "/news/nothing", "/", "/all/feed.rss", "/newsall/feed.rss"):
            assert (await server.request(path)).status == 404


async def test_feed_whose_last_entry_was_withdrawn_is_served_without_entries(site: EditableSite) -> None:
    site.build()
    for name in ("b.md", "c.md"):
        site.record(name, title=name, topics=["One"], date="2026-02-05")
    site.build()
    async with running(site) as server:
        for path in ("topics/two/feed.rss", "topics/two/feed.atom", "topics/two/feed.json", "topics/two/"):
            assert (await server.request(f"/news/{path}")).status == 200
        assert json.loads((await server.request("/news/topics/two/feed.json")).body)["items"] == []
        assert (await server.request("/news/topics/two/archive/2026-02/feed.atom")).status == 410


async def test_errors_are_html_for_browsers_and_problem_details_for_programs(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        page = await server.request("/news/<b>&x", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
        assert page.one("Content-Type") == "text/html; charset=utf-8"
        assert b"<h1>Not Found</h1>" in page.body
        assert page.one("Content-Security-Policy").startswith("default-src 'none'")
        problem = await server.request("/news/x", Accept="application/json")
        assert set(problem.problem()) == {"type", "title", "status", "detail"}
        for response in (page, problem):
            assert (response.status, response.one("Vary")) == (404, "Accept")
            assert response.one("Access-Control-Allow-Origin") == "*"
            assert response.one("Cache-Control") == "no-cache"
        assert (await server.request("/news/x", "HEAD")).body == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "BREW"])
async def test_other_methods_are_405(method: str, site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        response = await server.request(FEED, method)
        assert response.status in {405, 400}
        if response.status == 405:
            assert response.one("Allow") == "GET, HEAD, OPTIONS"
        assert b"<rss" not in response.body


async def test_preflight_request_allows_conditions(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        fields = {"Origin": "https://x.example", "Access_Control_Request_Method": "GET"}
        response = await server.request(FEED, "OPTIONS", **fields, Access_Control_Request_Headers="if-none-match")
        assert (response.status, response.one("Access-Control-Allow-Origin")) == (204, "*")
        assert "If-None-Match" in response.one("Access-Control-Allow-Headers")


async def test_before_the_first_build_the_status_is_503(site: EditableSite) -> None:
    async with running(site) as server:
        response = await server.request(FEED)
        assert (response.status, response.one("Retry-After")) == (503, "10")
        health = await server.request("/healthz")
        assert (health.status, json.loads(health.body)) == (503, {"status": "there is no index", "build_age_s": None})
        site.build()
        await server.until_documents(0)
        assert (await server.request(FEED)).status == 200
        assert (await server.request("/healthz")).status == 200


# ----------------------------------------------------------------------------------------------------------- attacks

SECRET = b"the secret beside the tree"
PATHS = [
    "/news/../secret", "/news/%2e%2e/secret", "/news/..%2fsecret", "/news/%2e%2e%2fsecret", "/news/..%5csecret",
    "/news/....//secret", "/news/all/../../secret", "/../secret", "//secret", "/news//secret", "/news/all/..;/secret",
    "/news/%252e%252e/secret", "/news/.%00./secret", "/news/secret%00.rss", "/news/%c0%ae%c0%ae/secret",
    "/news/link", "/news/folder/secret", "/news/all/feed.rss/../../link", "/news/.syndicate-output",
    "/news/config.yaml",
    "/news/%2fetc%2fpasswd", "file:///etc/passwd", "/etc/passwd", "/news/all/feed.rss%00", "/news/all%2ffeed.rss%2f",
    "/news/own.txt", "*", "/news/.syndicate/index.db", "/news/" + "a" * 3000, "/news/" + "../" * 500 + "secret",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_from_outside_the_tree_is_served(path: str, site: EditableSite) -> None:
    (site.folder / "secret").write_bytes(SECRET)
    site.build()
    (site.output / "own.txt").write_bytes(SECRET)
    os.symlink(site.folder / "secret", site.output / "link")
    os.symlink(site.folder, site.output / "folder")
    async with running(site) as server:
        for encoding in ("", "gzip"):
            response = await server.request(path, Accept_Encoding=encoding)
            assert response.status in {400, 404}
            assert SECRET not in response.body
            assert b"root:" not in response.body


_STARTS = ("/", "/news/", "/news/all/feed.rss", "/news/all", "/news/topics/one/")
_WORDS = """
/ /news/ .. . %2e %2f %00 all feed.rss topics one two \\ %5c ? # ; // % %zz index.html .gz *
%0d%0a x:1 @ ~ secret & = archive 2026-01
""".split()
_FIELDS = (
    ("Range", "bytes=0-1"), ("Range", "bytes=-"), ("If-None-Match", "*"), ("If-Modified-Since", "x"),
    ("If-Range", '"x"'), ("If-Match", '"x"'),
    ("Accept-Encoding", "br;q="), ("Accept-Encoding", "gzip"), ("Accept", "text/html"), ("Upgrade", "h2c"),
)  # fmt: skip


async def test_random_requests_get_valid_responses_without_secrets(site: EditableSite) -> None:
    (site.folder / "secret").write_bytes(SECRET)
    site.build()
    random = Random(1)
    statuses: Counter[int] = Counter()
    async with running(site) as server:

        async def send() -> None:
            path = "".join([random.choice(_STARTS), *random.choices(_WORDS, k=random.randint(0, 3))])
            method = random.choice(["GET", "GET", "HEAD", "POST", "OPTIONS", "TRACE"])
            response = await server.request_lines(path, method, random.sample(_FIELDS, random.randint(0, 4)))
            statuses[response.status] += 1
            assert SECRET not in response.body, path

        for _ in range(20):
            await asyncio.gather(*(send() for _ in range(50)))
    assert set(statuses) <= {200, 204, 206, 301, 304, 400, 404, 405, 412, 416}, statuses
    assert len(statuses) > 5


@pytest.mark.parametrize("linked", ["all/feed.rss", "all", "all/archive/2026-01"])
async def test_symbolic_link_in_place_of_a_document_or_folder_is_not_followed(linked: str, site: EditableSite) -> None:
    site.build()
    place = site.output / linked
    place.rename(site.folder / "elsewhere")
    os.symlink(site.folder / "elsewhere", place)
    async with running(site) as server:
        path = {"all": "all/feed.rss", "all/archive/2026-01": "all/archive/2026-01/feed.rss"}.get(linked, linked)
        assert (await server.request(f"/news/{path}")).status == 404


async def test_named_pipe_in_place_of_a_document_does_not_block(site: EditableSite) -> None:
    site.build()
    (site.output / "all/feed.rss").unlink()
    os.mkfifo(site.output / "all/feed.rss")
    async with running(site) as server:
        assert (await server.request(FEED)).status == 404


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /news/all/feed.rss HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /news/all/feed.rss HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"GET /news/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"\x00" * 1000 + b"\r\n\r\n",
        b"GET /news/ HTTP/9.9\r\n\r\n",
        b"POST /news/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["field", "line", "fields", "nul", "tls", "short", "nuls", "version", "two lengths"],
)
async def test_malformed_request_is_refused_and_the_server_continues(request_: bytes, site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        response = await server.raw(request_ if b"GET\r\n" in request_ else request_ + b"\r\n\r\n")
        assert b"<rss" not in response
        assert not response or response.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
        assert (await server.request(FEED)).status == 200


# ------------------------------------------------------------------------------------------- spelling of URLs


async def test_query_and_other_spellings_select_the_same_document(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        whole = (await server.request(FEED)).body
        for path in (f"{FEED}?utm_source=x", "/news/%61ll/feed.rss", f"{FEED}?", f"http://f.example{FEED}"):
            assert (await server.request(path)).body == whole


async def test_connections_persist_by_the_rules_of_each_http_version(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        request = b"GET /news/all/feed.rss HTTP/1.%d\r\nHost: x\r\n%b\r\n"
        old = parse_response(await server.raw(request % (0, b"")))
        assert (old.status, "connection" in old.headers) == (200, False)
        kept = await server.raw(request % (0, b"Connection: keep-alive\r\n") + request % (0, b""))
        assert kept.count(b"HTTP/1.1 200") == 2
        assert b"Connection: keep-alive" in kept
        piped = await server.raw(request % (1, b"") * 20 + request % (1, b"Connection: close\r\n"))
        assert piped.count(b"HTTP/1.1 200") == 21
        assert piped.count(b"Connection: close") == 1


# ------------------------------------------------------------------------------------------------- cache, added routes


async def test_internal_error_is_500_and_logged(site: EditableSite, capsys: pytest.CaptureFixture[str]) -> None:
    async def fail(request: web.Request) -> web.Response:
        raise LookupError("internal error")

    site.build()
    async with running(site, [lambda app, _: app.router.add_get("/error", fail) and None]) as server:
        assert (await server.request("/error")).status == 500
        await server.raw(b"no HTTP\r\n\r\n")
        response = await server.request(FEED, Connection="Upgrade", Upgrade="websocket")
        assert response.status == 200
    logged = capsys.readouterr().out
    assert logged.count("LookupError: internal error") == 1
    assert "no HTTP" not in logged


async def test_added_routes_take_precedence_over_the_tree(site: EditableSite) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=f"{len(request.app[TREE].catalog.documents) > 0} {request.query['q']}")

    def add_hello(app: web.Application, config: Config) -> None:
        app.router.add_get("/api/v1/hello", hello)

    site.build()
    async with running(site, [add_hello]) as server:
        assert (await server.request("/api/v1/hello?q=1")).body == b"True 1"
        assert (await server.request("/api/v1/other")).status == 404
        assert (await server.request(FEED)).status == 200


# ----------------------------------------------------------------------------------------------- health and metrics


async def test_health_depends_on_the_age_of_the_newest_build(site: EditableSite) -> None:
    site.settings["serve"] = {"stale_after_h": 0.0001}
    site.build()
    async with running(site) as server:
        await asyncio.sleep(0.5)
        stale = await server.request("/healthz")
        assert (stale.status, b'"stale"' in stale.body) == (503, True)
    site.settings["serve"] = {"stale_after_h": 0}
    async with running(site) as server:
        assert (await server.request("/healthz")).status == 200


async def test_metrics_count_responses_and_deliveries(site: EditableSite) -> None:
    site.build()
    async with running(site) as server:
        size = len((await server.request(FEED)).body)
        etag = (await server.request(FEED, "HEAD")).one("ETag")
        await server.request(FEED, If_None_Match=etag)
        await server.request("/news/nothing")
        response = await server.request("/metrics")
        assert response.one("Content-Type").startswith("text/plain; version=")
        metrics = dict(line.rsplit(" ", 1) for line in response.body.decode().splitlines() if not line.startswith("#"))
        assert metrics['syndicate_http_requests_total{kind="feed",status="200"}'] == "2.0"
        assert metrics['syndicate_http_requests_total{kind="feed",status="304"}'] == "1.0"
        assert metrics['syndicate_http_requests_total{kind="other",status="404"}'] == "1.0"
        assert float(metrics['syndicate_http_body_bytes_total{kind="feed"}']) == size
        assert round(float(metrics["syndicate_http_not_modified_ratio"]), 3) == 0.333
        assert float(metrics['syndicate_feed_age_seconds{feed="topics/one"}']) < 60
        assert float(metrics['syndicate_deliveries_due{hub="https://hub.example/"}']) > 0
        assert metrics['syndicate_deliveries_failed{hub="https://two.example/"}'] == "0.0"


async def test_folder_of_any_script_is_served_under_its_encoded_address(site: EditableSite) -> None:
    site.record("d.md", title="Delta", topics=["Überblick"], date="2026-04-05")
    site.settings["topics"] = {"Überblick": {"moved_from": ["früher"]}}
    site.build()
    encoded = "/news/topics/%C3%BCberblick/feed.atom"
    async with running(site) as server:
        for path in (encoded, "/news/topics/%c3%bcberblick/feed.atom", "/news/topics/%C3%BCberblick/"):
            assert (await server.request(path)).status == 200
        assert f'<https://f.example{encoded}>; rel="self"' in (await server.request(encoded)).one("Link")
        for former in ("fr%C3%BCher", "fr%c3%bcher"):
            moved = await server.request(f"/news/topics/{former}/feed.atom")
            assert (moved.status, moved.one("Location")) == (301, encoded)
