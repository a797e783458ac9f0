"""Delivery: what the outbox holds goes to the hubs, now (push), or for as long as the process lives (worker)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from ..config import Config, Hub
from ..errors import ConfigError, Problem
from ..progress import Progress, silent
from ..websub.ping import Header, header
from .dispatcher import Dispatcher, Tally
from .session import OutboxSession


def push(config: Config, progress: Progress = silent) -> Tally:
    """Tell the hubs what is due now, once, and end. What is to be tried again stays in the outbox.

    Raises ConfigError when a hub's header is not in the environment, OutputError when there is no outbox to be used.
    """
    hubs = addressed(config, os.environ)

    async def run() -> Tally:
        office = OutboxSession(config.state)
        try:
            return await Dispatcher(office, hubs, config.push, progress).drain()
        finally:
            await office.close()

    return asyncio.run(run())


def addressed(config: Config, environment: Mapping[str, str]) -> list[tuple[Hub, Header | None]]:
    """The hubs with their secrets. Raises ConfigError for each secret that is missing, or is no header."""
    hubs: list[tuple[Hub, Header | None]] = []
    faults: list[Problem] = []
    for hub in config.hubs:
        secret: Header | None = None
        if hub.header_env:
            try:
                secret = header(environment.get(hub.header_env, ""))
            except ValueError as error:
                message = f"the header for {hub.url}: {error}"
                faults.append(Problem(hub.header_env, 1, 1, "environment", message))
        hubs.append((hub, secret))
    if faults:
        raise ConfigError(faults)
    return hubs
