"""What tests of delivery do with a site: configure hubs, build, push, let time pass, read the outbox."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

from support.editable_sites import EditableSite
from support.hubs import LoopbackServer

from syndicate import config
from syndicate.delivery import push
from syndicate.delivery.dispatcher import DeliverySummary
from syndicate.delivery.session import read_outbox
from syndicate.delivery.transactions import read_breakers
from syndicate.store.outbox_rows import PendingDelivery
from syndicate.store.sqlite.outbox import SqliteOutbox as Outbox
from syndicate.websub.breaker import CircuitBreaker

BASE = "https://f.example/"
ALL, ONE, TWO = (f"{BASE}{folder}/feed.atom" for folder in ("all", "topics/one", "topics/two"))
DAY_S = 24 * 3600.0


def configure_hubs(site: EditableSite, *hubs: LoopbackServer | str | dict[str, Any], **settings: Any) -> None:
    """Configure these hubs and the settings of `push`."""
    site.settings["hubs"] = [hub.url if isinstance(hub, LoopbackServer) else hub for hub in hubs]
    site.settings["push"] = {**site.settings["push"], **settings}


async def build(site: EditableSite) -> None:
    await asyncio.to_thread(site.build)


async def push_site(site: EditableSite) -> DeliverySummary:
    """Run `syndicate push` in a thread, as the hubs run in this one."""
    return await asyncio.to_thread(push, config.load(str(site.configure())))


def pass_time(site: EditableSite, seconds: float) -> None:
    """Let time pass for the outbox, by moving all its times into the past."""
    with closing(sqlite3.connect(site.state / "index.db")) as sql, sql:
        columns = (
            "pending_since", "next_attempt_at", "acknowledged_at", "first_attempt_at", "first_check_at",
            "lease_expires_at", "last_attempt_at", "accepted_unverified_at",
        )  # fmt: skip
        sql.execute(f"UPDATE deliveries SET {', '.join(f'{name} = {name} - :s' for name in columns)}", {"s": seconds})
        sql.execute("UPDATE hubs SET open_until = open_until - :s, not_before = not_before - :s", {"s": seconds})


def pending(site: EditableSite) -> list[PendingDelivery]:
    return read_outbox(str(site.state), Outbox.pending)


def states(site: EditableSite) -> dict[str, str]:
    """Return the state of each pending delivery by topic URL."""
    return {row.topic_url: row.state for row in pending(site)}


def breaker(site: EditableSite, url: str) -> CircuitBreaker:
    return read_outbox(str(site.state), lambda outbox: read_breakers(outbox, [url])[url])


def add_topics(site: EditableSite, topics: int) -> int:
    """Add records of so many topics, and return the number of documents of the site."""
    for number in range(topics):
        site.record(f"many/{number}.md", title=f"Story {number}", topics=[f"Subject {number}"])
    return topics + 3
