"""Delivery of the outbox to hubs: once (push), or for the lifetime of a process (worker)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from ..config import Config, Hub
from ..errors import ConfigError, Problem
from ..progress import Progress, silent
from ..websub.ping import SecretHeader, parse_header
from .dispatcher import DeliverySummary, Dispatcher
from .session import OutboxSession


def push(config: Config, progress: Progress = silent) -> DeliverySummary:
    """Deliver due deliveries, once. Those to be retried stay in the outbox.

    Raises ConfigError if a hub's header is not in the environment, StoreError if the outbox cannot be used.
    """
    hubs = hubs_with_headers(config, os.environ)

    async def run() -> DeliverySummary:
        session = OutboxSession(config.state)
        try:
            return await Dispatcher(session, hubs, config.push, progress).drain()
        finally:
            await session.close()

    return asyncio.run(run())


def hubs_with_headers(config: Config, environment: Mapping[str, str]) -> list[tuple[Hub, SecretHeader | None]]:
    """Return the hubs with their secret headers. Raises ConfigError with each header that is missing or invalid."""
    hubs: list[tuple[Hub, SecretHeader | None]] = []
    problems: list[Problem] = []
    for hub in config.hubs:
        secret: SecretHeader | None = None
        if hub.header_env:
            try:
                secret = parse_header(environment.get(hub.header_env, ""))
            except ValueError as error:
                message = f"the header for {hub.url} {error}"
                problems.append(Problem(hub.header_env, 1, 1, "environment", message))
        hubs.append((hub, secret))
    if problems:
        raise ConfigError(problems)
    return hubs
