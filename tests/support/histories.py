"""The same edits for two sites, and builds on a cluster that a test interrupts."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from random import Random

from support.dask_clusters import DaskCluster
from support.editable_sites import EditableSite
from support.processes import wait_until

RECORDS = 120


def edit(site: EditableSite, number: int) -> None:
    """Makes the changes of one step of a history, the same for the same number."""
    chance = Random(number)
    site.now += timedelta(days=chance.choice([0, 1, 40]))
    for _ in range(chance.randint(1, 6)):
        name = f"{chance.randint(0, 12)}.md"
        path = site.folder / "corpus" / name
        if path.exists() and chance.random() < 0.3:
            path.unlink()
            continue
        topics = chance.sample(["One", "Two", "C++", "Äther"], chance.randint(0, 2))
        date = chance.choice(["2025-12-31", "2026-01-01", "2026-05-31", "2026-07-03"])
        site.record(name, title=f"{name} & <{number}>", topics=topics, date=date, body="Some *text*.\n" * number)


def fill(site: EditableSite, number: int) -> None:
    """Writes records, whose titles contain a number."""
    for one in range(RECORDS):
        date = f"2026-0{one % 5 + 1}-{one % 28 + 1:02}"
        site.record(f"{one}.md", title=f"{one} of {number}", date=date, topics=[f"T{one % 7}"], body="A *b* c.\n" * 50)


def wait_for_work(cluster: DaskCluster, building: subprocess.Popen[bytes]) -> None:
    """Waits until a worker reads records, or the build has ended."""
    wait_until(lambda: cluster.busy_workers() or building.poll() is not None)
