"""Measures delivery: 10,000 pings to a hub on loopback, compared with a plain loop of the same POSTs.

    python benchmarks/pings.py [--pings N] [--runs N] [--peers-dir DIR]

The hub runs in a process of its own and answers each POST with 202. `syndicate push` stores the state of every delivery
before and after its ping; the plain loop stores nothing. Pushl, if install-peers.sh installed it, fetches each feed to
discover its hub, so it is compared with `push.verify: true`, which fetches each feed, too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from measure import run_sampled

ROOT = Path(__file__).resolve().parents[1]
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
CONFIG = """\
site: {title: Bench, url: "https://feeds.example.org/", id: "feeds.example.org,2026"}
corpus: [{path: corpus}]
hubs: [{url: "%s", concurrency: 64}]
push: {verify: %s, concurrency: 64}
"""
FEED = """\
<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>%(self)s</id><title>F</title>
<updated>2026-01-01T00:00:00Z</updated><link rel="self" href="%(self)s"/><link rel="hub" href="%(hub)s"/></feed>
"""


def document(hub: str, topic: str) -> bytes:
    """Return the feed at a topic URL."""
    return (FEED % {"hub": hub, "self": topic}).encode()


class Hub(asyncio.Protocol):
    """A minimal HTTP server for requests of a known form, so that the hub is not the bottleneck."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            target = self.buffer.split(b" ", 2)[1].decode()
            answer = ANSWER if head.startswith(b"post") else self.feed(target)
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(answer)  # type: ignore[attr-defined]

    def feed(self, target: str) -> bytes:
        host = "http://{}:{}".format(*self.transport.get_extra_info("sockname"))
        body = document(f"{host}/", f"{host}{target}")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/atom+xml\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


async def serve() -> None:
    """Run the hub until killed. Prints its URL first."""
    server = await asyncio.get_running_loop().create_server(Hub, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


async def plain_loop(hub: str, pings: int, concurrency: int) -> None:
    """Send pings from some coroutines over one session, and store nothing."""
    import aiohttp

    topics = iter(topic_urls(pings))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:

        async def post() -> None:
            for topic in topics:
                body = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}).encode()
                async with session.post(hub, data=body, headers=headers) as response:
                    assert response.status == 202

        await asyncio.gather(*(post() for _ in range(concurrency)))


def topic_urls(pings: int, base: str = "https://feeds.example.org/") -> list[str]:
    return [f"{base}topics/topic-{number:05}/feed.atom" for number in range(pings)]


def prepare_site(site: Path, hub: str, pings: int, *, verify: bool) -> None:
    """Make a site whose outbox has this number of due deliveries."""
    from syndicate.store import open_store
    from syndicate.store.outbox_rows import TopicDocument

    (site / "config.yaml").write_text(CONFIG % (hub, str(verify).lower()))
    state = site / ".syndicate"
    for path in state.glob("*"):
        path.unlink()
    state.mkdir(exist_ok=True)
    documents = []
    for url in topic_urls(pings, hub):
        content = document(hub, url)
        documents.append(TopicDocument(url, url.removeprefix(hub), sha256(content).digest(), len(content)))
    with closing(open_store(str(state))) as store, store.write() as transaction:
        transaction.outbox.request_deliveries(documents, [hub], time.time())


@contextmanager
def hub_process() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, __file__, "--hub"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def measure_seconds(command: list[str], cwd: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, env=environment())
    return time.perf_counter() - started


def environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPATH": str(ROOT)}


PUSH = [sys.executable, "-m", "syndicate", "push", "--json"]


