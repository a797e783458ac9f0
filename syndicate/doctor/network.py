"""Whether the site and its hubs can be reached. No ping is sent, and no secret."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from ..config import Config, Hub
from ..delivery.reasons import explain
from ..http.media_types import media_type
from ..store.rows import DocumentRow
from ..websub.client import environment_proxy, trusted_authorities
from ..websub.verify import PublicCopyVerifier
from .clock import ServerTime
from .finding import Finding, Level

_DEPLOYMENT_S = 3600.0  # for which a public copy may be older than the build
_MAX_REDIRECTS = 5
_LINK = re.compile(r"<([^>]*)>([^,]*)")
_RELATION = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)
_FAILED = (aiohttp.ClientError, OSError, ValueError)  # OSError includes timeouts


class Observation(NamedTuple):
    """What a request has found, and the time that the server states, if it does."""

    findings: tuple[Finding, ...]
    time: ServerTime | None = None


def choose_documents(documents: Sequence[DocumentRow]) -> list[DocumentRow]:
    """Return the document of each format that changed last: an old copy shows by it. Archives do not count."""
    newest: dict[str, DocumentRow] = {}
    for row in sorted(documents, key=lambda each: each.path):
        name = row.path.rpartition("/")[2]
        if row.period or not (name.startswith("feed.") or name == "index.html") or name.endswith((".gz", ".br")):
            continue
        if name not in newest or row.modified_at > newest[name].modified_at:
            newest[name] = row
    return [newest[name] for name in sorted(newest)]


async def check_copy(
    client: aiohttp.ClientSession, config: Config, row: DocumentRow, age_s: float, timeout_s: float
) -> Observation:
    """Check that the public copy of a document has the bytes that were built, `age_s` seconds ago."""
    url = public_url(config, row.path)
    verifier = PublicCopyVerifier(client, timeout_s)
    try:
        reason = await verifier.verify(url, row.digest, row.size_bytes)
    finally:
        await verifier.close()
    name = "public copy"
    if not reason:
        return Observation((Finding("ok", name, f"{url} is as it was built"),))
    if "cannot be fetched" in reason:
        advice = "correct site.url, or start the server (syndicate serve; syndicate headers nginx)"
        return Observation((Finding("error", name, f"{config.site.url}: {explain(url, None, reason)}", advice),))
    if "status" in reason:
        advice = "publish the output folder where site.url leads"
        return Observation((Finding("error", name, f"{url}: {reason.removeprefix('the public copy ')}", advice),))
    text = f"{url}: {reason.removeprefix('the public copy ')}"
    level: Level = "warning" if age_s < _DEPLOYMENT_S else "error"
    return Observation((Finding(level, name, text, "upload the output folder again, or purge the cache before it"),))


async def check_headers(client: aiohttp.ClientSession, config: Config, row: DocumentRow) -> Observation:
    """Check the media type of a document, and the `Link` of a feed (WebSub §4)."""
    url = public_url(config, row.path)
    address = URL(url, encoded=True)
    before = time.time()
    try:
        async with client.get(address, max_redirects=_MAX_REDIRECTS, proxy=environment_proxy(address)) as response:
            after = time.time()
            status, fields = response.status, response.headers
    except _FAILED:
        return Observation(())  # `check_copy` says why
    server_time = _server_time(address, fields, before, after)
    if status != 200:
        return Observation((), server_time)
    return Observation(tuple(inspect_headers(config, row.path, fields)), server_time)


def inspect_headers(config: Config, path: str, fields: CIMultiDictProxy[str]) -> list[Finding]:
    """Return what is to be said about the header fields of a document."""
    url, name = public_url(config, path), "headers"
    advice = "use what syndicate headers prints for nginx, caddy, apache or netlify"
    findings: list[Finding] = []
    expected, stated = media_type(path).essence, fields.get("Content-Type", "").partition(";")[0].strip().lower()
    if stated != expected:
        text = f"{url}: Content-Type is {stated or 'missing'}, and not {expected}"
        findings.append(Finding("warning", name, text, advice))
    if path.rpartition("/")[2].startswith("feed."):
        links = parse_links(fields.getall("Link", []))
        wanted = {("self", url), *(("hub", hub.url) for hub in config.hubs)}
        if config.hubs and not wanted <= links:
            missing = ", ".join(f'<{target}>; rel="{relation}"' for relation, target in sorted(wanted - links))
            findings.append(Finding("warning", name, f"{url}: Link lacks {missing}", advice))
    return findings or [Finding("ok", name, f"{url} is sent as {expected}")]


def parse_links(values: Sequence[str]) -> set[tuple[str, str]]:
    """Return relation and target of each link of `Link` fields (RFC 8288 §3)."""
    links: set[tuple[str, str]] = set()
    for match in _LINK.finditer(", ".join(values)):
        if relation := _RELATION.search(match[2]):
            links |= {(name.lower(), match[1]) for name in (relation[1] or relation[2] or "").split()}
    return links


async def check_hub(client: aiohttp.ClientSession, hub: Hub) -> Observation:
    """Check that a hub answers, by a GET request; only POST requests are pings."""
    name, url = "hub", hub.publish_url or hub.url
    address = URL(url, encoded=True)
    before = time.time()
    try:
        trust = trusted_authorities(hub.ca_file) or True
        async with client.get(address, allow_redirects=False, proxy=environment_proxy(address), ssl=trust) as response:
            status, fields, after = response.status, response.headers, time.time()
    except _FAILED as error:
        reason = explain(url, None, f"{type(error).__name__}: {error}")
        return Observation((Finding("error", name, f"{url}: {reason}", "correct hubs[].url; pings wait until then"),))
    server_time = _server_time(address, fields, before, after)
    if status in {404, 410}:
        found = Finding("warning", name, f"{url} answers {status}", "is this the address of a hub? correct hubs[].url")
    elif status >= 500:
        found = Finding("warning", name, f"{url} answers {status}", "pings wait until it works; see syndicate status")
    else:
        found = Finding("ok", name, f"{url} answers")
    return Observation((found,), server_time)


def public_url(config: Config, path: str) -> str:
    """Return the public address of a document; that of a page is its folder's."""
    return f"{config.site.url}{path.removesuffix('index.html')}"


def _server_time(url: URL, fields: CIMultiDictProxy[str], before: float, after: float) -> ServerTime | None:
    """Return the time of a server, unless a cache answered, whose `Date` is old (RFC 9111 §5.1)."""
    if "Date" not in fields or "Age" in fields:
        return None
    try:
        date = parsedate_to_datetime(fields["Date"]).timestamp()
    except ValueError:
        return None
    return ServerTime(url.host or "", date, before, after)
