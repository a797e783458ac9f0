"""The watch over a corpus misses no change, whenever it happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

import pytest
from support.hubs import wait_until
from support.sites import SiteFolder

from syndicate.config import Source
from syndicate.delivery import corpus_watch
from syndicate.delivery.corpus_watch import CorpusWatch
from syndicate.delivery.polling import Snapshot, take_snapshot

CONFIG = """\
site: {title: T, url: "https://f.example/", home: "https://w.example/", id: "f.example,2026"}
corpus: [{path: corpus}]
worker: {poll: true}
"""


async def test_change_before_the_first_comparison_of_files_is_reported(
    site_folder: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_folder.configure(CONFIG)
    site_folder.put("a.md", "---\ntitle: A\n---\n")
    reports: list[frozenset[str] | None] = []
    first_report = threading.Event()
    is_late = threading.Event()

    def on_change(paths: frozenset[str] | None) -> None:
        reports.append(paths)
        first_report.set()

    def take_snapshot_late(sources: Iterable[Source]) -> Snapshot:
        if not is_late.is_set():
            first_report.wait(10)
            reports.clear()  # the build that follows this report has read the corpus: what changes now, it does not see
            is_late.set()
        return take_snapshot(sources)

    monkeypatch.setattr(corpus_watch, "take_snapshot", take_snapshot_late)
    stop = asyncio.Event()
    watch = asyncio.create_task(CorpusWatch(site_folder.load(), on_change).run(stop))
    try:
        await wait_until(is_late.is_set)
        await wait_until(lambda: reports)
    finally:
        stop.set()
        await watch
    assert reports[0] is None
