"""Delivery of the outbox to hubs: once (push), or for the lifetime of a process (worker)."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..cdn.purger import Purger
from ..config import Config, Hub
from ..errors import ConfigError, Problem
from ..progress import Progress, silent
from ..websub.client import trusted_authorities
from ..websub.ping import Endpoint, SecretHeader, parse_header
from .dispatcher import DeliverySummary, Dispatcher
from .sender import HubTarget
from .session import OutboxSession


def push(config: Config, progress: Progress = silent) -> DeliverySummary:
    """Deliver due deliveries, once. Those to be retried stay in the outbox.

    SIGTERM and SIGINT let the pings in flight finish, record them, and then end the process as usual, by SystemExit or
    KeyboardInterrupt. A second one cancels them.

    Raises ConfigError if a hub's header is not in the environment, StoreError if the outbox cannot be used.
    """
    hubs = hubs_with_headers(config, os.environ)
    received: list[signal.Signals] = []

    async def run() -> DeliverySummary:
        stop = asyncio.Event()
        session = OutboxSession(config.state)
        try:
            with _stopped_by_signals(stop, received):
                return await Dispatcher(session, hubs, config.push, progress).drain(stop)
        finally:
            await session.close()

    try:
        summary = asyncio.run(run())
    except asyncio.CancelledError:
        if not received:
            raise
    if not received:
        return summary
    if received[0] == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + received[0])


@contextmanager
def _stopped_by_signals(stop: asyncio.Event, received: list[signal.Signals]) -> Iterator[None]:
    """Set an event when SIGTERM or SIGINT arrives, and cancel the current task when another one does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def handle(number: signal.Signals) -> None:
        received.append(number)
        if stop.is_set() and task:
            task.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def hubs_with_headers(config: Config, environment: Mapping[str, str]) -> list[HubTarget]:
    """Return the hubs with their secret headers and certificate authorities, and the caches with their tokens.

    Raises ConfigError with each secret that is missing or invalid, and each file of authorities that cannot be used.
    """
    hubs: list[HubTarget] = []
    problems: list[Problem] = []
    for hub in config.hubs:
        secret: SecretHeader | None = None
        authorities: ssl.SSLContext | None = None
        if hub.header_env:
            try:
                secret = parse_header(environment.get(hub.header_env, ""))
            except ValueError as error:
                message = f"the header for {hub.url} {error}"
                problems.append(Problem(hub.header_env, 1, 1, "environment", message))
        try:
            authorities = trusted_authorities(hub.ca_file)
        except OSError as error:
            message = f"the certificate authorities for {hub.url} cannot be read: {error.strerror or error}"
            problems.append(Problem(hub.ca_file, 1, 1, "ca_file", message))
        hubs.append(HubTarget(hub, Endpoint(hub.publish_url or hub.url, secret, authorities)))
    if config.cdns:
        from ..cdn.credentials import purgers

        hubs += [_cache_target(purger) for purger in purgers(config, environment, problems)]
    if problems:
        raise ConfigError(problems)
    return hubs


def _cache_target(purger: Purger) -> HubTarget:
    """Return a cache as a target of deliveries."""
    kind, target = purger.kind, purger.cdn.target
    hub = Hub(target, concurrency=kind.concurrency, batch=purger.batch)
    return HubTarget(hub, Endpoint(target), purger)
