"""Performs all checks of a site."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress

from ..config import Config
from ..config.bucket import is_bucket
from ..config.database import is_database
from ..delivery.mounts import read_mounts
from ..delivery.status import read_status
from ..errors import StoreError
from ..websub.client import open_client
from .clock import check_clock, is_synchronized
from .finding import Finding
from .folders import (
    check_disk,
    check_documents,
    check_partners,
    check_room,
    check_writable,
    measure_room,
    total_bytes,
)
from .network import Observation, check_copy, check_headers, check_hub, choose_documents
from .settings import BuiltSite, check_deliveries, check_environment, read_state
from .watching import check_watches, count_folders, read_limit

NETWORK_TIMEOUT_S = 10.0
_CONNECTIONS = 32


def examine(
    config: Config, environment: Mapping[str, str], network_timeout_s: float = NETWORK_TIMEOUT_S
) -> list[Finding]:
    """Return the findings of all checks. Those of the network take at most a given time, together."""
    now = time.time()
    state, site = read_state(config, now)
    findings = [state, *check_environment(config, environment), *_check_files(config, environment, site)]
    watched = [source.root for source in config.sources if not is_bucket(source.root)]
    limits = read_limit("max_user_watches"), read_limit("max_user_instances")
    findings.append(check_watches(count_folders(watched), *limits))
    with suppress(StoreError):
        findings += check_deliveries(read_status(config, now).diagnoses)
    observations = asyncio.run(_observe(config, site, now, network_timeout_s))
    times = [each.time for each in observations if each.time is not None]
    findings.append(check_clock(times, is_synchronized=is_synchronized()))
    # What is wrong with the whole server was found once for each document.
    return [*findings, *dict.fromkeys(finding for each in observations for finding in each.findings)]


def _check_files(config: Config, environment: Mapping[str, str], site: BuiltSite) -> list[Finding]:
    findings = [check_writable("output", config.output), check_writable("state", config.scratch)]
    if not is_database(config.state):
        findings.append(check_disk(config.state, read_mounts()))
    if site.documents:
        findings.append(check_documents(config, [(row.path, row.version) for row in site.documents]))
    if config.api is not None:
        findings.append(check_partners(config.api, environment))
    return [*findings, *_check_rooms(config, site)]


def _check_rooms(config: Config, site: BuiltSite) -> list[Finding]:
    """Check the room for a build from nothing: each document is staged beside its place, and the journal of the index
    may become as large as the index.
    """
    output_bytes = sum(row.size_bytes for row in site.documents)
    index_bytes = total_bytes(os.path.join(config.scratch, name) for name in ("index.db", "index.db-wal"))
    files = len(site.documents)
    output, state = measure_room(config.output), measure_room(config.scratch)
    if output.device == state.device:
        return [check_room("disk", config.output, output, output_bytes + index_bytes, files)]
    return [
        check_room("disk", config.output, output, output_bytes, files),
        check_room("disk", config.scratch, state, index_bytes, 4),
    ]


async def _observe(config: Config, site: BuiltSite, now: float, timeout_s: float) -> Sequence[Observation]:
    """Perform all checks of the network at once."""
    async with open_client(timeout_s, _CONNECTIONS) as client:
        rows = choose_documents(site.documents)
        checks = [
            _bounded(
                "public copy",
                config.site.url,
                timeout_s,
                check_copy(client, config, row, now - site.built_at, timeout_s),
            )
            for row in rows
        ]
        checks += [_bounded("headers", config.site.url, timeout_s, check_headers(client, config, row)) for row in rows]
        checks += [_bounded("hub", hub.url, timeout_s, check_hub(client, hub)) for hub in config.hubs]
        return await asyncio.gather(*checks)


async def _bounded(name: str, url: str, timeout_s: float, check: Coroutine[None, None, Observation]) -> Observation:
    try:
        async with asyncio.timeout(timeout_s):
            return await check
    except TimeoutError:
        text = f"{url} does not answer within {timeout_s:g} seconds"
        return Observation((Finding("error", name, text, "look whether its server works"),))