def measure(pings: int, runs: int, pushl: Path | None) -> None:
    ours: list[float] = []
    loops: dict[int, list[float]] = {32: [], 64: []}
    with tempfile.TemporaryDirectory() as temporary, hub_process() as hub:
        site = Path(temporary)
        (site / "corpus").mkdir()
        for run in range(runs + 1):  # the first one is a warm-up
            prepare_site(site, hub, pings, verify=False)
            taken = measure_seconds(PUSH, site)
            plains = {
                n: measure_seconds([sys.executable, __file__, "--plain", hub, str(pings), str(n)], site) for n in loops
            }
            if run:
                ours.append(taken)
                for n, seconds in plains.items():
                    loops[n].append(seconds)
                shown = ", ".join(f"{pings / s:,.0f}/s with {n} concurrent" for n, s in plains.items())
                print(f"run {run}: ours {pings / taken:,.0f}/s; plain {shown}", file=sys.stderr)
        peaks = []
        for size in (pings // 10, pings):
            prepare_site(site, hub, size, verify=False)
            peaks.append(run_sampled(PUSH, site, environment()).pss_kib / 1024)
        print_results(pings, ours, loops, peaks)
        if pushl:
            compare_with_pushl(site, hub, pushl, runs)


def print_results(pings: int, ours: list[float], loops: dict[int, list[float]], peaks: list[float]) -> None:
    fastest = min(loops, key=lambda n: statistics.median(loops[n]))
    ratio = statistics.median(own / plain for own, plain in zip(ours, loops[fastest], strict=True))
    print(f"| {pings:,} pings to a hub on loopback | wall time of the whole process | pings per second |")
    print("| --- | --- | --- |")
    median = statistics.median(ours)
    print(f"| `syndicate push` | {median:.2f} s | {pings / median:,.0f} |")
    for n, seconds in loops.items():
        median = statistics.median(seconds)
        print(f"| plain aiohttp loop, {n} concurrent, without state | {median:.2f} s | {pings / median:,.0f} |")
    verdict = "met" if ratio <= 2 else "**missed**"
    print(
        f"\n`syndicate push` takes {ratio:.2f} times as long as the faster loop, by pairs (goal: at most 2): {verdict}."
    )
    print(f"Peak memory: {peaks[0]:.0f} MiB with {pings // 10:,} pings, {peaks[1]:.0f} MiB with {pings:,}.\n")


def compare_with_pushl(site: Path, hub: str, pushl: Path, runs: int, feeds: int = 1000) -> None:
    """Let both fetch each feed and ping its hub."""
    ours: list[float] = []
    pushl_s: list[float] = []
    command = [str(pushl), "--max-connections", "64", "--max-per-host", "64", "-s", *topic_urls(feeds, hub)]
    for run in range(runs + 1):
        prepare_site(site, hub, feeds, verify=True)
        taken, other = measure_seconds(PUSH, site), measure_seconds(command, site)
        if run:
            ours.append(taken)
            pushl_s.append(other)
            print(f"run {run}: ours {taken:.2f} s, Pushl {other:.2f} s", file=sys.stderr)
    ratio = statistics.median(other / own for own, other in zip(ours, pushl_s, strict=True))
    print(f"| {feeds:,} feeds, each fetched, then its hub pinged | wall time |")
    print("| --- | --- |")
    print(f"| `syndicate push`, verify: true | {statistics.median(ours):.2f} s |")
    print(
        f"| Pushl, -s, 64 connections | {statistics.median(pushl_s):.2f} s"
        f" ({ratio:.1f} times as long as `syndicate push`, by pairs) |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pings", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers-dir", type=Path, default=Path(__file__).parent / ".peers", help="the folder of Pushl")
    parser.add_argument("--hub", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--plain", nargs=3, metavar=("HUB", "PINGS", "CONCURRENCY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hub:
        asyncio.run(serve())
    elif options.plain:
        hub, pings, concurrency = options.plain
        asyncio.run(plain_loop(hub, int(pings), int(concurrency)))
    else:
        pushl = options.peers_dir / "pushl" / "bin" / "pushl"
        if not pushl.exists():
            print(f"SKIPPED: Pushl is not installed in {options.peers_dir}: see install-peers.sh", file=sys.stderr)
        measure(options.pings, options.runs, pushl if pushl.exists() else None)


if __name__ == "__main__":
    main()
