"""The time from a new document to its ping, of a worker beside the server that publishes the documents."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from support.deliveries import build, configure_hubs
from support.editable_sites import EditableSite
from support.hubs import ReceivedRequest, http_server, responds, wait_until
from support.sites import clean_environment
from support.web_servers import free_port


@asynccontextmanager
async def command(site: EditableSite, verb: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syndicate", verb, cwd=site.folder, env=clean_environment(),
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_ping_follows_its_document_within_half_a_second(site: EditableSite) -> None:
    """The verification finds the new document at its first looks, whatever the server needs to notice it."""
    port = free_port()
    received: list[tuple[str, float]] = []

    def record(ping: ReceivedRequest) -> object:
        received.append((ping.topic_url, time.time()))
        return responds()(ping)

    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(http_server(record))  # type: ignore[arg-type]
        url = f"http://127.0.0.1:{port}/"
        site.settings["site"]["url"] = url
        site.settings["serve"] = {"port": port}
        configure_hubs(site, hub, verify=True)
        await build(site)
        for verb in ("serve", "worker"):
            await stack.enter_async_context(command(site, verb))
        await wait_until(lambda: len(received) >= 3)
        document = site.output / "all/feed.atom"
        delays_s = []
        for number in range(7):
            before, count = document.stat().st_mtime_ns, len(received)
            temporary = site.folder / "a.new"
            os.rename(site.record("../a.new", title=f"Alpha {number}", topics=["One"]), temporary)
            os.replace(temporary, site.folder / "corpus" / "a.md")
            await wait_until(lambda count=count: f"{url}all/feed.atom" in [topic for topic, _ in received[count:]])  # type: ignore[misc]
            assert document.stat().st_mtime_ns > before
            pinged_at = next(at for topic, at in received[count:] if topic == f"{url}all/feed.atom")
            delays_s.append(pinged_at - document.stat().st_mtime_ns / 1e9)
    assert statistics.median(delays_s) < 0.5
