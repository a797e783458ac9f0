"""Behind a real cache: a reader polls while builds, purges and kills go on, and a hub fetches what it is told of."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from lxml import etree
from support.bucket_sites import BucketSite
from support.hubs import ReceivedRequest, http_server
from support.object_services import ENVIRONMENT, ObjectService
from support.sites import clean_environment, run
from support.varnish import running_varnish

from syndicate.websub.verify import CODINGS

pytestmark = pytest.mark.bucket
CHANGES = 6


class Reader:
    """Polls documents through the cache from the index page on, and notes what is wrong."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self.url = url
        self.client = client
        self.faults: list[str] = []
        self.fetched = 0

    async def poll(self) -> None:
        chance = random.Random(0)
        while True:
            path = ""
            for _ in range(4):
                async with self.client.get(f"{self.url}{path}") as response:
                    content = await response.read()
                    if response.status != 200:
                        self.faults.append(f"{path}: {response.status}")
                        break
                self.fetched += 1
                if path.endswith((".rss", ".atom")):
                    try:
                        etree.fromstring(content)
                    except etree.XMLSyntaxError as error:
                        self.faults.append(f"{path}: {error}")
                links = re.findall(re.escape(self.url).encode() + rb"([^\s\"<>&']*)", content)
                links += [b"feeds.css"] if path == "" else []
                if not links:
                    break
                path = chance.choice(sorted(links)).decode()


async def publish(site: BucketSite) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syndicate", "publish", "-c", str(site.configure()),
        cwd=site.folder, env=clean_environment(ENVIRONMENT),
    )  # fmt: skip
    return await process.wait()


@pytest.mark.parametrize("by", ["url", "tag"])
async def test_hub_is_told_when_the_cache_has_the_new_bytes(
    seaweedfs: ObjectService, prefix: str, tmp_path: Path, by: str
) -> None:
    site = BucketSite(tmp_path / "site", seaweedfs, prefix)
    stale: list[str] = []
    pings = itertools.count()
    with running_varnish(seaweedfs, prefix, tmp_path) as url:
        async with aiohttp.ClientSession() as client:

            async def fetch_topic(ping: ReceivedRequest) -> web.Response:
                next(pings)
                path = ping.topic_url.removeprefix(url)
                built = await asyncio.to_thread(seaweedfs.request, "GET", prefix + path)
                for coding in CODINGS:
                    async with client.get(ping.topic_url, headers={"Accept-Encoding": coding}) as response:
                        if await response.read() != built.body:
                            stale.append(f"{path} ({coding})")
                return web.Response(status=202)

            async with http_server(fetch_topic) as hub:
                site.settings["site"]["url"] = url
                site.settings["hubs"] = [hub.url]
                site.settings["serve"] = {"max_age_s": 3600}
                site.settings["cdn"] = {"kind": "varnish", "url": url, "by": by}
                for number in range(4):
                    site.record(f"{number}.md", title=f"Story {number}", date=f"2026-0{number + 1}-01")
                assert await publish(site) == 0
                reader = Reader(url, client)
                polling = asyncio.create_task(reader.poll())
                for number in range(CHANGES):
                    site.record("0.md", title=f"Changed {number}", date="2026-05-09", topics=["One", f"New {number}"])
                    if number % 3 == 1:  # a build is killed on its way
                        site.now = datetime.now(UTC)
                        process = await asyncio.to_thread(site.start_build, ENVIRONMENT)
                        await asyncio.sleep(random.Random(number).uniform(0.3, 1.0))
                        process.kill()
                        await asyncio.to_thread(process.communicate)
                    before = next(pings)
                    assert await publish(site) == 0
                    ended = time.monotonic()
                    async with client.get(f"{url}all/feed.atom") as response:
                        assert f"Changed {number}".encode() in await response.read()
                    assert next(pings) > before + 1
                    assert time.monotonic() - ended < 2
                polling.cancel()
                shown = await asyncio.to_thread(run, "status", "-c", str(site.configure()), cwd=site.folder)
    assert stale == []
    assert reader.faults == []
    assert reader.fetched > 50
    assert "1 hub: delivers; 1 cache: is purged" in shown.stdout
